"""The jitter buffer behind a seeded model of a network, tick by tick and without a clock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media import _stages
from tests.support.audio_probe import Pcm, level_dbfs, pcm, sine, tone_share

MS = 1_000_000
TICK = 20 * MS
TONE_HZ = 400
AMPLITUDE = 8000
STEEPEST = 2 * np.pi * TONE_HZ / 8000 * AMPLITUDE
"""Largest step between two samples of the undisturbed tone at 8 kHz."""

Codec = Literal["pcmu", "pcma", "opus"]


@dataclass(frozen=True)
class Packet:
    sequence: int
    timestamp: int
    payload: bytes
    ssrc: int = 1


@dataclass
class Call:
    """What came out of a jitter buffer, with the state at each tick."""

    sound: Pcm
    results: list[str]
    puts: Counter[str]
    delays_ms: list[int]
    targets_ms: list[int]
    statistics: _stages.JitterStatistics
    rate: int = field(default=8000)

    def between(self, from_s: float, to_s: float) -> Pcm:
        return self.sound[round(from_s * self.rate) : round(to_s * self.rate)]

    def concealed_after(self, seconds: float) -> int:
        return sum(1 for one in self.results[round(seconds * 50) :] if one != "played")


def spoken(codec: Codec, seconds: float, rate: int = 8000, *, first_sequence: int = 65500) -> list[Packet]:
    """A tone in packets of 20 ms; sequence number and timestamp wrap soon after the start."""
    encoder = _stages.OpusEncoder(rate, loss_percent=10) if codec == "opus" else None
    ticks = 960 if codec == "opus" else 160
    size = rate // 50
    packets = []
    for i in range(round(seconds * 50)):
        sound = sine(TONE_HZ, rate, size, start=i * size, amplitude=AMPLITUDE).tobytes()
        payload = (
            encoder.encode(sound) if encoder else _stages.encode_g711("pcma" if codec == "pcma" else "pcmu", sound)
        )
        packets.append(Packet((first_sequence + i) & 0xFFFF, (2**32 - 9600 + i * ticks) & 0xFFFFFFFF, payload))
    return packets


def carry(
    packets: list[Packet],
    delays_ms: Callable[[int], list[float]],
    *,
    codec: Codec = "pcmu",
    rate: int = 8000,
    drift: float = 0,
    tick_jitter_ms: float = 1,
    seed: int = 0,
) -> Call:
    """Send packet i at i * 20 ms once per entry of ``delays_ms(i)`` (none: lost); get at each tick."""
    clock = random.Random(seed)
    arrivals = sorted(
        (round((i * TICK) * (1 + drift) + delay * MS), i) for i in range(len(packets)) for delay in delays_ms(i)
    )
    buffer = _stages.Jitter(codec, rate)
    call = Call(np.zeros(0, np.int16), [], Counter(), [], [], buffer.statistics(), rate)
    parts = []
    for tick in range(len(packets) + 2):
        now = tick * TICK + 9 * MS + round(clock.uniform(0, tick_jitter_ms) * MS)
        while arrivals and arrivals[0][0] <= now:
            at, i = arrivals.pop(0)
            one = packets[i]
            call.puts[
                buffer.put(one.payload, sequence=one.sequence, timestamp=one.timestamp, ssrc=one.ssrc, arrival_ns=at)
            ] += 1
        result, sound = buffer.get(now)
        parts.append(sound)
        call.results.append(result)
        statistics = buffer.statistics()
        call.delays_ms.append(statistics["delay_ms"])
        call.targets_ms.append(statistics["target_ms"])
    call.sound = pcm(b"".join(parts))
    call.statistics = buffer.statistics()
    return call


@pytest.mark.parametrize(("codec", "rate"), [("pcmu", 8000), ("pcma", 8000), ("opus", 8000), ("opus", 48000)])
def test_a_good_network_is_played_as_sent(codec: Codec, rate: int) -> None:
    call = carry(spoken(codec, 5, rate), lambda i: [30], codec=codec, rate=rate)
    assert set(call.results[5:-3]) == {"played"}
    assert tone_share(call.between(1, 4), TONE_HZ, rate) > 0.99
    assert call.puts == {"kept": 250}
    assert call.statistics["resets"] == 1


def test_the_target_falls_to_its_least_on_a_calm_network_and_delay_follows() -> None:
    call = carry(spoken("pcmu", 30), lambda i: [30])
    assert call.targets_ms[-3] == 20
    assert 20 <= call.delays_ms[-3] <= 40
    assert np.max(np.abs(np.diff(call.between(0.2, 29.9).astype(int)))) < 1.1 * STEEPEST


def test_the_target_follows_the_jitter_and_little_is_concealed() -> None:
    network = random.Random(1)
    call = carry(spoken("pcmu", 30), lambda i: [30 + network.uniform(0, 30)])
    assert 40 <= call.targets_ms[-3] <= 55
    assert call.concealed_after(10) < 10  # of 1000


def test_the_target_never_passes_its_limits() -> None:
    network = random.Random(2)
    call = carry(spoken("pcmu", 20), lambda i: [30 + network.expovariate(1 / 60)])
    assert all(20 <= target <= 60 for target in call.targets_ms)
    assert call.targets_ms[-3] == 60


@pytest.mark.parametrize("codec", ["pcmu", "opus"])
def test_losses_are_concealed_without_clicks(codec: Codec) -> None:
    network = random.Random(3)
    call = carry(
        spoken(codec, 20), lambda i: [] if network.random() < 0.05 else [30 + network.uniform(0, 5)], codec=codec
    )
    lost = 1000 - call.puts["kept"]
    assert lost > 30
    assert lost * 0.9 <= call.concealed_after(0.1) <= lost * 1.2 + 5
    assert tone_share(call.between(1, 19), TONE_HZ, 8000) > 0.8
    assert np.max(np.abs(np.diff(call.between(0.5, 19).astype(int)))) < 2.5 * STEEPEST


def test_duplicates_and_reordering_do_no_harm() -> None:
    network = random.Random(4)

    def delays(i: int) -> list[float]:
        delay = 50.0 if i % 7 == 3 else 25.0  # every seventh comes after its successor
        return [delay, delay + network.uniform(0, 60)] if i % 3 == 0 else [delay]

    call = carry(spoken("pcmu", 20), delays)
    assert call.puts["duplicate"] >= 330  # a few come after the end
    assert call.puts["kept"] == 1000
    assert call.concealed_after(2) <= 5
    assert tone_share(call.between(5, 19), TONE_HZ, 8000) > 0.95


def test_after_a_burst_the_delay_is_back_at_its_target_and_no_word_is_lost() -> None:
    """The network stalls for 300 ms and then delivers all at once."""

    def delays(i: int) -> list[float]:
        return [30 + (250 - i) * 20] if 235 <= i < 250 else [30]

    call = carry(spoken("pcmu", 15), delays)
    assert call.puts["kept"] == 750
    assert max(call.delays_ms[250:260]) > 150
    back = next(tick for tick in range(260, 700) if call.delays_ms[tick] <= call.targets_ms[tick] + 20)
    assert back < 250 + 50, "not back within 1 s"
    assert call.statistics["overflowed"] == 0
    assert np.max(np.abs(np.diff(call.between(5.2, 14).astype(int)))) < 1.3 * STEEPEST


def test_a_flood_is_cut_to_what_may_be_held() -> None:
    """2 s of sound at once: it can't be kept, and is not played late for ever."""

    def delays(i: int) -> list[float]:
        return [30 + (250 - i) * 20] if 150 <= i < 250 else [30]

    call = carry(spoken("pcmu", 15), delays)
    assert call.statistics["overflowed"] >= 80
    assert max(call.delays_ms) <= 400
    assert call.delays_ms[-3] <= 60
    assert call.concealed_after(6) <= 3


@pytest.mark.parametrize("ppm", [-300, -50, 50, 300])
def test_clock_drift_is_absorbed(ppm: int) -> None:
    call = carry(spoken("pcmu", 120), lambda i: [30], drift=ppm / 1e6)
    assert call.concealed_after(1) <= 3
    assert all(delay <= 60 for delay in call.delays_ms)
    assert tone_share(call.between(60, 70), TONE_HZ, 8000) > 0.9


def test_a_path_that_becomes_slower_for_good_is_followed() -> None:
    call = carry(spoken("pcmu", 40), lambda i: [30 if i < 500 else 150])
    assert call.concealed_after(10) < 15
    assert call.concealed_after(12) <= 2
    assert call.delays_ms[-3] <= 60


def test_a_path_that_becomes_faster_for_good_is_followed() -> None:
    call = carry(spoken("pcmu", 30), lambda i: [150 if i < 500 else 30])
    assert call.concealed_after(11) <= 2
    assert call.delays_ms[-3] <= 60


@pytest.mark.parametrize("codec", ["pcmu", "opus"])
@pytest.mark.parametrize("change", ["ssrc", "timestamp", "both"])
def test_a_new_stream_goes_on_after_a_moment(codec: Codec, change: str) -> None:
    packets = spoken(codec, 10)
    for i in range(250, 500):
        old = packets[i]
        packets[i] = Packet(
            old.sequence if change == "timestamp" else old.sequence ^ 0x8000,
            old.timestamp if change == "ssrc" else (old.timestamp + 2**31 + 12345) & 0xFFFFFFFF,
            old.payload,
            1 if change == "timestamp" else 2,
        )
    call = carry(packets, lambda i: [30], codec=codec)
    assert call.statistics["resets"] == 2
    assert call.puts == {"kept": 499, "on_trial": 1}  # that one is kept with its successor
    assert call.concealed_after(5.2) <= 3
    assert tone_share(call.between(5.3, 9.9), TONE_HZ, 8000) > 0.95
    assert np.max(np.abs(np.diff(call.between(0.5, 9.9).astype(int)))) < 4 * STEEPEST


def test_a_stream_that_is_cut_off_fades_out() -> None:
    buffer = _stages.Jitter("pcmu", 8000)
    heard = b""
    for i in range(60):
        sound = sine(410, 8000, 160, start=160 * i, amplitude=AMPLITUDE) if i < 30 else np.zeros(160, np.int16)
        buffer.put(
            _stages.encode_g711("pcmu", sound.tobytes()),
            sequence=i,
            timestamp=160 * i,
            ssrc=1 if i < 30 else 2,
            arrival_ns=i * TICK,
        )
        heard += buffer.get(i * TICK + 5 * MS)[1]
    assert buffer.statistics()["resets"] == 2
    assert np.max(np.abs(np.diff(pcm(heard)[1600:].astype(int)))) < 1.5 * STEEPEST


def test_a_short_stall_loses_no_word() -> None:
    """Shorter than what makes the stream start anew, but longer than what is held."""

    def delays(i: int) -> list[float]:
        return [30 + max(0, 80 - (i - 1000) * 20)] if 1000 <= i < 1005 else [30]

    call = carry(spoken("pcmu", 30), delays)
    assert call.puts == {"kept": 1500}
    assert call.delays_ms[-3] <= 60


def test_single_packets_of_another_stream_are_ignored() -> None:
    packets = spoken("pcmu", 10)
    for i in range(100, 400, 20):
        packets[i] = Packet(i, i * 77777, packets[i].payload, ssrc=9)
    call = carry(packets, lambda i: [30])
    assert call.statistics["resets"] == 1
    assert call.puts["on_trial"] == 15
    assert call.concealed_after(0.2) <= 15 + 3


def test_a_pause_is_silent_and_sound_comes_back_at_the_target() -> None:
    """The sender is quiet for 2 s without sending (its timestamp goes on)."""
    call = carry(spoken("pcmu", 10), lambda i: [] if 200 <= i < 300 else [30])
    assert set(call.results[215:300]) == {"silent"}
    assert not np.any(call.between(4.4, 5.9))
    assert call.concealed_after(6.2) <= 3
    assert level_dbfs(call.between(6.2, 9.9)) > -18


def test_reset_forgets() -> None:
    buffer = _stages.Jitter("pcmu", 8000)
    for i, one in enumerate(spoken("pcmu", 1)):
        buffer.put(one.payload, sequence=one.sequence, timestamp=one.timestamp, arrival_ns=i * TICK)
        buffer.get(i * TICK + MS)
    buffer.reset()
    assert buffer.get(51 * TICK) == ("silent", bytes(320))
    assert buffer.put(bytes(160), sequence=1, timestamp=5, ssrc=77, arrival_ns=52 * TICK) == "kept"


@pytest.mark.parametrize("payload", [b"", bytes(1501), bytes(961)])
def test_what_can_be_no_packet_is_refused(payload: bytes) -> None:
    buffer = _stages.Jitter("pcmu", 8000)
    assert buffer.put(payload, sequence=0, timestamp=0, arrival_ns=0) == "malformed"


@pytest.mark.parametrize(("codec", "rate"), [("pcmu", 48000), ("opus", 44100), ("l16_8k", 8000)])
def test_other_pairs_of_codec_and_rate_are_refused(codec: Literal["pcmu", "opus", "l16_8k"], rate: int) -> None:
    with pytest.raises(ValueError, match=codec):
        _stages.Jitter(codec, rate)


SPOKEN: dict[tuple[Codec, int], list[Packet]] = {
    ("pcmu", 8000): spoken("pcmu", 6),
    ("opus", 8000): spoken("opus", 6),
    ("opus", 48000): spoken("opus", 6, 48000),
}


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(list(SPOKEN)),
    st.integers(0, 2**32),
    st.tuples(st.floats(0, 0.4), st.floats(0, 0.4)),
    st.floats(0, 120),
    st.floats(-0.002, 0.002),
)
def test_any_network_is_survived(
    kind: tuple[Codec, int], seed: int, shares: tuple[float, float], jitter_ms: float, drift: float
) -> None:
    loss, doubled = shares
    network = random.Random(seed)
    sent = 0

    def delays(i: int) -> list[float]:
        nonlocal sent
        if network.random() < loss:
            return []
        copies = [20 + network.uniform(0, jitter_ms) for _ in range(2 if network.random() < doubled else 1)]
        sent += len(copies)
        return copies

    codec, rate = kind
    call = carry(SPOKEN[kind], delays, codec=codec, rate=rate, drift=drift, tick_jitter_ms=4, seed=seed)
    assert len(call.sound) == 302 * rate // 50
    assert call.statistics["received"] == sum(call.puts.values()) <= sent
    assert call.puts["on_trial"] == call.puts["malformed"] == 0
    assert all(20 <= target <= 60 for target in call.targets_ms)
    if loss < 0.02 and jitter_ms < 30:
        assert call.concealed_after(2) <= 30
        assert tone_share(call.between(2, 5.5), TONE_HZ, rate) > 0.8


packet_strategy = st.tuples(
    st.sampled_from([1, 1, 1, 2]),
    st.one_of(st.integers(0, 0xFFFF), st.integers(0, 20)),
    st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 20).map(lambda n: n * 160)),
    st.one_of(st.binary(max_size=200), st.just(b"\xff" * 160), st.just(bytes(1501))),
    st.integers(-50, 500),
)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(list(SPOKEN)), st.lists(packet_strategy, max_size=80))
def test_any_packets_are_survived(kind: tuple[Codec, int], packets: list[tuple[int, int, int, bytes, int]]) -> None:
    codec, rate = kind
    buffer = _stages.Jitter(codec, rate)
    now = 10**9
    for ssrc, sequence, timestamp, payload, step_ms in packets:
        buffer.put(payload, sequence=sequence, timestamp=timestamp, ssrc=ssrc, arrival_ns=now)
        now += step_ms * MS
        if step_ms % 3:
            result, sound = buffer.get(now)
            assert result in {"played", "concealed", "silent", "quiet"}
            assert len(sound) == 2 * (rate // 50)


def test_a_packet_from_long_ago_into_an_empty_buffer_is_late() -> None:
    """Nothing is held, nothing is played, and it is older than all that is ever held."""
    buffer = _stages.Jitter("pcmu", 8000)
    assert buffer.put(bytes(160), sequence=1000, timestamp=8000, arrival_ns=0) == "kept"
    for tick in range(15):
        buffer.get(tick * TICK)
    assert buffer.put(bytes(160), sequence=980, timestamp=8000 - 20 * 160, arrival_ns=15 * TICK) == "late"
    assert buffer.statistics()["late"] == 1
    assert buffer.put(bytes(160), sequence=1001, timestamp=8160, arrival_ns=16 * TICK) == "kept"
