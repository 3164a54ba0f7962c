"""From PCM to packets: every codec at every rate it has, every packet time, loss, DTX; and silence."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import pytest

from gateway.media import _stages
from tests.support.audio_probe import Pcm, level_dbfs, pcm, sine, tone_share

Name: TypeAlias = Literal["pcmu", "pcma", "g722", "opus"]
PAIRS: list[tuple[Name, int]] = [
    ("pcmu", 8000),
    ("pcma", 8000),
    ("g722", 8000),
    ("g722", 16000),
    ("opus", 8000),
    ("opus", 16000),
    ("opus", 48000),
]
MS = 1_000_000
TONE_HZ = 700


def clock(codec: Name) -> int:
    return 48000 if codec == "opus" else 8000


def decoded(codec: Name, packets: list[bytes], rate: int) -> Pcm:
    if codec == "opus":
        decoder = _stages.OpusDecoder(rate)
        return np.concatenate([pcm(decoder.decode(packet)) for packet in packets])
    if codec == "g722":
        return pcm(_stages.G722(rate).decode(b"".join(packets)))
    return pcm(_stages.decode_g711(codec, b"".join(packets)))


def spoken(encoder: _stages.Encoder, rate: int, frames: int = 60, tone_hz: float = TONE_HZ) -> list[tuple[bytes, int]]:
    size = rate // 50
    return [one for i in range(frames) for one in encoder.put(sine(tone_hz, rate, size, start=i * size).tobytes())]


@pytest.mark.parametrize("packet_ms", [10, 20, 30, 40, 50, 60])
@pytest.mark.parametrize(("codec", "rate"), PAIRS)
def test_packets_are_as_long_as_the_other_side_wants(codec: Name, rate: int, packet_ms: int) -> None:
    packets = spoken(_stages.Encoder(codec, rate, packet_ms), rate)
    if codec == "opus" and packet_ms in {30, 50}:
        packet_ms = 20  # an Opus frame has no such length
    assert {ticks for _, ticks in packets} == {clock(codec) * packet_ms // 1000}
    assert len(packets) == 60 * 20 // packet_ms
    sound = decoded(codec, [payload for payload, _ in packets], rate)
    assert len(sound) == len(packets) * packet_ms * rate // 1000
    assert tone_share(sound[rate // 5 :], TONE_HZ, rate) > 0.97
    assert level_dbfs(sound[rate // 5 :]) == pytest.approx(level_dbfs(sine(TONE_HZ, rate, rate)), abs=1)


def test_g722_carries_what_a_telephone_does_not() -> None:
    packets = [payload for payload, _ in spoken(_stages.Encoder("g722", 16000), 16000, tone_hz=6000)]
    assert tone_share(decoded("g722", packets, 16000)[3200:], 6000, 16000) > 0.9
    narrow = decoded("g722", packets, 8000)[1600:]
    assert level_dbfs(narrow) < -40, "its lower band alone does not hold that tone, nor an alias of it"


@pytest.mark.parametrize(("codec", "rate"), [("pcmu", 16000), ("pcma", 48000), ("g722", 48000), ("opus", 44100)])
def test_other_pairs_of_codec_and_rate_are_refused(codec: Name, rate: int) -> None:
    with pytest.raises(ValueError, match=codec):
        _stages.Encoder(codec, rate)


@pytest.mark.parametrize("codec", ["l16_8k", "l16_48k"])
def test_linear_pcm_is_for_captures_only(codec: Literal["l16_8k", "l16_48k"]) -> None:
    with pytest.raises(ValueError, match=codec):
        _stages.Encoder(codec, 8000)


def speech(frames: int) -> list[bytes]:
    """A buzzing voice at 8 kHz that changes its pitch: libopus takes it for speech."""
    t = np.arange(frames * 160) / 8000
    phase = 2 * np.pi * np.cumsum(130 + 30 * np.sin(2 * np.pi * 2.1 * t)) / 8000
    wave = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 12)) * 5000
    return [wave.astype(np.int16)[i * 160 : i * 160 + 160].tobytes() for i in range(frames)]


def copies(encoder: _stages.Encoder, frames: list[bytes]) -> int:
    return sum(_stages.opus_carries_fec(payload) for frame in frames for payload, _ in encoder.put(frame))


def test_copies_are_sent_while_loss_is_reported_and_a_while_after() -> None:
    encoder, voice = _stages.Encoder("opus", 8000), speech(200)
    assert copies(encoder, voice[:40]) == 0
    encoder.set_loss(20)
    assert copies(encoder, voice[40:80]) > 10
    encoder.set_loss(0)
    assert copies(encoder, voice[80:120]) > 10, "loss comes in clusters: one report without does not end it"
    for _ in range(12):
        encoder.set_loss(0)
    assert copies(encoder, voice[121:160]) <= 1


def test_no_copies_for_who_can_not_use_them() -> None:
    encoder = _stages.Encoder("opus", 8000, opus_fec=False)
    encoder.set_loss(20)
    assert copies(encoder, speech(80)) == 0


def test_silence_is_not_sent_with_dtx() -> None:
    encoder = _stages.Encoder("opus", 8000, opus_dtx=True)
    for frame in speech(50):
        assert all(payload for payload, _ in encoder.put(frame))
    quiet = [encoder.put(bytes(320)) for _ in range(150)]
    assert {len(packets) for packets in quiet} == {1}, "the time passes, whether there is something to send or not"
    sent = [packets[0][0] for packets in quiet if packets[0][0]]
    assert len(sent) < 40
    assert min(map(len, sent)) <= 2, "the first one that tells of silence is sent"
    assert all(payload for frame in speech(10) for payload, _ in encoder.put(frame))


def test_without_dtx_silence_is_sent() -> None:
    encoder = _stages.Encoder("opus", 8000)
    assert all(len(payload) > 2 for _ in range(150) for payload, _ in encoder.put(bytes(320)))


def test_nothing_is_coded_that_the_other_side_does_not_play() -> None:
    narrow = _stages.Encoder("opus", 48000, opus_playback_rate=8000)
    packets = [payload for payload, _ in spoken(narrow, 48000, tone_hz=6000)]
    assert level_dbfs(decoded("opus", packets, 48000)[9600:]) < -40
    wide = [payload for payload, _ in spoken(_stages.Encoder("opus", 48000), 48000, tone_hz=6000)]
    assert tone_share(decoded("opus", wide, 48000)[9600:], 6000, 48000) > 0.9


@pytest.mark.parametrize("bitrate", [8000, 16000, 64000])
def test_the_bit_rate_is_kept(bitrate: int) -> None:
    encoder = _stages.Encoder("opus", 48000, opus_bitrate=bitrate)
    noise = np.random.default_rng(1).normal(0, 3000, 48000).astype(np.int16).reshape(50, 960)
    octets = sum(len(payload) for frame in noise for payload, _ in encoder.put(frame.tobytes()))
    assert octets * 8 < 1.25 * bitrate


@pytest.mark.parametrize(("most", "kept"), [(8000, 8000), (300_000, 32_000)])
def test_a_limit_of_the_bit_rate_is_no_wish(most: int, kept: int) -> None:
    encoder = _stages.Encoder("opus", 48000, opus_bitrate_max=most)
    noise = np.random.default_rng(1).normal(0, 3000, 48000).astype(np.int16).reshape(50, 960)
    octets = sum(len(payload) for frame in noise for payload, _ in encoder.put(frame.tobytes()))
    assert octets * 8 < 1.25 * kept


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "g722", "opus"])
def test_silence_is_silent_whatever_was_before(codec: Name) -> None:
    rate = 16000 if codec == "g722" else 8000
    loud = [payload for payload, _ in spoken(_stages.Encoder(codec, rate), rate, 10)]
    sound = decoded(codec, [*loud, *[_stages.silence(codec)] * 25], rate)
    assert level_dbfs(sound[: rate // 5]) > -20
    assert level_dbfs(sound[-rate // 4 :]) < (-58 if codec == "g722" else -65)
