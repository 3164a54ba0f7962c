"""Digits through the media plane: sent, heard as tones, translated between ways, and kept from everybody."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gateway.media._guards import DtmfDetector, generate_dtmf
from gateway.media._stages import DtmfReceiver, decode_g711, dtmf_packets, encode_g711
from gateway.model.ids import LegId
from gateway.model.media import CaptureFinished, DigitDue, DigitReceived, DtmfPolicy, DtmfWay
from tests.support import captures
from tests.support.media_peers import Phone
from tests.support.media_world import EVENT, PCMA, MediaWorld
from tests.support.voices import speaking

QUIET = bytes([0xD5]) * 160


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


def events_heard(phone: Phone) -> str:
    receiver = DtmfReceiver()
    digits = []
    for number, rtp in enumerate(rtp for rtp in phone.packets if rtp.payload_type == EVENT):
        digits += receiver.receive(rtp.payload, rtp.timestamp, number * 20_000_000) or []
    return "".join(digit for digit, _ in digits)


def tones_heard(phone: Phone) -> str:
    sound = b"".join(decode_g711("pcma", payload) for payload in phone.payloads(PCMA)) + bytes(1600)
    return "".join(digit for digit, _ in DtmfDetector().detect(sound))


def press(phone: Phone, digit: str) -> None:
    for timestamp, marker, payload in dtmf_packets(digit, 100, phone.timestamp + 160):
        rtp = phone.packet(payload, EVENT, ticks=0, marker=marker)
        phone.socket.sendto(type(rtp)(EVENT, rtp.sequence, timestamp, rtp.ssrc, payload, marker).pack(), phone.to)
    phone.timestamp += 160 * 8


def tone(phone: Phone, digit: str) -> None:
    """100 ms of a digit with silence behind it."""
    octets = encode_g711("pcma", generate_dtmf(digit, 800) + bytes(2 * 800))
    for at in range(0, len(octets), 160):
        phone.send(octets[at : at + 160])


def pair(world: MediaWorld, **peer: object) -> tuple[LegId, Phone, LegId, Phone]:
    """A telephone that says digits, and one with these settings that hears them."""
    first, said = world.phone()
    second, heard = world.phone(near=first, **peer)
    world.plane.bridge(first, second)
    return first, said, second, heard


async def test_digits_are_sent_as_events_when_they_were_negotiated(world: MediaWorld) -> None:
    leg, phone = world.phone()
    world.plane.send_digits(leg, "15#", tone_ms=60, gap_ms=40)
    await phone.until(lambda: events_heard(phone) == "15#", "the digits")
    stamps = [rtp.timestamp for rtp in phone.packets if rtp.payload_type == EVENT]
    assert len(set(stamps)) == 3
    sequence = [rtp.sequence for rtp in phone.packets]
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))


async def test_digits_are_sent_as_tones_when_not(world: MediaWorld) -> None:
    leg, phone = world.phone(dtmf_payload_type=None)
    world.plane.send_digits(leg, "29*D", tone_ms=80, gap_ms=80)
    await phone.until(lambda: tones_heard(phone) == "29*D", "the tones")


async def test_digits_for_the_signalling_are_handed_up(world: MediaWorld) -> None:
    leg, _ = world.phone(dtmf=DtmfWay.SIGNALLING)
    world.plane.send_digits(leg, "7", tone_ms=120)
    assert (await world.event(leg, DigitDue)) == DigitDue(leg=leg, digit="7", duration_ms=120)


@pytest.mark.parametrize("digits", ["x", "1 2", "é"])
async def test_what_is_no_digit_is_refused(world: MediaWorld, digits: str) -> None:
    leg, _ = world.phone()
    with pytest.raises(ValueError, match="digits"):
        world.plane.send_digits(leg, digits)


async def test_too_many_are_dropped_and_counted(world: MediaWorld) -> None:
    leg, _ = world.phone(negotiate=False)
    world.plane.send_digits(leg, "1" * 40)
    assert (await world.close_leg(leg)).statistics.packets_dropped == 8


async def test_tones_are_heard_where_there_are_no_events(world: MediaWorld) -> None:
    leg, phone = world.phone(dtmf_payload_type=None)
    tone(phone, "8")
    digit = await world.event(leg, DigitReceived)
    assert (digit.digit, digit.blocked) == ("8", False)
    assert 70 <= digit.duration_ms <= 110


async def test_tones_become_events(world: MediaWorld) -> None:
    first, said = world.phone(dtmf_payload_type=None)
    second, heard = world.phone(near=first)
    world.plane.bridge(first, second)
    tone(said, "4")
    await world.event(first, DigitReceived)
    await heard.until(lambda: events_heard(heard) == "4", "the digit as an event")
    assert tones_heard(heard) == "", "and not a second time as a tone"


async def test_events_become_tones(world: MediaWorld) -> None:
    _, said, _, heard = pair(world, dtmf_payload_type=None)
    said.send(QUIET)
    press(said, "6")
    await heard.until(lambda: tones_heard(heard) == "6", "the digit as a tone")


async def test_events_become_the_signalling_s(world: MediaWorld) -> None:
    _, said, second, _ = pair(world, dtmf=DtmfWay.SIGNALLING)
    said.send(QUIET)
    press(said, "3")
    assert (await world.event(second, DigitDue)).digit == "3"


async def test_the_signalling_s_become_events(world: MediaWorld) -> None:
    first, _, _, heard = pair(world)
    world.plane.say_digit(first, "9", 100)
    assert (await world.event(first, DigitReceived)).digit == "9"
    await heard.until(lambda: events_heard(heard) == "9", "the digit as an event")


async def test_relay_translates_nothing(world: MediaWorld) -> None:
    first, said, second, heard = pair(world, dtmf=DtmfWay.SIGNALLING)
    world.plane.set_dtmf_policy(first, DtmfPolicy.RELAY)
    said.send(QUIET)
    press(said, "3")
    await world.event(first, DigitReceived)
    said.send(b"e" * 160)
    await heard.until(lambda: b"e" * 160 in heard.payloads(PCMA))
    assert world.events_of(second, DigitDue) == []


@pytest.mark.parametrize("dtmf", [EVENT, None], ids=["events", "tones"])
async def test_blocked_digits_reach_neither_the_other_side_nor_the_recording(
    world: MediaWorld, tmp_path: Path, dtmf: int | None
) -> None:
    first, said = world.phone(dtmf_payload_type=dtmf)
    second, heard = world.phone(near=first)
    world.plane.bridge(first, second)
    world.plane.set_dtmf_policy(first, DtmfPolicy.BLOCK)
    path = tmp_path / "blocked.capture"
    world.plane.start_capture(first, second, str(path))
    speech = encode_g711("pcma", np.random.default_rng(1).normal(0, 900, 1600).astype("<i2").tobytes())
    for at in range(0, 1600, 160):
        said.send(speech[at : at + 160])
    for digit in "42":
        if dtmf:
            press(said, digit)
        tone(said, digit)  # many telephones send both
    for at in range(0, 1600, 160):
        said.send(speech[at : at + 160])
    await world.until(lambda: len(world.events_of(first, DigitReceived)) >= (4 if dtmf else 2), "the digits")
    assert all(event.blocked for event in world.events_of(first, DigitReceived))
    world.plane.set_dtmf_policy(first, DtmfPolicy.TRANSLATE)
    said.send(b"e" * 160)
    await heard.until(lambda: b"e" * 160 in heard.payloads(PCMA), "what comes afterwards")
    world.plane.stop_capture(first)
    await world.event(first, CaptureFinished)
    assert events_heard(heard) == ""
    assert tones_heard(heard) == ""
    assert max(longest_tone(b"".join(heard.payloads(PCMA))), longest_tone(captured(path))) == 0
    assert speech[320:480] in heard.payloads(PCMA), "speech passes"


def captured(path: Path) -> bytes:
    records = captures.read(path).records
    return b"".join(one.payload for one in records if one.kind == captures.AUDIO and one.side == captures.LEFT)


def longest_tone(octets: bytes) -> int:
    """Even some milliseconds of a tone would tell the digit: how many windows of 10 ms are nearly all tone."""
    sound = np.frombuffer(decode_g711("pcma", octets), "<i2").astype(float)
    longest = run = 0
    for at in range(0, len(sound) - 80, 40):
        window = sound[at : at + 80]
        power = np.abs(np.fft.rfft(window * np.hanning(80))) ** 2
        tonal = power.sum() > 1e9 and np.sort(power)[-6:].sum() > 0.97 * power.sum()
        run = run + 1 if tonal else 0
        longest = max(longest, run)
    return longest if longest > 2 else 0


async def test_digits_over_a_held_leg_wait(world: MediaWorld) -> None:
    leg, phone = world.phone(send=False)
    world.plane.send_digits(leg, "5")
    world.negotiate_phone(leg, phone)
    await phone.until(lambda: events_heard(phone) == "5")


async def test_sound_goes_on_behind_the_digits(world: MediaWorld) -> None:
    _, said, second, heard = pair(world)
    for _ in range(3):
        said.send(QUIET)
    world.plane.send_digits(second, "1", tone_ms=40, gap_ms=0)
    await heard.until(lambda: events_heard(heard) == "1")
    async with speaking((said, itertools.repeat(b"e" * 160))):
        await heard.until(lambda: b"e" * 160 in heard.payloads(PCMA), "the relay again")
