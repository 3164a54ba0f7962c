"""G.711 against the Recommendation's formulas, and its loss concealment."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import _stages
from tests.support.audio_probe import level_dbfs, pcm, sine, tone_share

Law = Literal["pcmu", "pcma"]
LAWS: tuple[Law, ...] = ("pcmu", "pcma")


def mu_law_value(octet: int) -> int:
    """G.711 table 2: 14-bit values, here times four."""
    octet = ~octet & 0xFF
    segment, step = octet >> 4 & 7, octet & 15
    value = (((2 * step + 33) << segment) - 33) * 4
    return -value if octet & 0x80 else value


def a_law_value(octet: int) -> int:
    """G.711 table 1: 13-bit values, here times eight; even bits are inverted on the line."""
    octet ^= 0x55
    segment, step = octet >> 4 & 7, octet & 15
    value = step * 16 + 8 if segment == 0 else (step * 16 + 8 + 256) << (segment - 1)
    return value if octet & 0x80 else -value


VALUES = {"pcmu": mu_law_value, "pcma": a_law_value}
ALL_OCTETS = bytes(range(256))


@pytest.mark.parametrize("law", LAWS)
def test_every_octet_decodes_to_the_value_of_the_recommendation(law: Law) -> None:
    decoded = pcm(_stages.decode_g711(law, ALL_OCTETS))
    assert decoded.tolist() == [VALUES[law](octet) for octet in range(256)]


@pytest.mark.parametrize("law", LAWS)
def test_every_octet_survives_decoding_and_encoding(law: Law) -> None:
    again = _stages.encode_g711(law, _stages.decode_g711(law, ALL_OCTETS))
    expected = bytearray(ALL_OCTETS)
    if law == "pcmu":
        expected[0x7F] = 0xFF  # negative zero is zero
    assert again == bytes(expected)


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_lies_in_the_interval_of_its_octet(law: Law) -> None:
    """Within half a step of the decoded value; a step doubles with each segment (G.711 tables 1 and 2)."""
    samples = np.arange(-32768, 32768)
    octets = np.frombuffer(_stages.encode_g711(law, samples.astype(np.int16).tobytes()), np.uint8).astype(int)
    decoded = pcm(_stages.decode_g711(law, octets.astype(np.uint8).tobytes())).astype(int)
    if law == "pcmu":
        half_step = 4 << (~octets >> 4 & 7)
        within = np.abs(samples) <= 8158 * 4  # what lies above is clipped
    else:
        half_step = 8 << np.maximum((octets ^ 0x55) >> 4 & 7, 1) - 1
        within = np.ones(len(samples), dtype=bool)
    assert np.all((np.abs(decoded - samples) <= half_step + 3)[within])
    assert np.all(np.diff(decoded) >= 0)


@pytest.mark.parametrize(("law", "other"), [("pcmu", "pcma"), ("pcma", "pcmu")])
def test_transcoding_is_as_good_as_through_pcm(law: Law, other: Law) -> None:
    assert _stages.transcode_g711(law, ALL_OCTETS) == _stages.encode_g711(other, _stages.decode_g711(law, ALL_OCTETS))


@given(st.binary(max_size=2000), st.sampled_from(LAWS))
def test_any_octets_decode_to_as_many_samples(octets: bytes, law: Law) -> None:
    assert len(_stages.decode_g711(law, octets)) == 2 * len(octets)


def test_a_lost_frame_goes_on_as_the_tone_did_and_joins_without_a_click() -> None:
    plc = _stages.Plc()
    frames = [sine(300, 8000, 160, start=160 * i) for i in range(10)]
    played = [plc.good(frame.tobytes()) for frame in frames[:5]]
    played.append(plc.conceal(160))
    played += [plc.good(frame.tobytes()) for frame in frames[6:]]
    whole = pcm(b"".join(played))
    assert tone_share(whole, 300, 8000) > 0.97
    steepest = 2 * np.pi * 300 / 8000 * 8000
    assert np.max(np.abs(np.diff(whole.astype(int)))) < 1.3 * steepest
    assert level_dbfs(whole[800:960]) > level_dbfs(whole[:800]) - 3


def test_a_long_loss_fades_to_silence_within_60_ms() -> None:
    plc = _stages.Plc()
    for i in range(5):
        plc.good(sine(200, 8000, 160, start=160 * i).tobytes())
    made_up = pcm(b"".join(plc.conceal(160) for _ in range(5)))
    assert level_dbfs(made_up[:80]) > -16
    assert level_dbfs(made_up[400:480]) < level_dbfs(made_up[:80]) - 12
    assert not np.any(made_up[480:])


def test_a_second_loss_is_concealed_like_the_first() -> None:
    plc = _stages.Plc()
    levels = []
    for i in range(40):
        if i in {10, 30}:
            levels.append(level_dbfs(pcm(plc.conceal(160))))
        else:
            plc.good(sine(250, 8000, 160, start=160 * i).tobytes())
    assert levels[1] == pytest.approx(levels[0], abs=1)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=30), st.integers(0, 2**32 - 1))
def test_concealment_survives_any_sound_and_any_loss(turns: list[tuple[bool, int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    plc = _stages.Plc()
    for good, samples in turns:
        sound = random.integers(-32768, 32768, samples).astype(np.int16).tobytes()
        played = plc.good(sound) if good else plc.conceal(samples)
        assert len(played) == 2 * samples
