"""rtpengine between a telephone and a SIP leg of ours, as a carrier's border has it: RTP, SRTP by SDES, transcoding.

SIPp carries the descriptions that rtpengine makes; sound is told by its frequency at both ends, and digits arrive.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.app.bench.media_rtpengine import Rtpengine, Value
from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.model.clock import SystemClock
from gateway.model.events import EndCause
from gateway.model.ids import Codec
from gateway.model.media import LegClosed
from gateway.protocol.sdp import parse
from gateway.sip.edge import SipEdge
from tests.integration.test_media_digits import events_heard, press
from tests.support import sipp
from tests.support.fake_contacts import FakeCall, FakeContacts
from tests.support.media_peers import Phone
from tests.support.media_world import MediaWorld
from tests.support.sipp_scenario import Scenario
from tests.support.voices import keys, speaking, tone, until, until_heard

pytestmark = pytest.mark.soak

PHONE_HZ, AGENT_HZ = 440, 1000
SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_80", "AEAD_AES_256_GCM")


def description(phone: Phone, *, events: bool) -> str:
    lines = f"m=audio {phone.port} RTP/AVP 8{' 101' if events else ''}\r\na=rtpmap:8 PCMA/8000\r\n"
    if events:
        lines += "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    return f"v=0\r\no=- 1 1 IN IP4 {phone.host}\r\ns=-\r\nc=IN IP4 {phone.host}\r\nt=0 0\r\n{lines}a=ptime:20\r\n"


class Border:
    """A telephone that has called us through rtpengine, and an agent's leg that is bridged with it."""

    def __init__(self, world: MediaWorld, contacts: FakeContacts, call: FakeCall, phone: Phone, agent: Phone) -> None:
        self.world, self.contacts, self.call, self.phone, self.agent = world, contacts, call, phone, agent


@asynccontextmanager
async def border(offer: dict[str, Value], *, events: bool = True, **trunk: Any) -> AsyncIterator[Border]:
    """``offer``: what rtpengine is asked to make of the telephone's description; ``trunk``: of our configuration."""
    world, contacts = MediaWorld(), FakeContacts()
    config = TrunkConfig(name="loopback", networks=["127.0.0.1/32"], **trunk)
    edge = SipEdge(SipConfig(port=0), [config], contacts, world.plane, LimitsConfig(), SystemClock())
    await edge.start()
    phone: Phone = Phone.open()
    agent_leg, agent = world.phone()

    async def answer(call: FakeCall) -> None:
        world.plane.listen(call.line.leg, world.listener)
        await call.line.answer()
        world.plane.bridge(call.line.leg, agent_leg)

    contacts.on_call = answer
    about: dict[str, Value] = {"call-id": secrets.token_hex(8), "from-tag": "telephone", "ICE": "remove"}
    try:
        async with Rtpengine() as engine:
            offered = await engine.ask("offer", about | offer | {"sdp": description(phone, events=events)})
            invite = str(offered["sdp"]).replace("\r\n", "\n")
            scenario = Scenario("border").invite(invite).expect(200).ack().receive("BYE", timeout_ms=60_000)
            async with sipp.running(scenario, edge.address, timeout_s=60) as run:
                call = await contacts.call()
                await until(lambda: "ACK sip:" in run.messages(), "the ACK")
                _, _, answered = run.messages().partition("SIP/2.0 200")
                body = answered[answered.index("v=0") :].partition("\n\n")[0].partition("---")[0].strip()
                sdp = "\r\n".join(line.strip() for line in body.splitlines()) + "\r\n"
                told = await engine.ask("answer", about | {"to-tag": "zentrale", "sdp": sdp})
                phone.to = ("127.0.0.1", parse(str(told["sdp"])).media[0].port)
                yield Border(world, contacts, call, phone, agent)
                call.line.end(EndCause.HUNG_UP)
                await run.finished()
    finally:
        phone.close()
        await edge.stop()
        await world.close()


async def sound_and_digits(call: Border) -> None:
    async with speaking((call.phone, tone(PHONE_HZ)), (call.agent, tone(AGENT_HZ))):
        await until_heard(call.agent, PHONE_HZ)
        await until_heard(call.phone, AGENT_HZ)
    press(call.phone, "4")
    await call.contacts.until(lambda: call.call.digits == "4")
    await until(lambda: events_heard(call.agent) == "4", "the telephone's digit at the agent's")
    call.world.plane.send_digits(call.call.line.leg, "7#")
    await until(lambda: events_heard(call.phone) == "7#", "our digits at the telephone")


async def test_rtp() -> None:
    async with border({"transport-protocol": "RTP/AVP"}) as call:
        await sound_and_digits(call)
        assert call.world.plane.statistics()[0].relayed > 20


@pytest.mark.parametrize("suite", SUITES)
async def test_srtp_by_sdes(suite: str) -> None:
    async with border({"transport-protocol": "RTP/SAVP"}, srtp="required", srtp_suites=[suite]) as call:
        await sound_and_digits(call)
        call.call.line.end(EndCause.HUNG_UP)
        closed = await call.world.event(call.call.line.leg, LegClosed)
        assert closed.statistics.packets_received > 20
        assert "forged" not in closed.statistics.rejected_by


@pytest.mark.parametrize("codec", [Codec.G722, Codec.OPUS])
async def test_it_transcodes_for_us(codec: Codec) -> None:
    name = {"g722": "G722", "opus": "opus"}[codec.value]
    offer: dict[str, Value] = {
        "transport-protocol": "RTP/AVP",
        "codec": {"mask": ["PCMA"], "transcode": [name]},
    }
    async with border(offer, codecs=[codec]) as call:
        assert call.call.line.codec is codec
        await sound_and_digits(call)


@pytest.mark.parametrize("codec", [Codec.G722, Codec.OPUS])
async def test_tones_that_others_have_encoded_are_digits(codec: Codec) -> None:
    """Neither side has telephone-events; rtpengine's encoders (libavcodec's and libopus) are not ours."""
    name = {"g722": "G722", "opus": "opus"}[codec.value]
    offer: dict[str, Value] = {
        "transport-protocol": "RTP/AVP",
        "codec": {"mask": ["PCMA"], "transcode": [name]},
    }
    async with border(offer, events=False, codecs=[codec], dtmf="inband") as call:
        async with speaking((call.phone, tone(PHONE_HZ))):
            await until_heard(call.agent, PHONE_HZ)
        async with speaking((call.phone, keys("159*0#D"))):
            await call.contacts.until(lambda: call.call.digits == "159*0#D")
