"""Whole calls between SIPp, as the trunk, and the SIP edge: what the session is told and what the media leg must do."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pytest

from gateway.model.errors import CapacityError, InternalError, NotAllowedError
from gateway.model.events import EndCause
from gateway.model.ids import Codec
from gateway.model.media import DigitDue, RtpPeer
from gateway.sip.dialog import Dialog
from gateway.sip.line import SipLine
from gateway.sip.states import LineState
from tests.support import sipp
from tests.support.fake_contacts import FakeCall
from tests.support.sip_wire import OFFER as WIRE_OFFER
from tests.support.sip_wire import message, udp_peer
from tests.support.sip_world import SipWorld, sip_world
from tests.support.sipp_scenario import (
    G729,
    HOLD,
    ILBC,
    INACTIVE,
    NO_DTMF,
    OFFER,
    OLD_HOLD,
    PCMA_ELSEWHERE,
    PCMU_ELSEWHERE,
    PCMU_ONLY,
    WITH_VIDEO,
    Scenario,
)

BOTH_TRANSPORTS = pytest.mark.parametrize("transport", ["u1", "t1"])


def plain_call(pause_ms: int = 50) -> Scenario:
    return Scenario("call").invite().expect(200, "RTP/AVP 8 101").ack().pause(pause_ms).bye()


def directions(peers: list[RtpPeer]) -> list[tuple[bool, bool]]:
    return [(peer.send, peer.receive) for peer in peers]


@BOTH_TRANSPORTS
async def test_call_that_the_caller_ends(transport: str) -> None:
    async with sip_world() as world:
        run = await sipp.run(plain_call(), world.address, transport=transport)
        (call,) = world.contacts.calls
        assert (call.queue, call.called) == ("hotline", "100")
        assert (call.customer.address, call.customer.name) == ("tel:+4930123456", "Anna")
        assert call.ended is EndCause.HUNG_UP
        (peer,) = world.plane.peers(call.line.leg)
        assert (peer.codec, peer.payload_type, peer.dtmf_payload_type) == (Codec.PCMA, 8, 101)
        assert run.messages().count("SIP/2.0 100 Trying") == 1
        assert f"m=audio {world.plane.ports[call.line.leg]} RTP/AVP 8 101" in run.messages()


@BOTH_TRANSPORTS
async def test_call_that_the_session_ends(transport: str) -> None:
    async with sip_world() as world:
        scenario = Scenario("ended").invite().expect(200).ack().receive("BYE")
        async with sipp.running(scenario, world.address, transport=transport) as run:
            call = await world.contacts.call()
            assert isinstance(call.line, SipLine)
            await world.until(lambda: call.line.state is LineState.ESTABLISHED)
            call.line.end(EndCause.HUNG_UP)
            call.line.end(EndCause.HUNG_UP)
            await run.finished()
        assert call.ended is None, "the session knows already"


async def test_session_ends_the_call_before_the_ack_is_there() -> None:
    """RFC 3261 15: no BYE before the ACK.  It is sent when the ACK comes."""
    async with sip_world() as world:

        async def answer_and_end(call: FakeCall) -> None:
            await call.line.answer()
            call.line.end(EndCause.HUNG_UP)

        world.contacts.on_call = answer_and_end
        await sipp.run(Scenario("ended at once").invite().expect(200).pause(200).ack().receive("BYE"), world.address)


async def test_both_hang_up_at_once() -> None:
    async with sip_world() as world:
        scenario = Scenario("crossing").invite().expect(200).ack().receive("BYE").bye()
        async with sipp.running(scenario, world.address) as run:
            call = await world.contacts.call()
            await world.until(lambda: call.line.state is LineState.ESTABLISHED)  # type: ignore[attr-defined]
            call.line.end(EndCause.HUNG_UP)
            await run.finished()
        assert call.ended is None, "the session knows already"


async def test_cancel_while_the_session_decides() -> None:
    async with sip_world() as world:
        decided = asyncio.Event()

        async def decide_slowly(call: FakeCall) -> None:
            await decided.wait()
            await call.line.answer()

        world.contacts.on_call = decide_slowly
        same = {"via": "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKc;rport", "from": "<sip:a@127.0.0.1>;tag=c", "call_id": "c"}
        with udp_peer(world.address) as trunk:
            trunk.send(message("INVITE", body=WIRE_OFFER, **same))
            await world.contacts.until(lambda: bool(world.contacts.calls))
            trunk.send(message("CANCEL", **same))
            final = {await trunk.status(), await trunk.status()}
            trunk.send(message("ACK", **same, cseq="1 ACK"))
        assert final == {200, 487}
        (call,) = world.contacts.calls
        await world.contacts.until(lambda: call.ended is EndCause.ABANDONED)
        assert not world.plane.open_legs
        decided.set()
        await world.contacts.until(lambda: call.gone)


async def test_many_cancels_and_answers_cross() -> None:
    """CANCEL comes when the answer is on its way: either side may win, nothing may be left over."""
    async with sip_world(t1_ms=10) as world:
        moments = iter(range(30))

        async def answer_after_a_moment(call: FakeCall) -> None:
            await asyncio.sleep(next(moments) / 1000)
            await call.line.answer()

        world.contacts.on_call = answer_after_a_moment
        scenario = Scenario("race").invite().expect(100).pause(15).cancel().expect(200).pause(300)
        async with sipp.running(scenario, world.address, calls=30, rate=100, limit=30) as run:
            await world.until(lambda: world.edge.counters.invited == 30)
            with contextlib.suppress(sipp.SippError):  # some of the calls see more than the scenario says
                await run.finished()
        await world.contacts.until(lambda: all(call.ended for call in world.contacts.calls))
        assert {call.ended for call in world.contacts.calls} <= {EndCause.ABANDONED, EndCause.CONNECTION_LOST}


@BOTH_TRANSPORTS
async def test_hold_in_three_styles_and_change_of_codec_and_port(transport: str) -> None:
    scenario = (
        Scenario("hold")
        .invite(OFFER).expect(200, "a=sendrecv").ack()
        .invite(HOLD).expect(200, "a=recvonly").ack()
        .invite(OFFER).expect(200, "a=sendrecv").ack()
        .invite(INACTIVE).expect(200, "a=inactive").ack()
        .invite(OLD_HOLD).expect(200, "a=recvonly").ack()
        .invite(PCMU_ELSEWHERE).expect(200, "RTP/AVP 0 101").ack()
        .bye()
    )  # fmt: skip
    async with sip_world() as world:
        await sipp.run(scenario, world.address, transport=transport)
        peers = world.plane.peers(world.contacts.calls[0].line.leg)
        both, listening, nothing = (True, True), (False, True), (False, False)
        assert directions(peers) == [both, listening, both, nothing, listening, both]
        assert (peers[-1].codec, peers[-1].port) == (Codec.PCMU, 40000)
        assert world.contacts.calls[0].ended is EndCause.HUNG_UP


async def test_hold_by_update() -> None:
    scenario = Scenario("update").invite().expect(200).ack()
    scenario.request("UPDATE", HOLD).expect(200, "a=recvonly").request("UPDATE", OFFER).expect(200, "a=sendrecv").bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        peers = world.plane.peers(world.contacts.calls[0].line.leg)
        assert directions(peers) == [(True, True), (False, True), (True, True)]


async def test_our_session_version_grows_only_with_changes() -> None:
    """RFC 3264 8: the same description again has the same o= line."""
    scenario = Scenario("o=").invite().expect(200).ack().invite().expect(200).ack().invite(HOLD).expect(200).ack().bye()
    async with sip_world() as world:
        run = await sipp.run(scenario, world.address)
        ours = [line for line in run.messages().splitlines() if line.startswith("o=-")]
        first, again, held = (line.split()[1:3] for line in ours)
        assert first == again
        assert (held[0], int(held[1])) == (first[0], int(first[1]) + 1)


async def test_reinvite_without_description_is_answered_with_an_offer() -> None:
    scenario = Scenario("offer please").invite().expect(200).ack()
    scenario.invite(None).expect(200, "RTP/AVP 8 0 9 96 101 102").ack(PCMA_ELSEWHERE).pause(50).bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        peers = world.plane.peers(world.contacts.calls[0].line.leg)
        assert peers[-1].port == 40000


async def test_reinvite_with_nothing_in_common_leaves_the_call_as_it_was() -> None:
    scenario = Scenario("bad re-INVITE").invite().expect(200).ack().invite(ILBC).expect(488).ack_refusal()
    scenario.invite(G729).expect(488).ack_refusal().invite(HOLD).expect(200, "a=recvonly").ack().bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        call = world.contacts.calls[0]
        assert directions(world.plane.peers(call.line.leg)) == [(True, True), (False, True)]
        assert call.ended is EndCause.HUNG_UP


@BOTH_TRANSPORTS
async def test_invite_without_description(transport: str) -> None:
    scenario = (
        Scenario("late").invite(None).expect(200, "RTP/AVP 8 0 9 96 101 102").pause(100).ack(PCMU_ONLY).pause(50).bye()
    )
    async with sip_world() as world:
        async with sipp.running(scenario, world.address, transport=transport) as run:
            call = await world.contacts.call()
            (peer,) = world.plane.peers(call.line.leg)
            assert peer.codec is Codec.PCMU
            assert call.line.codec is Codec.PCMU
            await run.finished()
        assert call.ended is EndCause.HUNG_UP


@pytest.mark.parametrize("answer", [None, G729], ids=["nothing", "another codec"])
async def test_invite_without_description_whose_ack_brings_none(answer: str | None) -> None:
    async with sip_world() as world:
        scenario = Scenario("never").invite(None).expect(200).ack(answer).receive("BYE")
        await sipp.run(scenario, world.address)
        (call,) = world.contacts.calls
        assert call.ended is EndCause.REJECTED
        assert not call.answered


async def test_video_beside_the_audio_is_refused_and_the_call_goes_on() -> None:
    async with sip_world() as world:
        await sipp.run(Scenario("v").invite(WITH_VIDEO).expect(200, "m=video 0 RTP").ack().bye(), world.address)


async def test_trunk_without_telephone_events() -> None:
    async with sip_world() as world:
        await sipp.run(Scenario("bare").invite(NO_DTMF).expect(200, "RTP/AVP 8[^ ]").ack().bye(), world.address)
        (peer,) = world.plane.peers(world.contacts.calls[0].line.leg)
        assert peer.dtmf_payload_type is None


async def test_lost_ack_ends_the_call() -> None:
    """The 200 is repeated, then given up after 64 * T1 (RFC 3261 13.3.1.4); T1 is 10 ms here."""
    async with sip_world(t1_ms=10) as world:
        scenario = Scenario("no ack").invite().expect(200).ignore(200, until="BYE")
        await sipp.run(scenario, world.address)
        assert world.contacts.calls[0].ended is EndCause.CONNECTION_LOST


async def test_retransmitted_invite_is_one_call() -> None:
    scenario = Scenario("twice").invite(retransmit=False).expect(100).invite_again().expect(200).ack().pause(50).bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        assert len(world.contacts.calls) == 1
        assert world.edge.counters.invited == 1


async def test_session_timer() -> None:
    """RFC 4028: an interval below 90 s is refused with 422; then the caller refreshes by UPDATE."""
    scenario = Scenario("timer").invite(headers="Supported: timer\nSession-Expires: 30;refresher=uac")
    scenario.expect(422, "90", header="Min-SE").ack_refusal()
    scenario.invite(headers="Supported: timer\nSession-Expires: 90;refresher=uac\nMin-SE: 90")
    scenario.expect(200, "90", header="Session-Expires").ack()
    scenario.request("UPDATE", headers="Supported: timer\nSession-Expires: 90;refresher=uac").expect(200).bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        assert len(world.contacts.calls) == 1


async def test_digit_by_info() -> None:
    headers = "Content-Type: application/dtmf-relay"
    scenario = Scenario("info").invite().expect(200).ack()
    scenario.request("INFO", "Signal=5\nDuration=160", headers=headers).expect(200).bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        assert world.contacts.calls[0].digits == "5"


async def test_a_digit_for_a_trunk_that_wants_info() -> None:
    scenario = Scenario("info out").invite().expect(200).ack().receive("INFO").bye()
    async with sip_world(trunk={"dtmf": "info"}) as world, sipp.running(scenario, world.address) as run:
        call = await world.contacts.call()
        await world.until(lambda: call.line.state is LineState.ESTABLISHED)  # type: ignore[attr-defined]
        leg = call.line.leg
        world.plane.report(DigitDue(leg=leg, digit="7", duration_ms=120))
        await run.finished()
        assert "Signal=7" in run.messages()
        assert "Duration=120" in run.messages()
        assert "application/dtmf-relay" in run.messages()


async def test_a_digit_however_its_info_puts_it() -> None:
    """A hook flash is understood, and nothing comes of it; an INFO without a body asks whether the call exists."""
    scenario = Scenario("info").invite().expect(200).ack()
    for kind, body in (
        ("dtmf-relay", "Signal=*\nDuration=160"),
        ("dtmf-relay", "signal = a\nduration = 5000000000"),
        ("dtmf-relay", "Duration=160\nSignal=11"),
        ("DTMF-Relay", "Signal=7"),
        ("dtmf", "5"),
        ("dtmf", " # "),
        ("dtmf", "10"),
        ("dtmf", "Signal=9"),
        ("dtmf", "!"),
        ("dtmf-relay", "Signal=16\nDuration=100"),
        ("dtmf", None),
    ):
        scenario.request("INFO", body, headers=f"Content-Type: application/{kind}").expect(200)
    async with sip_world() as world:
        await sipp.run(scenario.bye(), world.address)
        assert world.contacts.calls[0].digits == "*A#75#*9"


async def test_an_info_that_is_repeated_is_one_digit() -> None:
    headers = "Content-Type: application/dtmf"
    scenario = Scenario("info").invite().expect(200).ack().request("INFO", "5", headers=headers).expect(200)
    # SIPp takes the second 200 for a repeated one, and repeats by itself what it sent last: that makes another.
    scenario.request_again("INFO", "5", headers=headers).request("INFO", "6", headers=headers).expect(200).bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)
        assert world.contacts.calls[0].digits == "56"


async def test_what_an_info_may_not_be() -> None:
    """The call goes on: a digit after all that arrives."""
    accept, scenario = "Accept: application/dtmf-relay, application/dtmf", Scenario("info").invite().expect(200).ack()
    for headers, body, code, answer in (
        ("Content-Type: application/dtmf-relay", "Signal=x\nDuration=160", 400, "Body Has No Digit"),
        ("Content-Type: application/dtmf-relay", "Signal=", 400, "Body Has No Digit"),
        ("Content-Type: application/dtmf", "12345", 400, "Body Has No Digit"),
        ("Content-Type: application/dtmf", "99", 400, "Body Has No Digit"),
        ("Content-Type: application/hook-flash", "x", 415, accept),
        ("Content-Type: text/plain", "5", 415, accept),
        ("Content-Type: application/dtmf\nInfo-Package: foo", "5", 469, "Recv-Info:"),
    ):
        scenario.request("INFO", body, headers=headers).expect(code, answer)
    scenario.request("INFO", "5", headers="Content-Type: application/dtmf").expect(200)
    async with sip_world() as world:
        await sipp.run(scenario.bye(), world.address)
        assert world.contacts.calls[0].digits == "5"


async def test_an_info_without_a_call() -> None:
    scenario = Scenario("info").request("INFO", "5", headers="Content-Type: application/dtmf").expect(481)
    async with sip_world() as world:
        await sipp.run(scenario, world.address)


@BOTH_TRANSPORTS
async def test_options(transport: str) -> None:
    scenario = Scenario("options").request("OPTIONS").expect(200, "INVITE", header="Allow")
    async with sip_world() as world:
        await sipp.run(scenario, world.address, transport=transport)


async def test_options_within_a_call() -> None:
    async with sip_world() as world:
        scenario = Scenario("alive").invite().expect(200).ack().request("OPTIONS").expect(200).bye()
        await sipp.run(scenario, world.address)


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER", "NOTIFY", "FROBNICATE"])
async def test_methods_that_are_not_served(method: str) -> None:
    async with sip_world() as world:
        await sipp.run(Scenario(method).request(method).expect(405, "INVITE", header="Allow"), world.address)


async def test_transfer_by_the_trunk_is_refused() -> None:
    scenario = Scenario("refer").invite().expect(200).ack()
    scenario.request("REFER", headers="Refer-To: <sip:200@127.0.0.1>").expect(405).bye()
    async with sip_world() as world:
        await sipp.run(scenario, world.address)


async def test_call_that_would_replace_another_is_refused() -> None:
    async with sip_world() as world:
        scenario = Scenario("replaces").invite(headers="Replaces: 1@127.0.0.1;to-tag=2;from-tag=3").expect(403)
        await sipp.run(scenario.ack_refusal(), world.address)


def refused(code: int, *, pattern: str = "", header: str = "", offer: str | None = OFFER) -> Scenario:
    return Scenario("refused").invite(offer).expect(code, pattern, header=header).ack_refusal()


@BOTH_TRANSPORTS
async def test_unknown_number(transport: str) -> None:
    async with sip_world() as world:
        await sipp.run(refused(404), world.address, number="999", transport=transport)
        assert world.edge.counters.refused == 1
        assert not world.plane.commands, "no leg was opened for it"


@pytest.mark.parametrize("offer", [G729, ILBC], ids=["g729", "ilbc"])
async def test_no_common_codec(offer: str) -> None:
    async with sip_world() as world:
        await sipp.run(refused(488, offer=offer), world.address)
        assert not world.contacts.calls


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CapacityError("full", limit="limits.calls_max", retry_after_s=7), 503),
        (InternalError("the disk is gone"), 500),
        (RuntimeError("a bug"), 500),
        (NotAllowedError("no phone calls here"), 403),
    ],
)
async def test_session_refuses(error: Exception, code: int) -> None:
    async with sip_world() as world:

        async def refuse(_call: FakeCall) -> None:
            raise error

        world.contacts.on_call = refuse
        header = ("7", "Retry-After") if code == 503 else ("", "")
        await sipp.run(refused(code, pattern=header[0], header=header[1]), world.address)
        assert world.edge.counters.refused == 1


async def test_session_fails_after_the_answer() -> None:
    async with sip_world() as world:

        async def fail(call: FakeCall) -> None:
            await call.line.answer()
            raise InternalError("the disk is gone")

        world.contacts.on_call = fail
        await sipp.run(Scenario("fails").invite().expect(200).ack().receive("BYE"), world.address)


async def test_no_line_left() -> None:
    async with sip_world(calls_max=1) as world:
        held = Scenario("held").invite().expect(200).ack().receive("BYE", timeout_ms=60_000)
        async with sipp.running(held, world.address) as first:
            call = await world.contacts.call()
            await sipp.run(refused(503, pattern="[0-9]+", header="Retry-After"), world.address)
            await world.until(lambda: call.line.state is LineState.ESTABLISHED)  # type: ignore[attr-defined]
            call.line.end(EndCause.HUNG_UP)
            await first.finished()
        await world.until(lambda: world.edge.calls == 0)
        await sipp.run(plain_call(), world.address)


async def test_no_media_leg_left() -> None:
    async with sip_world(legs_max=0) as world:
        await sipp.run(refused(503), world.address)
        assert not world.contacts.calls


async def test_asserted_identity_counts_more_than_from() -> None:
    scenario = Scenario("pai", caller='"Nobody" <sip:anonymous@anonymous.invalid>').invite(
        headers='P-Asserted-Identity: "Firma, Berlin" <sip:+4930999@carrier.example;user=phone>, <tel:+4930999>'
    )
    async with sip_world() as world:
        await sipp.run(scenario.expect(200).ack().bye(), world.address)
        customer = world.contacts.calls[0].customer
        assert (customer.address, customer.name) == ("tel:+4930999", "Firma, Berlin")


async def test_stop_ends_all_calls_in_every_state() -> None:
    async with sip_world() as world:

        async def decide_never(call: FakeCall) -> None:
            if len(world.contacts.calls) == 3:
                await asyncio.Event().wait()
            await call.line.answer()

        world.contacts.on_call = decide_never
        talking = Scenario("talking").invite().expect(200).ack().receive("BYE")
        ringing = Scenario("ringing").invite().expect(503).ack_refusal()
        async with sipp.running(talking, world.address, calls=2) as first:
            await world.contacts.call(1)
            async with sipp.running(ringing, world.address) as second:
                await world.contacts.until(lambda: len(world.contacts.calls) == 3)
                await world.edge.stop()
                await first.finished()
                await second.finished()
        assert [call.ended for call in world.contacts.calls] == [EndCause.SHUTDOWN] * 3


async def test_start_again_after_stop() -> None:
    for _ in range(3):
        async with sip_world() as world:
            await sipp.run(plain_call(), world.address)


async def test_second_edge_in_one_process() -> None:
    """PJSIP runs once per process: the second edge must say so, and must not harm the first."""
    async with sip_world() as world:
        with pytest.raises(InternalError, match="already"):
            await SipWorld().edge.start()
        await sipp.run(plain_call(), world.address)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["UDP", "TCP"])
async def test_port_in_use(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        world = SipWorld(port=taken.getsockname()[1])
        with pytest.raises(InternalError, match=f"sip.port {world.edge.address[1] or taken.getsockname()[1]}.*in use"):
            await world.edge.start()
    async with sip_world() as another:
        await sipp.run(plain_call(), another.address)


def objects_of_calls() -> int:
    gc.collect()
    return sum(isinstance(thing, SipLine | Dialog) for thing in gc.get_objects())


async def test_two_hundred_calls_leave_nothing_behind() -> None:
    before = objects_of_calls()  # records of earlier tests may hold tracebacks, and those their calls
    async with sip_world() as world:
        await sipp.run(plain_call(20), world.address, calls=200, rate=100, limit=100)
        assert len(world.contacts.calls) == 200
        assert all(call.ended is EndCause.HUNG_UP for call in world.contacts.calls)
        world.contacts.calls.clear()
        await world.until(lambda: world.edge.calls == 0)
        assert objects_of_calls() <= before


async def test_call_object_that_is_collected_late_harms_no_other_call() -> None:
    """pjsua2 goes by the call's number, which another call has by then."""
    async with sip_world() as world, sipp.running(plain_call(), world.address) as run:
        late = [(await world.contacts.call()).line._signalling]  # type: ignore[attr-defined]
        number = late[0].getId()
        await run.finished()
    async with sip_world() as world:
        async with sipp.running(plain_call(1000), world.address) as run:
            call = await world.contacts.call()
            assert call.line._signalling.getId() == number  # type: ignore[attr-defined]
            late.clear()
            gc.collect()
            await run.finished()
        assert call.ended is EndCause.HUNG_UP


async def test_trunk_whose_connection_is_gone() -> None:
    """Our BYE can't be delivered: the call ends all the same."""
    async with sip_world(t1_ms=10) as world:
        scenario = Scenario("gone").invite().expect(200).ack().pause(5000)
        async with sipp.running(scenario, world.address, transport="t1"):
            call = await world.contacts.call()
            await world.until(lambda: call.line.state is LineState.ESTABLISHED)  # type: ignore[attr-defined]
        call.line.end(EndCause.HUNG_UP)


async def test_ipv6() -> None:
    async with sip_world(address="::1", networks=("::1/128",)) as world:
        run = await sipp.run(plain_call(), ("[::1]", world.address[1]), local="::1")
        assert world.contacts.calls[0].ended is EndCause.HUNG_UP
        assert f"sip:zentrale@[::1]:{world.address[1]}" in run.messages()
