"""N-1 mixing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import _stages
from tests.support.audio_probe import pcm


@given(st.integers(2, 12), st.sampled_from([160, 960]), st.integers(0, 2**32 - 1), st.data())
def test_each_hears_the_others_saturated(parties: int, samples: int, seed: int, data: st.DataObject) -> None:
    random = np.random.default_rng(seed)
    silent = data.draw(st.lists(st.booleans(), min_size=parties, max_size=parties))
    silent[0] = False
    wanted = data.draw(st.lists(st.booleans(), min_size=parties, max_size=parties))
    said = [None if quiet else random.integers(-32768, 32768, samples).astype(np.int16) for quiet in silent]
    heard = _stages.mix([None if one is None else one.tobytes() for one in said], wanted)
    for party in range(parties):
        found = heard[party]
        if not wanted[party]:
            assert found is None
            continue
        others = np.zeros(samples, dtype=int)
        for other in range(parties):
            one = said[other]
            if other != party and one is not None:
                others += one
        assert found is not None
        assert np.array_equal(pcm(found), np.clip(others, -32768, 32767))
