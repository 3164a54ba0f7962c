"""A call's life between session and dialog: every order in which answers, hang-ups and descriptions may come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.model.errors import PeerError
from gateway.model.events import EndCause
from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from gateway.protocol.sdp import NoCommonCodecError
from gateway.sip.line import SignallingError, SipLine
from gateway.sip.negotiation import Negotiation
from gateway.sip.states import OVER, TRANSITIONS, IllegalTransitionError, LineState, check_transition
from tests.support.fake_media import FakeMediaPlane

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 8\r\na=sendrecv\r\n"
)
HOLD = OFFER.replace("sendrecv", "sendonly")
ANSWER = OFFER.replace("RTP/AVP 0 8", "RTP/AVP 0")
G729 = OFFER.replace("RTP/AVP 0 8", "RTP/AVP 18")


class FakeSignalling:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.gone = False

    def accept(self, description: str | None) -> None:
        if self.gone:
            raise SignallingError("the dialog is over")
        self.sent.append(("200", description))

    def send_digit(self, digit: str, duration_ms: int) -> None:
        if self.gone:
            raise SignallingError("the dialog is over")
        self.sent.append((digit, duration_ms))

    def hang_up(self, code: int, reason: str, headers: dict[str, str]) -> None:
        if self.gone:
            raise SignallingError("the dialog is over")
        self.sent.append((code, headers))


class World:
    def __init__(self, *, offer: str | None = OFFER) -> None:
        self.plane = FakeMediaPlane()
        self.signalling = FakeSignalling()
        self.ended: list[EndCause] = []
        leg, address, port = self.plane.open_rtp_leg(lambda event: None)
        self.negotiation = Negotiation(address, port, session_id=7)
        if offer is not None:
            self.negotiation.answer(offer)
        self.line = SipLine(
            label="a call",
            signalling=self.signalling,
            plane=self.plane,
            leg=leg,
            negotiation=self.negotiation,
            ended=lambda line, cause: self.ended.append(cause),
        )

    @property
    def peers(self) -> list[RtpPeer]:
        return self.plane.peers(self.line.leg)


async def test_answered_and_ended_by_the_other_side() -> None:
    world = World()
    await world.line.answer()
    assert world.signalling.sent == [("200", None)]
    assert world.peers[0].codec is Codec.PCMU, "the caller's first that we have"
    assert world.line.codec is Codec.PCMU
    world.line.remote_acknowledged()
    assert world.line.state is LineState.ESTABLISHED
    world.line.remote_ended(200)
    assert world.ended == [EndCause.HUNG_UP]
    assert not world.plane.open_legs


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (EndCause.REJECTED, 488),
        (EndCause.FAILED, 500),
        (EndCause.SHUTDOWN, 503),
        (EndCause.HUNG_UP, 480),
        (EndCause.ABANDONED, 480),
    ],
)
def test_refused_before_the_answer(cause: EndCause, code: int) -> None:
    world = World()
    world.line.end(cause)
    world.line.end(cause)
    assert world.signalling.sent == [(code, {})]
    assert not world.plane.open_legs
    world.line.remote_ended(code)
    assert world.ended == [], "the session knows what it did itself"


async def test_cancelled_before_the_answer() -> None:
    world = World()
    world.line.remote_ended(487)
    assert world.ended == [EndCause.ABANDONED]
    with pytest.raises(PeerError):
        await world.line.answer()
    world.line.end(EndCause.HUNG_UP)
    assert world.signalling.sent == []


async def test_gone_at_the_moment_of_the_answer() -> None:
    """The dialog is over, but its callback has not come yet."""
    world = World()
    world.signalling.gone = True
    with pytest.raises(PeerError, match="went away"):
        await world.line.answer()
    world.line.remote_ended(487)
    assert world.ended == [EndCause.ABANDONED]
    assert not world.plane.open_legs


@pytest.mark.parametrize("code", [408, 481, 503])
async def test_vanished_after_the_answer(code: int) -> None:
    world = World()
    await world.line.answer()
    world.line.remote_ended(code)
    assert world.ended == [EndCause.CONNECTION_LOST]


async def test_offer_in_the_200_and_answer_in_the_ack() -> None:
    world = World(offer=None)
    answering = asyncio.create_task(world.line.answer())
    await asyncio.sleep(0)
    assert world.line.codec is Codec.PCMA
    (code, description), *_ = world.signalling.sent
    assert code == "200"
    assert "RTP/AVP 8 0 9 96 101 102" in description
    assert not answering.done()
    world.line.remote_answer(ANSWER)
    world.line.remote_acknowledged()
    await answering
    assert world.line.codec is Codec.PCMU
    assert [peer.port for peer in world.peers] == [4000]


@pytest.mark.parametrize("answer", [None, G729, "nonsense"])
async def test_late_answer_that_is_none(answer: str | None) -> None:
    world = World(offer=None)
    answering = asyncio.create_task(world.line.answer())
    await asyncio.sleep(0)
    if answer is not None:
        world.line.remote_answer(answer)
    world.line.remote_acknowledged()
    with pytest.raises(PeerError):
        await answering
    assert world.ended == [EndCause.REJECTED]
    assert world.signalling.sent[-1] == (488, {})
    assert not world.plane.open_legs


async def test_ended_while_waiting_for_the_late_answer() -> None:
    world = World(offer=None)
    answering = asyncio.create_task(world.line.answer())
    await asyncio.sleep(0)
    world.line.remote_ended(200)
    with pytest.raises(PeerError):
        await answering
    assert world.ended == [EndCause.HUNG_UP]


async def test_session_forgets_a_late_answer() -> None:
    """The task that answers is cancelled at shutdown; the ACK that comes then finds nobody waiting."""
    world = World(offer=None)
    answering = asyncio.create_task(world.line.answer())
    await asyncio.sleep(0)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    world.line.remote_answer(ANSWER)
    world.line.remote_acknowledged()
    world.line.remote_ended(200)
    assert not world.plane.open_legs


async def test_hold_and_a_bad_offer() -> None:
    world = World()
    await world.line.answer()
    world.line.remote_acknowledged()
    assert "a=recvonly" in world.line.remote_offer(HOLD)
    with pytest.raises(NoCommonCodecError):
        world.line.remote_offer(G729)
    assert [(peer.send, peer.receive) for peer in world.peers] == [(True, True), (False, True)]
    world.line.end(EndCause.HUNG_UP)
    world.line.remote_offer(OFFER)
    assert len(world.peers) == 2, "a closed leg is left alone"


def test_offer_before_the_answer_moves_no_media() -> None:
    """UPDATE in an early dialog (RFC 3311 5.1)."""
    world = World()
    world.line.remote_offer(HOLD)
    assert world.peers == []


def test_version_grows_with_changes_only() -> None:
    negotiation = Negotiation("192.0.2.1", 4000, session_id=7)
    first = negotiation.answer(OFFER)
    assert first.splitlines()[1].split()[1:3] == ["7", "1"]
    assert negotiation.answer(OFFER) == first
    with pytest.raises(NoCommonCodecError):
        negotiation.answer(G729)
    assert negotiation.answer(OFFER) == first
    assert negotiation.answer(HOLD).splitlines()[1].split()[1:3] == ["7", "2"]
    assert negotiation.offer().splitlines()[1].split()[1:3] == ["7", "3"]


def test_own_offer_in_a_call_begins_with_the_codec_in_use() -> None:
    negotiation = Negotiation("192.0.2.1", 4000, session_id=7)
    assert "RTP/AVP 8 0 9 96 101 102" in negotiation.offer()
    negotiation.accept(ANSWER)
    assert "RTP/AVP 0 8 9 96 101 102" in negotiation.offer()


def test_payload_types_keep_their_meaning_in_our_own_offers() -> None:
    """RFC 3264 8.3.2.  The other side offers telephone-events as 96, which would be our Opus, and Opus as 101."""
    theirs = OFFER.replace("RTP/AVP 0 8", "RTP/AVP 101 0 96 99") + (
        "a=rtpmap:101 opus/48000/2\r\na=rtpmap:96 telephone-event/8000\r\na=rtpmap:99 iLBC/8000\r\n"
    )
    negotiation = Negotiation("192.0.2.1", 4000, session_id=7)
    negotiation.answer(theirs)
    for formats in ("101 8 0 9 96 102", "0 8 9 101 96 102"):
        again = negotiation.offer()
        assert f"RTP/AVP {formats}\r\n" in again
        assert "a=rtpmap:101 opus/48000/2\r\n" in again
        assert "a=rtpmap:96 telephone-event/8000\r\n" in again
        negotiation.accept(ANSWER)


def test_a_payload_type_that_is_taken_is_replaced_by_a_free_one() -> None:
    taken = "".join(f"a=rtpmap:{number} iLBC/8000\r\n" for number in (96, 97, 101))
    negotiation = Negotiation("192.0.2.1", 4000, session_id=7)
    negotiation.answer(OFFER.replace("0 8", "0 96 97 101") + taken)
    again = negotiation.offer()
    assert "RTP/AVP 0 8 9 98 99 102\r\n" in again
    assert "a=rtpmap:98 opus/48000/2\r\na=fmtp:98 " in again
    assert "a=rtpmap:99 telephone-event/8000\r\n" in again


async def test_an_offer_of_another_family_is_refused_and_changes_nothing() -> None:
    world = World()
    await world.line.answer()
    local = world.negotiation.local
    with pytest.raises(NoCommonCodecError, match="2001:db8::9"):
        world.line.remote_offer(OFFER.replace("IP4 192.0.2.9", "IP6 2001:db8::9"))
    assert world.negotiation.local == local
    assert [peer.address for peer in world.peers] == ["192.0.2.9"]


async def test_a_hold_may_name_nowhere_in_either_family() -> None:
    world = World()
    await world.line.answer()
    assert "a=recvonly" in world.line.remote_offer(OFFER.replace("IP4 192.0.2.9", "IP6 ::"))
    assert (world.peers[-1].address, world.peers[-1].send) == ("0.0.0.0", False)


def test_transition_table() -> None:
    assert set(TRANSITIONS) == set(LineState)
    for old in LineState:
        for new in LineState:
            if new in TRANSITIONS[old]:
                check_transition(old, new)
            else:
                with pytest.raises(IllegalTransitionError):
                    check_transition(old, new)
        assert old is LineState.ENDED or LineState.ENDED in TRANSITIONS[old], "a call can always end"


class AnyOrder(RuleBasedStateMachine):
    """Whatever comes in whatever order: the leg is closed once, the session told once and only of the other's end."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.ended_by_us = False

    @property
    def line(self) -> SipLine:
        return self.world.line

    @rule()
    def answer(self) -> None:
        # Not delayed, so it runs to its end without an event loop.
        coroutine = self.line.answer()
        try:
            coroutine.send(None)
        except StopIteration:
            pass
        except PeerError:
            assert self.line.state is not LineState.INVITED or self.world.signalling.gone

    @rule(cause=st.sampled_from(EndCause))
    def end(self, cause: EndCause) -> None:
        self.ended_by_us = self.ended_by_us or self.line.state not in OVER
        self.line.end(cause)

    @rule()
    def acknowledged(self) -> None:
        self.line.remote_acknowledged()

    @rule(offer=st.sampled_from([OFFER, HOLD]))
    def offered(self, offer: str) -> None:
        self.line.remote_offer(offer)

    @rule(code=st.sampled_from([200, 408, 487, 503]))
    def remote_ended(self, code: int) -> None:
        self.world.signalling.gone = True
        self.line.remote_ended(code)

    @precondition(lambda self: self.line.state in OVER)
    @rule()
    def dialog_is_gone(self) -> None:
        self.world.signalling.gone = True

    @invariant()
    def leg_is_open_while_the_call_is(self) -> None:
        assert bool(self.world.plane.open_legs) == (self.line.state not in OVER)

    @invariant()
    def a_closed_leg_is_left_alone(self) -> None:
        assert not self.world.plane.dropped

    @invariant()
    def session_is_told_once_of_what_it_did_not_do(self) -> None:
        told = len(self.world.ended)
        assert told == int(self.line.state is LineState.ENDED and not self.ended_by_us)


TestAnyOrder = AnyOrder.TestCase
