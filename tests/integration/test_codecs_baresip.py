"""baresip with G.722 and with Opus is heard and hears, told by frequency, through the real edge and media plane."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.model.clock import SystemClock
from gateway.model.ids import Codec
from gateway.sip.edge import SipEdge
from tests.support import baresip
from tests.support.fake_contacts import FakeContacts
from tests.support.media_world import MediaWorld
from tests.support.sound import loudest_hz, read_wav
from tests.support.voices import speaking, tone, until, until_heard

PHONE_HZ, AGENT_HZ = 440, 1000


@asynccontextmanager
async def gateway(codecs: list[Codec] | None = None) -> AsyncIterator[tuple[MediaWorld, SipEdge, FakeContacts]]:
    world, contacts = MediaWorld(), FakeContacts()
    edge = SipEdge(
        SipConfig(port=0),
        [TrunkConfig(name="loopback", networks=["127.0.0.1/32"], codecs=codecs or [])],
        contacts,
        world.plane,
        LimitsConfig(),
        SystemClock(),
    )
    await edge.start()
    try:
        yield world, edge, contacts
    finally:
        await edge.stop()
        await world.close()


@pytest.mark.parametrize(
    ("codec", "module", "offered"),
    [(Codec.G722, "g722", "G722/16000,PCMA"), (Codec.OPUS, "opus", "opus/48000/2,PCMA")],
)
async def test_a_phone_is_heard_and_hears(tmp_path: Path, codec: Codec, module: str, offered: str) -> None:
    async with (
        gateway() as (world, edge, contacts),
        baresip.running(tone_hz=PHONE_HZ, codecs=offered, modules=(module,), keep_sound=tmp_path) as phone,
    ):
        agent_leg, agent = world.phone(Codec.PCMA)
        await phone.dial("100", edge.address)
        call = await contacts.call()
        assert call.line.codec is codec
        world.plane.bridge(call.line.leg, agent_leg)
        async with speaking((agent, tone(AGENT_HZ))):
            await until_heard(agent, PHONE_HZ)
            await until(lambda: hears(tmp_path), "the agent's tone at the telephone")
        await phone.hang_up()
        await contacts.until(lambda: call.ended is not None)


def hears(folder: Path) -> bool:
    """The last half second of what baresip has written so far is the agent's tone."""
    for file in folder.glob("*-dec.wav"):
        if file.stat().st_size > 20_000:
            samples, rate = read_wav(file)
            return abs(loudest_hz(samples[-rate // 2 :], rate) - AGENT_HZ) < 10
    return False


async def test_the_trunks_own_order_of_codecs_decides(tmp_path: Path) -> None:
    async with (
        gateway([Codec.G722, Codec.PCMU]) as (_, edge, contacts),
        baresip.running(codecs="PCMA,PCMU,G722/16000", modules=("g722",)) as phone,
    ):
        await phone.dial("100", edge.address)
        call = await contacts.call()
        assert call.line.codec is Codec.G722
        await phone.hang_up()
        await contacts.until(lambda: call.ended is not None)
