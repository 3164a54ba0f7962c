"""SRTP with keys in the SDP (SDES), from real telephones into the real media plane: baresip, linphone and SIPp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.media import MediaPlane
from gateway.model.clock import SystemClock
from gateway.model.ids import LegId
from gateway.model.media import LegClosed, MediaEvent, MediaStarted
from gateway.sip.edge import SipEdge
from tests.support import baresip, linphone, sipp
from tests.support.fake_contacts import FakeCall, FakeContacts
from tests.support.media_world import write_tone
from tests.support.patience import PATIENCE_S
from tests.support.sip_world import sip_world
from tests.support.sipp_scenario import OFFER, Scenario
from tests.support.sound import level, read_wav

MUSIC_HZ = 1000
OPENERS_MAX = 4
"""Before the answer to each of its offers is there, baresip opens its NAT with a packet or two in clear.  With a wrong
key it would be all of them."""
KEY = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
"""RFC 4568's own example."""
SECURE = OFFER.replace("RTP/AVP", "RTP/SAVP").replace("a=ptime", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\na=ptime")


class Calls:
    """The SIP edge on a real media plane; each call hears a tone."""

    def __init__(self, plane: MediaPlane, edge: SipEdge, contacts: FakeContacts) -> None:
        self.plane, self.edge, self.contacts = plane, edge, contacts
        self.events: list[MediaEvent] = []
        self._news = asyncio.Event()

    async def answer(self, call: FakeCall) -> None:
        self.plane.listen(call.line.leg, self.hear)
        await call.line.answer()
        self.plane.play(call.line.leg, "tone", loop=True)

    def hear(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def event(self, leg: LegId, kind: type[MediaEvent]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := [e for e in self.events if e.leg == leg and isinstance(e, kind)]):
                self._news.clear()
                await self._news.wait()
        return found[0]


@asynccontextmanager
async def calls(folder: Path, **trunk: Any) -> AsyncIterator[Calls]:
    plane = MediaPlane(rtp_ports=(42000, 42999))
    plane.add_sound("tone", write_tone(folder / "tone.wav", MUSIC_HZ, 1000))
    plane.start(asyncio.get_running_loop())
    contacts = FakeContacts()
    edge = SipEdge(
        SipConfig(address="127.0.0.1", port=0),
        [TrunkConfig(name="loopback", networks=["127.0.0.1/32"], **trunk)],
        contacts,
        plane,
        LimitsConfig(),
        SystemClock(),
    )
    await edge.start()
    made = Calls(plane, edge, contacts)
    contacts.on_call = made.answer
    try:
        yield made
    finally:
        await edge.stop()
        await plane.close()


async def heard(folder: Path, pattern: str = "*-dec.wav") -> None:
    """The telephone's own recording has our tone: it could read what we encrypted."""
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(lambda: any(map(has_tone, folder.glob(pattern)))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def has_tone(path: Path) -> bool:
    if path.stat().st_size < 20_000 or b"data" not in path.read_bytes()[:200]:
        return False
    sound, rate = read_wav(path)
    return level(sound[-rate // 2 :], rate, MUSIC_HZ) > 0.05


@pytest.mark.parametrize(
    "mode",
    ["srtp-mand", pytest.param("srtp", marks=pytest.mark.soak), pytest.param("srtp-mandf", marks=pytest.mark.soak)],
)
async def test_baresip(tmp_path: Path, mode: str) -> None:
    async with (
        calls(tmp_path, srtp="optional" if mode == "srtp" else "required") as world,
        baresip.running(account=f";mediaenc={mode}", keep_sound=tmp_path, modules=("srtp",)) as phone,
    ):
        await phone.dial("100", world.edge.address)
        call = await world.contacts.call()
        await world.event(call.line.leg, MediaStarted)
        await heard(tmp_path)
        await phone.hang_up()
        closed: LegClosed = await world.event(call.line.leg, LegClosed)
        assert closed.statistics.packets_received > 10
        assert "replayed" not in closed.statistics.rejected_by
        assert closed.statistics.rejected_by.get("forged", 0) <= OPENERS_MAX


async def test_baresip_holds_and_resumes_without_a_new_key(tmp_path: Path) -> None:
    async with (
        calls(tmp_path, srtp="required") as world,
        baresip.running(account=";mediaenc=srtp-mand", keep_sound=tmp_path, modules=("srtp",)) as phone,
    ):
        await phone.dial("100", world.edge.address)
        call = await world.contacts.call()
        await world.event(call.line.leg, MediaStarted)
        await heard(tmp_path)
        await phone.command("hold")
        await phone.command("resume")
        before = world.plane.statistics()[0].packets_in
        async with asyncio.timeout(PATIENCE_S):
            while world.plane.statistics()[0].packets_in < before + 20:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        assert "failed to decrypt" not in phone.output()
        await phone.hang_up()
        closed: LegClosed = await world.event(call.line.leg, LegClosed)
        assert "replayed" not in closed.statistics.rejected_by
        assert closed.statistics.rejected_by.get("forged", 0) <= OPENERS_MAX


async def test_a_trunk_without_srtp_refuses_it_and_one_with_nothing_else_refuses_the_rest(tmp_path: Path) -> None:
    for srtp, account in (("no", ";mediaenc=srtp-mand"), ("required", "")):
        async with (
            calls(tmp_path, srtp=srtp) as world,
            baresip.running(account=account, modules=("srtp",)) as phone,
        ):
            await phone.command("dial", f"sip:100@127.0.0.1:{world.edge.address[1]}")
            assert "488" in (await phone.event("CALL_CLOSED"))["param"]


@pytest.mark.parametrize(
    "suite",
    [
        "AES_256_CM_HMAC_SHA1_80",
        *(
            pytest.param(suite, marks=pytest.mark.soak)
            for suite in ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_32")
        ),
    ],
)
async def test_linphone(tmp_path: Path, suite: str) -> None:
    microphone = write_tone(tmp_path / "microphone.wav", 440, 20_000)
    recorded = tmp_path / "heard-dec.wav"
    async with (
        # Its SDP names another address of this machine than the one it sends from.
        calls(tmp_path, srtp="required", nat=True) as world,
        linphone.running(microphone=microphone, encryption="srtp", mandatory=True, suites=suite) as phone,
    ):
        await phone.command(f"record {recorded}")
        await phone.call("100", world.edge.address)
        call = await world.contacts.call()
        await world.event(call.line.leg, MediaStarted)
        async with asyncio.timeout(PATIENCE_S):
            while not recorded.exists() or recorded.stat().st_size < 40_000:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        await phone.hang_up()
        closed: LegClosed = await world.event(call.line.leg, LegClosed)
        assert closed.statistics.packets_received > 20
        assert "replayed" not in closed.statistics.rejected_by
        await heard(tmp_path)


async def test_sipp_offers_and_answers_srtp() -> None:
    async with sip_world(trunk={"srtp": "optional"}) as world:
        scenario = Scenario("srtp").invite(SECURE).expect(200, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:").ack()
        await sipp.run(scenario.bye(), world.address)
        (peer,) = world.plane.peers(next(iter(world.plane.ports)))
        assert peer.srtp is not None
        assert peer.srtp.profile == "AES_CM_128_HMAC_SHA1_80"


async def test_sipp_answers_our_offer_with_one_of_its_lines() -> None:
    answer = SECURE.replace("a=crypto:1", "a=crypto:2")
    async with sip_world(trunk={"srtp": "required"}) as world:
        scenario = Scenario("late offer").invite(None).expect(200, "a=crypto:2 AES_CM_128_HMAC_SHA1_80").ack(answer)
        await sipp.run(scenario.bye(), world.address)
        (peer,) = world.plane.peers(next(iter(world.plane.ports)))
        assert peer.srtp is not None


async def test_a_re_invite_keeps_our_key_and_may_change_theirs() -> None:
    changed = SECURE.replace("WVNf", "AAAA")
    async with sip_world(trunk={"srtp": "optional"}) as world:
        scenario = Scenario("re-key").invite(SECURE).expect(200).ack().invite(SECURE).expect(200).ack()
        await sipp.run(scenario.invite(changed).expect(200).ack().invite(OFFER).expect(200).ack().bye(), world.address)
        keys = [peer.srtp for peer in world.plane.peers(next(iter(world.plane.ports)))]
    assert keys[0] == keys[1]
    assert keys[1] is not None
    assert keys[2] is not None
    assert keys[2].send == keys[1].send
    assert keys[2].receive != keys[1].receive
    assert keys[3] is None
