"""Janus as a WebRTC peer (libnice, OpenSSL's DTLS, libsrtp): its AudioBridge offers, we answer, and both are heard."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from tests.support.janus import janus
from tests.support.media_peers import Phone
from tests.support.patience import PATIENCE_S
from tests.support.two_networks import SERVER, WLAN, two_networks
from tests.support.voices import speaking, tone, until_heard
from tests.support.webrtc_world import webrtc_world

pytestmark = pytest.mark.soak

ROOM = 1
GUEST_HZ, AGENT_HZ = 440, 1000
NUMBERS = {Codec.PCMA: "8", Codec.PCMU: "0"}


def offered(joined: dict[str, Any], codec: Codec) -> str:
    """Janus 1.1.2 offers G.711 under the number of Opus, and then means the static one."""
    sdp: str = joined["jsep"]["sdp"]
    return re.sub(r"(SAVPF |rtpmap:|rtcp-fb:)111\b", rf"\g<1>{NUMBERS.get(codec, '111')}", sdp)


@pytest.mark.parametrize("codec", [Codec.OPUS, Codec.PCMA, Codec.PCMU])
async def test_a_room_of_janus_hears_and_is_heard(tmp_path: Path, codec: Codec) -> None:
    """A guest's plain RTP -> Janus's mixer -> WebRTC -> our leg -> a bridge -> an agent's plain RTP, and back."""
    with two_networks() as networks:
        async with AsyncExitStack() as stack:
            with networks.at_visitor():
                server = await stack.enter_async_context(janus(tmp_path / "janus", WLAN))
            with networks.at_server():
                world = await stack.enter_async_context(webrtc_world(addresses=[SERVER]))
                session = await stack.enter_async_context(server.session())
                guest: Phone = Phone.open(SERVER)
                agent: Phone = Phone.open(SERVER)
            stack.callback(guest.close)
            stack.callback(agent.close)

            ours = await session.attach("audiobridge")
            room = {"request": "create", "room": ROOM, "sampling_rate": 16000, "allow_rtp_participants": True}
            await ours.ask(room)
            joined = await ours.ask({"request": "join", "room": ROOM, "codec": codec.value, "generate_offer": True})
            call = await world.answer(offered(joined, codec), codec)
            await ours.ask({"request": "configure"}, {"type": "answer", "sdp": call.answer_sdp})
            async with asyncio.timeout(PATIENCE_S):
                await call.connected.wait()

            rtp = {"ip": SERVER, "port": guest.port, "payload_type": 8}
            theirs = await session.attach("audiobridge")
            told = await theirs.ask({"request": "join", "room": ROOM, "codec": "pcma", "rtp": rtp})
            guest.to = (told["rtp"]["ip"], told["rtp"]["port"])

            with networks.at_server():
                leg, address, port = world.plane.open_rtp_leg(lambda event: None, near=call.leg)
            agent.to = (address, port)
            world.plane.set_rtp_peer(
                leg, RtpPeer(address=SERVER, port=agent.port, codec=Codec.PCMA, payload_type=8, dtmf_payload_type=None)
            )
            world.plane.bridge(call.leg, leg)
            async with speaking((guest, tone(GUEST_HZ)), (agent, tone(AGENT_HZ))):
                await until_heard(agent, GUEST_HZ)
                await until_heard(guest, AGENT_HZ)
            await ours.ask({"request": "leave"})
