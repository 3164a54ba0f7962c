"""Janus as a SIP telephone (Sofia-SIP) for a WebRTC client: it calls us, by RTP or SRTP, and both sides are heard."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.model.clock import SystemClock
from gateway.model.events import EndCause
from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from gateway.sip.edge import SipEdge
from tests.support.fake_contacts import FakeContacts
from tests.support.janus import janus
from tests.support.media_peers import Phone
from tests.support.media_world import MediaWorld
from tests.support.two_networks import SERVER, WLAN, two_networks
from tests.support.voices import speaking, tone, until_heard
from tests.support.webrtc_client import WebRtcClient

pytestmark = pytest.mark.soak

CLIENT_HZ, AGENT_HZ = 600, 1000


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.OPUS])
@pytest.mark.parametrize("srtp", ["no", "required"])
async def test_a_webrtc_client_calls_us_through_janus(tmp_path: Path, codec: Codec, srtp: str) -> None:
    with two_networks() as networks:
        async with AsyncExitStack() as stack:
            with networks.at_visitor():
                server = await stack.enter_async_context(janus(tmp_path / "janus", WLAN))
            # Calls open sockets whenever they come: all that is ours stays there.
            stack.enter_context(networks.at_server())
            world, contacts = MediaWorld(addresses=[SERVER]), FakeContacts()
            stack.push_async_callback(world.close)
            trunk = {"name": "janus", "networks": [f"{WLAN}/32"], "codecs": [codec], "srtp": srtp}
            edge = SipEdge(
                SipConfig(address=SERVER, port=0), [TrunkConfig(**trunk)], contacts, world.plane, LimitsConfig(),
                SystemClock(),
            )  # fmt: skip
            await edge.start()
            stack.push_async_callback(edge.stop)
            agent: Phone = Phone.open(SERVER)
            world.peers.append(agent)
            leg, *to = world.plane.open_rtp_leg(world.listener)
            agent.to = (to[0], to[1])
            world.plane.set_rtp_peer(leg, RtpPeer(address=SERVER, port=agent.port, codec=Codec.PCMA, payload_type=8))

            client = await stack.enter_async_context(WebRtcClient(CLIENT_HZ))
            session = await stack.enter_async_context(server.session())
            telephone = await session.attach("sip")
            await telephone.ask({"request": "register", "type": "guest", "username": f"sip:vera@{WLAN}"})
            call_us = {"request": "call", "uri": f"sip:100@{SERVER}:{edge.address[1]}"}
            if srtp == "required":
                call_us["srtp"] = "sdes_mandatory"
            await telephone.ask(call_us, {"type": "offer", "sdp": await client.offer(SERVER)})
            accepted = await telephone.event("accepted")
            await client.accept(accepted["jsep"]["sdp"])
            call = await contacts.call()
            assert call.line.codec is codec
            world.plane.bridge(call.line.leg, leg)
            async with speaking((agent, tone(AGENT_HZ))):
                await until_heard(agent, CLIENT_HZ)
                await client.wait_for_tone(AGENT_HZ)
            await telephone.ask({"request": "dtmf_info", "digit": "5"})
            await contacts.until(lambda: call.digits == "5")
            await telephone.ask({"request": "hangup"})
            await contacts.until(lambda: call.ended is EndCause.HUNG_UP)
