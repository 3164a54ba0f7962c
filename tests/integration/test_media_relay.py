"""The media plane's way from leg to leg on real sockets: relay, recode, latching, digits, silence, RTCP, sounds."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.media._stages import dtmf_packets, transcode_g711
from gateway.model.ids import Codec
from gateway.model.media import CaptureFinished, DigitReceived, DtmfPolicy, MediaStarted, SoundFinished
from tests.support import captures
from tests.support.media_peers import Phone, Rtp
from tests.support.media_world import EVENT, PCMA, PCMU, MediaWorld, tone_frames, write_tone

SILENCE_PCMA = b"\xd5" * 160


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


def numbered(count: int) -> list[bytes]:
    return [bytes([i + 1]) * 160 for i in range(count)]


def assert_continuous(packets: list[Rtp], ticks: int = 160) -> None:
    """One source, no gap in the sequence numbers, timestamps that only go forward by whole packets."""
    assert len({packet.ssrc for packet in packets}) == 1
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        assert 0 < step < 2**31
        assert step % ticks == 0


async def test_relay_carries_payloads_both_ways_unchanged(world: MediaWorld) -> None:
    a, phone_a = world.phone()
    b, phone_b = world.phone()
    world.plane.bridge(a, b)
    sent = numbered(20)
    for payload in sent:
        phone_a.send(payload)
        phone_b.send(payload[::-1])
    for phone in (phone_a, phone_b):
        await phone.until(lambda phone=phone: set(sent) <= set(phone.payloads(PCMA)))  # type: ignore[misc]
        relayed = [packet for packet in phone.packets if packet.payload != SILENCE_PCMA]
        assert [packet.payload for packet in relayed] == sent
        assert_continuous(phone.packets)
    assert {phone_a.packets[0].ssrc, phone_b.packets[0].ssrc}.isdisjoint({phone_a.ssrc, phone_b.ssrc})
    counted = world.plane.statistics()[0]
    assert (counted.dropped, counted.rejected, counted.relayed) == (0, 0, 40)


async def test_relay_keeps_gaps_and_order_for_the_far_jitter_buffer(world: MediaWorld) -> None:
    a, phone_a = world.phone()
    b, phone_b = world.phone()
    world.plane.bridge(a, b)
    packets = [phone_a.packet(payload) for payload in numbered(10)]
    order = [0, 1, 2, 4, 3, 6, 7, 8, 9]  # 5 is lost, 3 comes late
    for index in order:
        phone_a.socket.sendto(packets[index].pack(), phone_a.to)
    await phone_b.until(lambda: packets[9].payload in phone_b.payloads(PCMA))
    relayed = [packet for packet in phone_b.packets if packet.payload != SILENCE_PCMA]
    base = relayed[0].sequence
    assert [(packet.sequence - base) & 0xFFFF for packet in relayed] == order
    assert [(packet.timestamp - relayed[0].timestamp) & 0xFFFFFFFF for packet in relayed] == [160 * i for i in order]
    statistics = (await world.close_leg(a)).statistics
    assert (statistics.packets_received, statistics.packets_lost) == (9, 1)


async def test_pcma_to_pcmu_is_recoded_on_the_way(world: MediaWorld) -> None:
    a, phone_a = world.phone(Codec.PCMA)
    b, phone_b = world.phone(Codec.PCMU)
    world.plane.bridge(a, b)
    frames = tone_frames(440, 10)
    for frame in frames:
        phone_a.send(frame, PCMA)
    wanted = [transcode_g711("pcma", frame) for frame in frames]
    await phone_b.until(lambda: set(wanted) <= set(phone_b.payloads(PCMU)))
    phone_b.send(wanted[3], PCMU)
    back = transcode_g711("pcmu", wanted[3])
    await phone_a.until(lambda: back in phone_a.payloads(PCMA))
    assert world.plane.statistics()[0].mixed == 0


async def test_different_packet_times_are_mixed(world: MediaWorld) -> None:
    a, phone_a = world.phone(packet_ms=20)
    b, phone_b = world.phone(packet_ms=30)
    world.plane.bridge(a, b)
    await phone_b.until(lambda: len(phone_b.packets) > 10)
    assert {len(packet.payload) for packet in phone_b.packets} == {240}
    assert_continuous(phone_b.packets, 240)
    await phone_a.until(lambda: len(phone_a.packets) > 10)
    assert {len(packet.payload) for packet in phone_a.packets} == {160}


async def test_the_source_port_is_latched_once_and_from_the_negotiated_address_only(world: MediaWorld) -> None:
    leg, behind_nat = world.phone(negotiate=False)
    elsewhere = Phone.open(host="127.0.0.2")
    intruder = Phone.open()
    world.peers += [elsewhere, intruder]
    # The SDP names a port that the NAT has changed.
    world.negotiate_phone(leg, behind_nat, port=behind_nat.port ^ 1, learns=True)
    for stranger in (elsewhere,):
        stranger.socket.sendto(behind_nat.packet(b"x" * 160).pack(), behind_nat.to)
    behind_nat.send(b"y" * 160)
    await world.event(leg, MediaStarted)
    await behind_nat.until(lambda: len(behind_nat.packets) > 1, "silence to the latched port")
    intruder.socket.sendto(behind_nat.packet(b"z" * 160).pack(), behind_nat.to)
    seen = len(behind_nat.packets)
    await behind_nat.until(lambda: len(behind_nat.packets) > seen + 2)
    assert intruder.packets == elsewhere.packets == []
    statistics = (await world.close_leg(leg)).statistics
    assert (statistics.packets_received, statistics.packets_rejected) == (1, 2)


async def test_a_re_invite_to_another_port_latches_anew(world: MediaWorld) -> None:
    leg, first = world.phone()
    first.send(b"1" * 160)
    await world.event(leg, MediaStarted)
    second = Phone.open()
    world.peers.append(second)
    second.to = first.to
    world.negotiate_phone(leg, second)
    second.send(b"2" * 160)
    await second.until(lambda: len(second.packets) > 2)


async def test_a_leg_without_a_source_hears_silence_every_20_ms(world: MediaWorld) -> None:
    leg, phone = world.phone()
    await phone.until(lambda: len(phone.packets) > 10)
    assert set(phone.payloads(PCMA)) == {SILENCE_PCMA}
    assert_continuous(phone.packets)
    assert phone.packets[0].marker
    assert not any(packet.marker for packet in phone.packets[1:])
    assert world.events_of(leg, MediaStarted) == []


async def test_nothing_is_sent_to_who_does_not_want_it(world: MediaWorld) -> None:
    _, deaf = world.phone(send=False)
    _, hearing = world.phone()
    await hearing.until(lambda: len(hearing.packets) > 5)
    assert deaf.packets == []


async def test_digits_are_reported_once_and_passed_on_with_the_other_payload_type(world: MediaWorld) -> None:
    a, phone_a = world.phone(dtmf_payload_type=EVENT)
    b, phone_b = world.phone(dtmf_payload_type=96)
    world.plane.bridge(a, b)
    phone_a.send(b"a" * 160)
    start = phone_a.timestamp + 160
    events = dtmf_packets("5", 100, start)
    for timestamp, marker, payload in events:
        phone_a.sequence += 1
        rtp = Rtp(EVENT, phone_a.sequence, timestamp, phone_a.ssrc, payload, marker)
        phone_a.socket.sendto(rtp.pack(), phone_a.to)
    phone_a.timestamp += 160 * len(events)
    phone_a.send(b"b" * 160)
    digit = await world.event(a, DigitReceived)
    assert digit.digit == "5"
    assert 80 <= digit.duration_ms <= 120
    await phone_b.until(lambda: b"b" * 160 in phone_b.payloads(PCMA))
    assert phone_b.payloads(96) == [payload for _, _, payload in events]
    passed = [packet for packet in phone_b.packets if packet.payload != SILENCE_PCMA]
    assert [packet.sequence - passed[0].sequence for packet in passed] == list(range(len(passed)))
    assert len({packet.timestamp for packet in phone_b.packets if packet.payload_type == 96}) == 1
    assert len(world.events_of(a, DigitReceived)) == 1


async def test_digits_leave_no_gap_where_they_are_not_negotiated(world: MediaWorld) -> None:
    a, phone_a = world.phone()
    b, phone_b = world.phone(dtmf_payload_type=None)
    world.plane.set_dtmf_policy(a, DtmfPolicy.RELAY)
    world.plane.bridge(a, b)
    phone_a.send(b"a" * 160)
    for timestamp, marker, payload in dtmf_packets("#", 60, phone_a.timestamp + 160):
        phone_a.sequence += 1
        rtp = Rtp(EVENT, phone_a.sequence, timestamp, phone_a.ssrc, payload, marker)
        phone_a.socket.sendto(rtp.pack(), phone_a.to)
    phone_a.send(b"b" * 160)
    assert (await world.event(a, DigitReceived)).digit == "#"
    await phone_b.until(lambda: b"b" * 160 in phone_b.payloads(PCMA))
    said = [packet for packet in phone_b.packets if packet.payload != SILENCE_PCMA]
    assert [packet.sequence - said[0].sequence for packet in said] == [0, 1]


async def test_a_sound_is_heard_from_its_beginning_and_reports_its_end(world: MediaWorld, tmp_path: Path) -> None:
    world.plane.add_sound("beep", write_tone(tmp_path / "beep.wav", 1000, 200))
    leg, phone = world.phone(negotiate=False)
    world.plane.play(leg, "beep")  # before the other side is known: it waits
    world.negotiate_phone(leg, phone)
    assert (await world.event(leg, SoundFinished)).sound == "beep"
    await phone.until(lambda: len(phone.packets) > 12)
    heard = [payload for payload in phone.payloads(PCMA) if payload != SILENCE_PCMA]
    frames = tone_frames(1000, 10)
    assert heard[1:10] == frames[1:]  # the first frame may be anything near: the encoder is the sound loader's
    assert heard[10:] == [heard[10]]  # the first silent one leads from the tone to silence
    assert_continuous(phone.packets)


async def test_music_loops_and_gives_way_to_the_bridge_without_a_seam(world: MediaWorld, tmp_path: Path) -> None:
    world.plane.add_sound("music", write_tone(tmp_path / "music.wav", 500, 100))
    a, phone_a = world.phone()
    b, phone_b = world.phone()
    world.plane.play(a, "music", loop=True)
    await phone_a.until(lambda: len(phone_a.packets) > 12)
    world.plane.bridge(a, b)
    for payload in numbered(5):
        phone_b.send(payload)
    await phone_a.until(lambda: numbered(5)[4] in phone_a.payloads(PCMA))
    assert_continuous(phone_a.packets)
    spurts = [index for index, packet in enumerate(phone_a.packets) if packet.marker]
    assert phone_a.packets[spurts[-1]].payload[80:] == numbered(5)[0][80:]  # 10 ms lead over from the music to it
    assert numbered(5)[1] in phone_a.payloads(PCMA)
    world.plane.play(a, "music", loop=True)  # hold: the other side goes on hearing this one
    seen = len(phone_a.packets)
    await phone_a.until(lambda: len(phone_a.packets) > seen + 3)
    phone_a.send(b"h" * 160)
    await phone_b.until(lambda: b"h" * 160 in phone_b.payloads(PCMA))
    world.plane.bridge(a, b)
    phone_b.send(b"r" * 160)
    await phone_a.until(lambda: any(payload.endswith(b"r" * 80) for payload in phone_a.payloads(PCMA)))
    assert_continuous(phone_a.packets)
    assert world.events_of(a, SoundFinished) == []


async def test_unbridged_legs_hear_silence(world: MediaWorld) -> None:
    a, phone_a = world.phone()
    b, phone_b = world.phone()
    world.plane.bridge(a, b)
    phone_a.send(b"1" * 160)
    await phone_b.until(lambda: b"1" * 160 in phone_b.payloads(PCMA))
    world.plane.unbridge(b)
    seen = len(phone_b.packets)
    await phone_b.until(lambda: len(phone_b.packets) > seen, "silence")
    phone_a.send(b"2" * 160)
    seen = len(phone_b.packets)
    await phone_b.until(lambda: len(phone_b.packets) > seen + 3)
    assert b"2" * 160 not in phone_b.payloads(PCMA)


async def test_reports_are_sent_and_understood(world: MediaWorld) -> None:
    leg, phone = world.phone()
    for payload in numbered(5):
        phone.send(payload)
    await world.event(leg, MediaStarted)
    # A sender report on the RTP port: from then on RTCP goes the same way (RFC 5761).
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, phone.ssrc, 0xE0000000, 0, 5000, 5, 800)
    phone.socket.sendto(report, phone.to)
    await phone.until(lambda: bool(phone.reports), "a report")
    kind, ssrc = struct.unpack_from("!xBxxI", phone.reports[0])
    assert kind == 200
    assert ssrc == phone.packets[0].ssrc
    packets, octets, about = struct.unpack_from("!III", phone.reports[0], 20)
    assert octets == packets * 160
    assert about == phone.ssrc
    highest = struct.unpack_from("!I", phone.reports[0], 36)[0]
    assert highest == phone.sequence
    await world.close_leg(leg)
    await phone.until(lambda: len(phone.reports) > 1, "a goodbye")
    assert struct.pack("!BBHI", 0x81, 203, 1, ssrc) in phone.reports[-1]


async def test_malformed_packets_are_counted_and_harmless(world: MediaWorld) -> None:
    leg, phone = world.phone()
    phone.send(b"1" * 160)
    await world.event(leg, MediaStarted)
    bad = [
        b"",
        b"\x80",
        b"\x80\x08" + bytes(10),
        b"\x9f\x08" + bytes(14),
        b"\xa0\x08" + bytes(10) + b"\xff" * 4,
        b"\x90\x08" + bytes(12) + b"\xff\xff",
        os.urandom(1999),
        b"\x80\xc8" + bytes(30),
        b"\x80\xc9\xff\xff" + bytes(8),
    ]
    for datagram in bad:
        phone.socket.sendto(datagram, phone.to)
    phone.send(b"2" * 160)
    seen = len(phone.packets)
    await phone.until(lambda: len(phone.packets) > seen + 3)
    statistics = (await world.close_leg(leg)).statistics
    assert (statistics.packets_received, statistics.packets_rejected) == (2, len(bad))


async def test_a_capture_holds_what_both_said(world: MediaWorld, tmp_path: Path) -> None:
    a, phone_a = world.phone()
    b, phone_b = world.phone(Codec.PCMU)
    path = tmp_path / "call.cap"
    world.plane.start_capture(a, b, str(path))
    world.plane.bridge(a, b)
    left, right = [], []
    for payload in numbered(10):
        left.append(phone_a.send(payload, PCMA))
        right.append(phone_b.send(payload[::-1], PCMU))
        await asyncio.sleep(0.005)
    await phone_a.until(lambda: len([p for p in phone_a.payloads(PCMA) if p != SILENCE_PCMA]) >= 10)
    await phone_b.until(lambda: len([p for p in phone_b.payloads(PCMU) if p != b"\xff" * 160]) >= 10)
    world.plane.stop_capture(a)
    finished = await world.event(a, CaptureFinished)
    assert (finished.path, finished.frames_dropped, finished.error) == (str(path), 0, "")
    written = captures.read(path)
    for side, codec, sent in ((captures.LEFT, captures.PCMA, left), (captures.RIGHT, captures.PCMU, right)):
        audio = [entry for entry in written.records if entry.kind == captures.AUDIO and entry.side == side]
        assert [(entry.number, entry.payload, entry.codec) for entry in audio] == [
            (rtp.timestamp, rtp.payload, codec) for rtp in sent
        ]
        assert all(0 <= entry.time_ns < 5_000_000_000 for entry in audio)


async def test_a_capture_that_cannot_be_written_says_why(world: MediaWorld, tmp_path: Path) -> None:
    a, _ = world.phone()
    b, _ = world.phone()
    world.plane.start_capture(a, b, str(tmp_path / "missing" / "x.cap"))
    world.plane.stop_capture(a)
    assert "No such file" in (await world.event(a, CaptureFinished)).error
