"""The demo's carrier in its own process, calling the SIP edge of this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.model.events import EndCause
from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from gateway.sip.caller import Caller, PlacedCall
from gateway.sip.states import LineState
from tests.support.fake_contacts import FakeCall
from tests.support.patience import PATIENCE_S
from tests.support.sip_world import SipWorld, sip_world


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    caller = Caller()
    await caller.start()
    yield caller
    await caller.stop()


class Placed:
    """A placed call and what it reported."""

    def __init__(self, caller: Caller, world: SipWorld, *, number: str = "100", codec: Codec = Codec.PCMA) -> None:
        loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[RtpPeer] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        self.call: PlacedCall = caller.place_call(
            number=number,
            to=world.address,
            caller="+4930555",
            name='Karl "K"',
            media=("127.0.0.1", 40000),
            codec=codec,
            answered=self.answered.set_result,
            ended=lambda code, _reason: self.ended.set_result(code),
        )


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.PCMU])
async def test_call_and_hang_up(caller: Caller, codec: Codec) -> None:
    async with sip_world() as world:
        placed = Placed(caller, world, codec=codec)
        async with asyncio.timeout(PATIENCE_S):
            peer = await placed.answered
        call = await world.contacts.call()
        assert (peer.port, peer.codec) == (world.plane.ports[call.line.leg], codec)
        assert world.plane.peers(call.line.leg)[0].port == 40000
        assert (call.customer.address, call.customer.name) == ("tel:+4930555", "Karl K")
        placed.call.hang_up()
        async with asyncio.timeout(PATIENCE_S):
            assert await placed.ended == 200
        # PJSIP calls it ended when its BYE goes out, not when that has arrived.
        await world.contacts.until(lambda: call.ended is EndCause.HUNG_UP)


async def test_zentrale_hangs_up(caller: Caller) -> None:
    async with sip_world() as world:
        placed = Placed(caller, world)
        call = await world.contacts.call()
        await world.until(lambda: call.line.state is LineState.ESTABLISHED)  # type: ignore[attr-defined]
        call.line.end(EndCause.HUNG_UP)
        async with asyncio.timeout(PATIENCE_S):
            assert await placed.ended == 200


async def test_refused(caller: Caller) -> None:
    async with sip_world() as world:
        async with asyncio.timeout(PATIENCE_S):
            assert await Placed(caller, world, number="999").ended == 404


async def test_cancel(caller: Caller) -> None:
    async with sip_world() as world:

        async def wait(_call: FakeCall) -> None:
            await asyncio.Event().wait()

        world.contacts.on_call = wait
        placed = Placed(caller, world)
        await world.contacts.until(lambda: bool(world.contacts.calls))
        placed.call.hang_up()
        async with asyncio.timeout(PATIENCE_S):
            assert await placed.ended == 487
        await world.contacts.until(lambda: world.contacts.calls[0].ended is EndCause.ABANDONED)


async def test_stop_hangs_up_what_is_left() -> None:
    async with sip_world() as world:
        caller = Caller()
        await caller.start()
        placed = [Placed(caller, world) for _ in range(3)]
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(call.answered for call in placed))
        await caller.stop()
        assert all(call.ended.done() for call in placed)
        await world.contacts.until(lambda: all(call.ended for call in world.contacts.calls))


async def test_process_that_dies_ends_its_calls(caller: Caller) -> None:
    async with sip_world() as world:
        placed = Placed(caller, world)
        async with asyncio.timeout(PATIENCE_S):
            await placed.answered
            caller._process.kill()  # type: ignore[union-attr]
            assert await placed.ended == 503
        (call,) = world.contacts.calls
        call.line.end(EndCause.HUNG_UP)
        await world.edge.stop()
