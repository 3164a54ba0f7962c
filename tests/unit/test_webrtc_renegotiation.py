"""Further offers of one browser connection: what may change, what may not, ICE restarts, and how long they may take."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.model.errors import NotFoundError
from gateway.model.ids import Codec, LegId
from gateway.model.media import ConsentLost, IceConnected
from gateway.protocol.sdp import Fingerprint, NoCommonCodecError, SdpError, parse
from gateway.webrtc.edge import WebRtcEdge, WebRtcLeg, WebRtcLimits
from gateway.webrtc.leg import Loss
from gateway.webrtc.negotiation import Credentials, Negotiation
from tests.support.patience import PATIENCE_S
from tests.support.sdp_samples import sample
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser

OFFER = sample("chromium_audio")
UFRAG = next(parse(OFFER).media[0].all("ice-ufrag"))
PWD = next(parse(OFFER).media[0].all("ice-pwd"))
RESTART = OFFER.replace(UFRAG, "uFr2").replace(PWD, "another" * 4)
OURS = Fingerprint("sha-256", ":".join(["AB"] * 32))


def negotiation(*codecs: Codec) -> Negotiation:
    return Negotiation(
        Credentials.new(), candidates=[("192.0.2.1", 4000)], fingerprint=OURS, codecs=codecs or (Codec.OPUS, Codec.PCMA)
    )


def origin(sdp: str) -> tuple[str, str]:
    description = parse(sdp)
    return description.origin.session_id, description.origin.version


def test_the_same_offer_gets_the_same_answer():
    talk = negotiation()
    first = talk.answer(OFFER)
    assert talk.answer(OFFER) == first
    assert origin(first.sdp)[1] == "1"


def test_a_restart_gets_new_credentials_and_keeps_the_rest():
    talk = negotiation()
    first, before = talk.answer(OFFER), talk.credentials
    second = talk.answer(RESTART)
    assert talk.credentials.ufrag != before.ufrag
    assert talk.credentials.pwd != before.pwd
    assert second.peer.remote_ufrag == "uFr2"
    assert origin(second.sdp) == (origin(first.sdp)[0], "2")
    ours, theirs = parse(first.sdp), parse(second.sdp)
    for name in ("fingerprint", "setup", "candidate", "mid", "rtpmap"):
        assert list(ours.media[0].all(name)) == list(theirs.media[0].all(name))
    assert talk.answer(RESTART) == second


@pytest.mark.parametrize(
    ("direction", "send", "receive", "answered"),
    [
        ("sendonly", False, True, "recvonly"),
        ("recvonly", True, False, "sendonly"),
        ("inactive", False, False, "inactive"),
    ],
)
def test_a_hold_of_the_browser(direction: str, send: bool, receive: bool, answered: str):
    talk = negotiation()
    talk.answer(OFFER)
    before = talk.credentials
    answer = talk.answer(OFFER.replace("a=sendrecv", f"a={direction}"))
    assert (answer.peer.send, answer.peer.receive) == (send, receive)
    assert parse(answer.sdp).media[0].has(answered)
    assert talk.credentials == before
    resumed = talk.answer(OFFER)
    assert (resumed.peer.send, resumed.peer.receive) == (True, True)
    assert origin(resumed.sdp)[1] == "3"


def test_the_codec_in_use_stays_while_the_browser_has_it():
    talk = negotiation(Codec.PCMA, Codec.OPUS)
    assert talk.answer(OFFER).peer.codec is Codec.PCMA
    talk._codecs = (Codec.OPUS, Codec.PCMA)
    assert talk.answer(RESTART).peer.codec is Codec.PCMA
    without = talk.answer(OFFER.replace("PCMA/8000", "X-PCMA/8000"))
    assert without.peer.codec is Codec.OPUS


def test_what_would_be_another_connection_is_refused_and_changes_nothing():
    talk = negotiation()
    first = talk.answer(OFFER)
    before = talk.credentials
    fingerprint = next(parse(OFFER).media[0].all("fingerprint"))
    forged = RESTART.replace(fingerprint, "sha-256 " + ":".join(["CD"] * 32))
    with pytest.raises(SdpError, match="fingerprint"):
        talk.answer(forged)
    with pytest.raises(NoCommonCodecError):
        talk.answer(RESTART.replace("m=audio 9", "m=audio 0"))
    assert (talk.last, talk.credentials) == (first, before)
    assert talk.answer(RESTART).peer.remote_ufrag == "uFr2"


def test_sections_may_only_grow_and_the_audio_stays_where_it_is():
    talk = negotiation()
    both = sample("chromium_audio_video_data")
    talk.answer(both)
    audio_alone = both[: both.index("m=video")].replace("BUNDLE 0 1 2", "BUNDLE 0")
    with pytest.raises(SdpError, match="may only grow"):
        talk.answer(audio_alone)
    audio = both[both.index("m=audio") : both.index("m=video")]
    second_audio = both.replace("m=audio 9", "m=audio 0") + audio.replace("a=mid:0", "a=mid:9")
    with pytest.raises(SdpError, match="taken away"):
        talk.answer(second_audio)


# --- the edge ---------------------------------------------------------------------------------------------------------


class Stage:
    def __init__(self, restart_ms: int) -> None:
        self.plane = BrowserPlane()
        self.edge = WebRtcEdge(self.plane, limits=WebRtcLimits(connecting_max=1, restart_ms=restart_ms))
        self.browser = DtlsBrowser(self.plane)
        self.lost: asyncio.Future[Loss] = asyncio.get_running_loop().create_future()
        self.connected = asyncio.Event()
        self.leg = LegId(0)

    async def connect(self) -> WebRtcLeg:
        answer = await self.edge.answer(
            self.browser.offer, codecs=[Codec.OPUS], on_connected=self.connected.set, on_lost=self.lost.set_result
        )
        self.leg = answer.leg
        async with asyncio.timeout(PATIENCE_S):
            await self.browser.connect(answer.leg, answer.answer_sdp)
            await self.connected.wait()
        return answer

    @property
    def restart_offer(self) -> str:
        return self.browser.offer.replace(UFRAG, "uFr2").replace(PWD, "another" * 4)

    def silence(self) -> None:
        self.plane.report(ConsentLost(leg=self.leg))

    def back(self) -> None:
        self.plane.report(IceConnected(leg=self.leg, address="192.0.2.77", port=4711))


@pytest.fixture
async def make_stage() -> AsyncIterator[object]:
    stages: list[Stage] = []

    async def make(restart_ms: int) -> Stage:
        stages.append(Stage(restart_ms))
        await stages[-1].edge.start()
        await stages[-1].connect()
        return stages[-1]

    yield make
    for stage in stages:
        await stage.edge.stop()
        await stage.browser.close()
        assert stage.plane.open_legs == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_restart_reaches_the_plane_before_its_ufrag(make_stage):
    stage = await make_stage(60_000)
    answer = await stage.edge.renegotiate(stage.leg, stage.restart_offer)
    assert stage.plane.steps()[-2:] == ["restart_ice", "set_webrtc_peer"]
    ufrag, pwd = stage.plane.of(stage.leg, "restart_ice")[0][2:]
    assert f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n" in answer.answer_sdp
    assert stage.plane.legs[stage.leg].peer.remote_ufrag == "uFr2"
    assert len(stage.plane.of(stage.leg, "set_srtp_keys")) == 1


async def test_a_hold_is_no_restart(make_stage):
    stage = await make_stage(60_000)
    await stage.edge.renegotiate(stage.leg, stage.browser.offer.replace("a=sendrecv", "a=sendonly"))
    assert stage.plane.of(stage.leg, "restart_ice") == []
    assert stage.plane.legs[stage.leg].peer.send is False


async def test_a_browser_that_comes_back_keeps_its_leg(make_stage):
    stage = await make_stage(60_000)
    for _ in range(3):
        stage.silence()
        await stage.edge.renegotiate(stage.leg, stage.restart_offer)
        stage.back()
    stage.silence()
    stage.back()
    assert stage.edge.legs == 1
    assert not stage.lost.done()
    # A silent leg is no connecting one: strangers still find the one place for those.
    stage.silence()
    other = await stage.edge.answer(OFFER, codecs=[Codec.OPUS], on_connected=lambda: None, on_lost=lambda loss: None)
    stage.edge.close(other.leg)


async def test_a_browser_that_does_not_come_back_is_lost(make_stage):
    stage = await make_stage(50)
    stage.silence()
    async with asyncio.timeout(PATIENCE_S):
        assert await stage.lost is Loss.CONSENT_LOST
    with pytest.raises(NotFoundError):
        await stage.edge.renegotiate(stage.leg, stage.restart_offer)


async def test_without_patience_silence_is_the_end(make_stage):
    stage = await make_stage(0)
    stage.silence()
    async with asyncio.timeout(PATIENCE_S):
        assert await stage.lost is Loss.CONSENT_LOST


async def test_a_restart_begins_its_time_anew(make_stage):
    stage = await make_stage(60_000)
    stage.silence()
    leg = stage.edge._legs[stage.leg]
    first = leg.patience.when()
    await asyncio.sleep(0.002)
    await stage.edge.renegotiate(stage.leg, stage.restart_offer)
    assert leg.patience.when() > first


async def test_restarts_without_end_keep_no_silent_leg(make_stage):
    stage = await make_stage(50)
    stage.silence()
    restarts = 0
    async with asyncio.timeout(PATIENCE_S):
        while not stage.lost.done():
            offer = stage.browser.offer.replace(UFRAG, f"again{restarts}").replace(PWD, "another" * 4)
            with contextlib.suppress(NotFoundError):
                await stage.edge.renegotiate(stage.leg, offer)
            restarts += 1
            await asyncio.wait([stage.lost], timeout=0.02)
    assert stage.lost.result() is Loss.CONSENT_LOST
    # Coming back in between, the browser has all of its time again.
    back = await make_stage(60_000)
    back.silence()
    first = back.edge._legs[back.leg].patience_until
    back.back()
    await asyncio.sleep(0.002)
    back.silence()
    assert back.edge._legs[back.leg].patience_until > first


async def test_a_silent_leg_can_be_closed_and_can_say_goodbye(make_stage):
    stage = await make_stage(60_000)
    stage.silence()
    await stage.browser.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await stage.lost is Loss.GOODBYE
    closed = await make_stage(60_000)
    closed.silence()
    closed.edge.close(closed.leg)
    await closed.edge.stop()
    assert not closed.lost.done()
