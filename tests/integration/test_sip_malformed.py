"""Messages that are no SIP, or SIP that makes no sense, from a trunk: refused or dropped; nothing is left over."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import sipp
from tests.support.patience import PATIENCE_S
from tests.support.sip_wire import OFFER, message, udp_peer
from tests.support.sip_world import sip_world
from tests.support.sipp_scenario import Scenario

LONG = "x" * 5000

DROPPED = {
    "empty lines": b"\r\n\r\n\r\n",
    "nothing": b"\x00",
    "noise": bytes(range(256)) * 4,
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "only a request line": b"INVITE sip:100@127.0.0.1 SIP/2.0\r\n\r\n",
    "cut in a header": message(body=OFFER)[:90],
    "another version": message(body=OFFER).replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1),
    "no Call-ID": message(body=OFFER, call_id=""),
    "no CSeq": message(body=OFFER, cseq=""),
    "no Via": message(body=OFFER, via=""),
    "no From": message(body=OFFER, **{"from": ""}),
    "no To": message(body=OFFER, to=""),
    "broken Via": message(body=OFFER, via="SIP/2.0"),
    "broken From": message(body=OFFER, **{"from": "<sip:"}),
    "CSeq of another method": message(body=OFFER, cseq="1 BYE"),
    "CSeq is no number": message(body=OFFER, cseq="one INVITE"),
    "CSeq too large": message(body=OFFER, cseq="99999999999 INVITE"),
    "method of nothing": b" " + message(body=OFFER),
    "empty number": message(number="", body=OFFER),
    "too long": message(headers=f"X: {'y' * 60000}"),
}
"""What comes back, if anything, is nothing that makes a call."""

ANSWERED = {
    "no number": (message(body=OFFER).replace(b"100@", b"", 1), {400, 404}),
    "number with a line feed": (message(number="1%0a0", body=OFFER), {400, 404}),
    "number too long": (message(number="1" * 400, body=OFFER), {400}),
    "a body that is no SDP": (message(body="hello"), {400, 488}),
    "SDP without media": (message(body=OFFER.partition("m=")[0]), {400, 488}),
    "SDP without connection": (message(body=OFFER.replace("c=IN IP4 127.0.0.1\r\n", "")), {400, 488}),
    "SDP of a multicast group": (message(body=OFFER.replace("c=IN IP4 127", "c=IN IP4 233")), {400, 488}),
    "SDP with a host name": (message(body=OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 a.example")), {400, 488}),
    "SDP with a port too large": (message(body=OFFER.replace("40000", "70000")), {400, 488}),
    "SDP with a rtpmap of nonsense": (message(body=OFFER.replace("PCMA/8000", "PCMA")), {400, 488}),
    "audio refused by its own offer": (message(body=OFFER.replace("40000", "0")), {400, 488}),
    "another kind of body": (message(body=OFFER).replace(b"application/sdp", b"text/x-plain-x"), {415}),
    "extension that nobody has": (message(body=OFFER, headers="Require: teleportation"), {420}),
}  # fmt: skip


async def assert_still_serves(address: tuple[str, int]) -> None:
    await sipp.run(Scenario("still there").invite().expect(200).ack().bye(), address)


@pytest.mark.parametrize("packet", DROPPED.values(), ids=DROPPED.keys())
async def test_dropped(packet: bytes) -> None:
    async with sip_world() as world:
        with udp_peer(world.address) as peer:
            peer.send(packet)
            await peer.fence()
        await world.until(lambda: world.edge.calls == 0)
        assert not world.contacts.calls


async def test_malformed_packets_are_counted() -> None:
    async with sip_world() as world:
        with udp_peer(world.address) as peer:
            for packet in DROPPED.values():
                peer.send(packet)
            await peer.fence()
        assert world.edge.counters.malformed >= 10
        await assert_still_serves(world.address)


@pytest.mark.parametrize(("packet", "codes"), ANSWERED.values(), ids=ANSWERED.keys())
async def test_answered(packet: bytes, codes: set[int]) -> None:
    async with sip_world() as world:
        with udp_peer(world.address) as peer:
            assert await peer.response(packet) in codes
        assert not world.contacts.calls


@pytest.mark.parametrize("name", ["noise", "http", "cut in a header", "no Call-ID", "broken Via", "too long"])
async def test_malformed_over_tcp(name: str) -> None:
    async with sip_world() as world:
        _, writer = await asyncio.open_connection(*world.address)
        writer.write(DROPPED[name])
        await writer.drain()
        with udp_peer(world.address) as peer:
            await peer.fence()
        writer.close()
        assert not world.contacts.calls
        await assert_still_serves(world.address)


async def test_message_in_pieces_over_tcp() -> None:
    async with sip_world() as world:
        reader, writer = await asyncio.open_connection(*world.address)
        for byte in message("OPTIONS", via="SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKpieces"):
            writer.write(bytes([byte]))
            await writer.drain()
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readline()).startswith(b"SIP/2.0 200")
        writer.close()


UNIQUE = b"unique00"
GOOD = message(body=OFFER, call_id="unique00", via="SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKunique00;rport")
LINES = GOOD.split(b"\r\n")
numbers = itertools.count(10_000_000)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An INVITE with a few bytes, or a few lines, not as they should be."""
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["flip", "cut", "insert", "line", "swap"]))
        at = draw(st.integers(0, max(0, len(data) - 1)))
        if kind == "flip" and data:
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=40))
        elif kind == "line":
            data[at:at] = b"\r\n" + draw(st.sampled_from(LINES)) + b"\r\n"
        else:
            lines = bytes(data).split(b"\r\n")
            one, two = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
            lines[one], lines[two] = lines[two], lines[one]
            data = bytearray(b"\r\n".join(lines))
    return bytes(data)


@given(st.lists(mutated(), min_size=1, max_size=25))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
async def test_mutated_invites_leave_nothing_behind(packets: list[bytes]) -> None:
    async with sip_world(t1_ms=2) as world:
        with udp_peer(world.address) as peer:
            for packet in packets:
                if packet:
                    peer.send(packet.replace(UNIQUE, str(next(numbers)).encode()))
            await peer.fence()
            # Some were good enough for a call; without an ACK it ends by itself after 64 * T1.
            await world.until(lambda: world.edge.calls == 0)
        assert all(call.ended is not None for call in world.contacts.calls)
