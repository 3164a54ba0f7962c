"""linphone with G.722 and with Opus is heard and hears, told by frequency, and its digits are; transcoded, relayed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.media._stages import G722, Encoder, OpusDecoder, decode_g711
from gateway.model.clock import SystemClock
from gateway.model.ids import Codec
from gateway.sip.edge import SipEdge
from tests.support import linphone
from tests.support.audio_probe import pcm, sine, tone_share
from tests.support.fake_contacts import FakeCall, FakeContacts
from tests.support.media_peers import Phone
from tests.support.media_world import NUMBERS, MediaWorld, write_tone
from tests.support.sound import level, loudest_hz, read_wav

PHONE_HZ, AGENT_HZ = 440, 1000
SECONDS = 4


def agent_packets(codec: Codec) -> list[bytes]:
    sound = sine(AGENT_HZ, 8000, 8000 * SECONDS).tobytes()
    encoder = Encoder(codec.value, 8000)  # type: ignore[arg-type]
    return [payload for at in range(0, len(sound), 320) for payload, _ in encoder.put(sound[at : at + 320])]


def heard_by(agent: Phone, codec: Codec) -> bytes:
    payloads = agent.payloads(NUMBERS[codec])
    if codec is Codec.PCMA:
        return decode_g711("pcma", b"".join(payloads))
    decoder = G722(8000) if codec is Codec.G722 else OpusDecoder(8000)
    return b"".join(decoder.decode(payload) for payload in payloads)


async def talk(agent: Phone, codec: Codec) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number, payload in enumerate(agent_packets(codec)):
        agent.send(payload, NUMBERS[codec], ticks=960 if codec is Codec.OPUS else 160)
        await asyncio.sleep(start + 0.02 * (number + 1) - loop.time())


@pytest.mark.soak
@pytest.mark.parametrize("digits", ["events", "info"])
@pytest.mark.parametrize("agent_codec", ["transcoded", "relayed"])
@pytest.mark.parametrize("codec", [Codec.G722, Codec.OPUS])
async def test_a_phone_is_heard_and_hears(tmp_path: Path, codec: Codec, agent_codec: str, digits: str) -> None:
    other = codec if agent_codec == "relayed" else Codec.PCMA
    microphone = write_tone(tmp_path / "microphone.wav", PHONE_HZ, 60_000)
    recorded = tmp_path / "heard.wav"
    world, contacts = MediaWorld(), FakeContacts()
    # linphone's SDP names another address of this machine than the one it sends from.
    trunk = TrunkConfig(name="loopback", networks=["127.0.0.1/32"], codecs=[codec], nat=True)
    edge = SipEdge(SipConfig(port=0), [trunk], contacts, world.plane, LimitsConfig(), SystemClock())
    await edge.start()
    agent_leg, agent = world.phone(other, **({"dtmf_clock_hz": 48000} if other is Codec.OPUS else {}))

    async def answer(call: FakeCall) -> None:
        await call.line.answer()
        world.plane.bridge(call.line.leg, agent_leg)

    contacts.on_call = answer
    try:
        async with linphone.running(microphone=microphone, digits=digits, more=linphone.G722) as phone:
            await phone.command(f"record {recorded}")
            await phone.call("100", edge.address)
            call = await contacts.call()
            assert call.line.codec is codec
            await talk(agent, other)
            said = pcm(heard_by(agent, other))
            assert tone_share(said[-8000:-1600], PHONE_HZ, 8000) > 0.9
            for digit in "42":
                await phone.command(digit)
            await contacts.until(lambda: call.digits == "42")
            await phone.hang_up()
            await contacts.until(lambda: call.ended is not None)
        relayed = world.plane.statistics()[0].relayed
        assert relayed > 100 if other is codec else relayed == 0
    finally:
        await edge.stop()
        await world.close()
    samples, rate = read_wav(recorded)
    # The file has what it says, too.
    middle = samples[len(samples) // 3 : len(samples) // 3 + rate]
    assert level(middle, rate, AGENT_HZ) > 0.05, f"loudest: {loudest_hz(middle, rate)} Hz"
