"""Who is no trunk gets no service: silence or 403, no work in Python, one line in the log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gateway.sip import edge as edge_module
from tests.support import sipp
from tests.support.patience import PATIENCE_S
from tests.support.sip_wire import OFFER, UdpPeer, message, udp_peer
from tests.support.sip_world import sip_world
from tests.support.sipp_scenario import Scenario

STRANGER = "127.0.0.2"
METHODS = ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "ACK", "SUBSCRIBE", "NONSENSE"]


def knock(peer: UdpPeer) -> int:
    for method in METHODS:
        peer.send(message(method, body=OFFER if method == "INVITE" else ""))
    peer.send(b"SIP/2.0 200 OK\r\n" + message("INVITE").partition(b"\r\n")[2])
    return len(METHODS) + 1


async def test_silence() -> None:
    async with sip_world() as world:
        with udp_peer(world.address, source=STRANGER) as stranger, udp_peer(world.address) as trunk:
            sent = knock(stranger)
            await trunk.fence()
            assert stranger.heard() == b""
        assert world.edge.counters.strangers == sent
        assert world.edge.counters.invited == 0
        assert not world.contacts.calls


async def test_forbid() -> None:
    async with sip_world(strangers="forbid") as world:
        with udp_peer(world.address, source=STRANGER) as stranger:
            for method in METHODS:
                if method != "ACK":
                    assert await stranger.response(message(method)) == 403
        assert not world.contacts.calls


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_from_another_network_is_forbidden(transport: str) -> None:
    async with sip_world(strangers="forbid") as world:
        refused = Scenario("forbidden").invite().expect(403).ack_refusal()
        await sipp.run(refused, world.address, local=STRANGER, transport=transport)


async def test_tcp_connection_of_a_stranger_is_closed_on_arrival() -> None:
    async with sip_world() as world:
        reader, writer = await asyncio.open_connection(*world.address, local_addr=(STRANGER, 0))
        try:
            async with asyncio.timeout(PATIENCE_S):
                assert await reader.read() == b""
        except ConnectionResetError:
            pass
        finally:
            writer.close()
        assert world.edge.counters.strangers == 1


async def test_networks_are_matched_by_their_prefix() -> None:
    async with sip_world(networks=("192.0.2.0/24", "2001:db8::/32", "127.0.0.0/30")) as world:
        with udp_peer(world.address, source="127.0.0.3") as inside, udp_peer(world.address, source="127.0.0.4") as out:
            out.send(message("OPTIONS"))
            assert await inside.response(message("OPTIONS")) == 200
            assert out.heard() == b""


async def test_no_trunk_at_all_lets_nobody_in() -> None:
    async with sip_world(networks=()) as world:
        with udp_peer(world.address) as peer:
            peer.send(message("OPTIONS"))
            await world.until(lambda: world.edge.counters.strangers == 1)
            assert peer.heard() == b""


@pytest.fixture
def quick_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "WATCH_S", 0.01)


@pytest.mark.usefixtures("quick_watch")
async def test_one_log_line_for_many_knocks(caplog: pytest.LogCaptureFixture) -> None:
    async with sip_world() as world:
        with udp_peer(world.address, source=STRANGER) as stranger, udp_peer(world.address) as trunk:
            for _ in range(10):
                for _ in range(20):
                    stranger.send(message("INVITE", body=OFFER))
                await trunk.fence()
                await asyncio.sleep(0.02)
        lines = [r for r in caplog.records if r.levelno >= logging.WARNING and "outside all trunks" in r.getMessage()]
        assert len(lines) == 1
        assert STRANGER in lines[0].getMessage()
        assert world.edge.counters.strangers == 200


async def test_a_flood_of_strangers_does_not_disturb_a_call() -> None:
    async with sip_world() as world:
        call = Scenario("call").invite().expect(200).ack().pause(200).bye()
        with udp_peer(world.address, source=STRANGER) as stranger:
            async with sipp.running(call, world.address, calls=10, rate=50) as run:
                for _ in range(40):
                    for _ in range(50):
                        stranger.send(message("INVITE", body=OFFER))
                    await asyncio.sleep(0.005)
                await run.finished()
        assert len(world.contacts.calls) == 10
