"""The SIP edge against baresip, a second implementation beside SIPp: it writes its messages its own way."""

from __future__ import annotations

import pytest

from gateway.model.events import EndCause
from gateway.model.ids import Codec
from gateway.sip.states import LineState
from tests.support import baresip
from tests.support.sip_world import sip_world


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_call_hold_resume_and_hang_up(transport: str) -> None:
    async with sip_world() as world, baresip.running() as phone:
        await phone.dial("100", world.address, transport=transport)
        call = await world.contacts.call()
        assert call.customer.address == "sip:anna@127.0.0.1"
        leg = call.line.leg
        (peer,) = world.plane.peers(leg)
        assert (peer.codec, peer.send, peer.receive) == (Codec.PCMA, True, True)
        await phone.command("hold")
        await world.until(lambda: len(world.plane.peers(leg)) > 1)
        assert world.plane.peers(leg)[-1].send is False, "baresip holds with sendonly"
        await phone.command("resume")
        await world.until(lambda: len(world.plane.peers(leg)) > 2)
        peer = world.plane.peers(leg)[-1]
        assert (peer.send, peer.receive) == (True, True)
        await phone.hang_up()
        await world.contacts.until(lambda: call.ended is not None)
        assert call.ended is EndCause.HUNG_UP


async def test_our_side_hangs_up() -> None:
    async with sip_world() as world, baresip.running(codecs="PCMU") as phone:
        await phone.dial("100", world.address)
        call = await world.contacts.call()
        assert call.line.codec is Codec.PCMU
        await world.until(lambda: call.line.state is LineState.ESTABLISHED)  # type: ignore[attr-defined]
        call.line.end(EndCause.HUNG_UP)
        await phone.event("CALL_CLOSED")


async def test_unknown_number() -> None:
    async with sip_world() as world, baresip.running() as phone:
        await phone.command("dial", f"sip:999@127.0.0.1:{world.address[1]}")
        closed = await phone.event("CALL_CLOSED")
        assert "404" in closed["param"]
