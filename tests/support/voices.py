"""Telephones that speak in tones, in packets of A-law in real time, and what they hear of each other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

from gateway.media._guards import generate_dtmf
from gateway.media._stages import decode_g711, encode_g711
from tests.support.audio_probe import pcm, sine, tone_share
from tests.support.media_peers import Phone
from tests.support.media_world import PCMA
from tests.support.patience import PATIENCE_S

FRAME_S = 0.02
EAR_SAMPLES = 4000
SHARE = 0.9


def tone(frequency_hz: float) -> Iterator[bytes]:
    """Payloads of 20 ms, without end."""
    for number in itertools.count():
        yield encode_g711("pcma", sine(frequency_hz, 8000, 160, start=160 * number).tobytes())


def keys(digits: str, *, tone_ms: int = 80, pause_ms: int = 80) -> list[bytes]:
    """Payloads of digits as tones, with silence behind them."""
    sound = b"".join(generate_dtmf(digit, 8 * tone_ms) + bytes(16 * pause_ms) for digit in digits) + bytes(6400)
    octets = encode_g711("pcma", sound)
    return [octets[at : at + 160] for at in range(0, len(octets), 160)]


async def _speak(phone: Phone, payloads: Iterable[bytes]) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number, payload in enumerate(payloads):
        phone.send(payload)
        await asyncio.sleep(start + FRAME_S * (number + 1) - loop.time())


@asynccontextmanager
async def speaking(*voices: tuple[Phone, Iterable[bytes]]) -> AsyncIterator[None]:
    """Each says its payloads, a packet every 20 ms, for as long as this lasts."""
    tasks = [asyncio.create_task(_speak(phone, payloads)) for phone, payloads in voices]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def hears(phone: Phone, frequency_hz: float) -> bool:
    """Half a second of the last that came is the tone and next to nothing else."""
    sound = pcm(decode_g711("pcma", b"".join(phone.payloads(PCMA)[-EAR_SAMPLES // 160 :])))
    return len(sound) == EAR_SAMPLES and tone_share(sound, frequency_hz, 8000) > SHARE


async def until_heard(phone: Phone, frequency_hz: float) -> None:
    await until(lambda: hears(phone, frequency_hz), f"a tone of {frequency_hz} Hz")


async def until(condition: Callable[[], bool], what: str) -> None:
    """Look again every 20 ms: a condition that nobody tells of."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(FRAME_S)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_S} s in vain for {what}") from None
