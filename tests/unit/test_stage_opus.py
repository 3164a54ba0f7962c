"""Opus as the plane uses it: rates, loss, malformed packets."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import _stages
from tests.support.audio_probe import level_dbfs, pcm, sine, tone_share


def speech_like(rate: int, frames: int) -> list[bytes]:
    """A buzzing voice that changes its pitch, so that the encoder takes it for speech."""
    t = np.arange(frames * rate // 50) / rate
    phase = 2 * np.pi * np.cumsum(130 + 30 * np.sin(2 * np.pi * 2.1 * t)) / rate
    wave = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 12))
    wave = wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3.3 * t)) * 5000
    whole = wave.astype(np.int16)
    size = rate // 50
    return [whole[i * size : (i + 1) * size].tobytes() for i in range(frames)]


@pytest.mark.parametrize("encode_rate", [8000, 48000])
@pytest.mark.parametrize("decode_rate", [8000, 48000])
def test_a_tone_comes_through_at_any_pair_of_rates(encode_rate: int, decode_rate: int) -> None:
    encoder = _stages.OpusEncoder(encode_rate)
    decoder = _stages.OpusDecoder(decode_rate)
    size = encode_rate // 50
    heard = b"".join(
        decoder.decode(encoder.encode(sine(1000, encode_rate, size, start=i * size).tobytes())) for i in range(50)
    )
    whole = pcm(heard)
    assert len(whole) == decode_rate
    assert tone_share(whole[decode_rate // 5 :], 1000, decode_rate) > 0.95


@pytest.mark.parametrize("rate", [0, 7999, 44100])
def test_other_rates_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match=str(rate)):
        _stages.OpusEncoder(rate)
    with pytest.raises(ValueError, match=str(rate)):
        _stages.OpusDecoder(rate)


def test_a_lost_packet_is_recovered_from_the_copy_in_the_next_one() -> None:
    frames = speech_like(8000, 60)
    encoder = _stages.OpusEncoder(8000, loss_percent=20)
    packets = [encoder.encode(frame) for frame in frames]
    with_copy = [i for i in range(20, 60) if _stages.opus_carries_fec(packets[i])]
    assert len(with_copy) > 20
    lost = with_copy[5] - 1
    whole, recovering, concealing = (_stages.OpusDecoder(8000) for _ in range(3))
    for packet in packets[:lost]:
        for decoder in (whole, recovering, concealing):
            decoder.decode(packet)
    truth = pcm(whole.decode(packets[lost])).astype(float)
    recovered = pcm(recovering.recover(packets[lost + 1], 160)).astype(float)
    concealed = pcm(concealing.conceal(160)).astype(float)
    assert np.corrcoef(truth, recovered)[0, 1] > 0.8
    assert np.mean((truth - recovered) ** 2) < np.mean((truth - concealed) ** 2)


def test_a_packet_is_said_to_carry_a_copy_exactly_when_it_does() -> None:
    """Without a copy libopus conceals instead, so that both come out the same."""
    encoder = _stages.OpusEncoder(8000, loss_percent=20)
    packets = [encoder.encode(frame) for frame in speech_like(8000, 50)]
    packets[30:] = [_stages.OpusEncoder(8000).encode(frame) for frame in speech_like(8000, 20)]
    carries = []
    for lost in range(15, 49):
        recovering, concealing = _stages.OpusDecoder(8000), _stages.OpusDecoder(8000)
        for packet in packets[:lost]:
            recovering.decode(packet)
            concealing.decode(packet)
        carried = recovering.recover(packets[lost + 1], 160) != concealing.conceal(160)
        assert _stages.opus_carries_fec(packets[lost + 1]) == carried
        carries.append(carried)
    assert 5 < sum(carries) < len(carries)


def test_without_loss_no_copy_is_sent() -> None:
    encoder = _stages.OpusEncoder(8000)
    assert not any(_stages.opus_carries_fec(encoder.encode(frame)) for frame in speech_like(8000, 40))


def test_concealment_fades() -> None:
    encoder, decoder = _stages.OpusEncoder(48000), _stages.OpusDecoder(48000)
    for i in range(20):
        before = decoder.decode(encoder.encode(sine(400, 48000, 960, start=960 * i).tobytes()))
    levels = [level_dbfs(pcm(decoder.conceal(960))) for _ in range(25)]
    assert levels[0] > level_dbfs(pcm(before)) - 6
    assert levels[-1] < levels[0] - 20


@given(st.binary(max_size=1600))
def test_any_packet_either_decodes_or_is_refused(packet: bytes) -> None:
    decoder = _stages.OpusDecoder(8000)
    samples = _stages.opus_samples(packet, 8000)
    assert samples == -1 or 0 < samples <= 960
    _stages.opus_carries_fec(packet)
    with contextlib.suppress(ValueError):
        assert len(decoder.decode(packet)) == 2 * samples
    assert len(decoder.conceal(160)) == 320
