"""The media plane for a minute, and ten thousand times: no packet lost, nothing behind, nothing left over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.app.bench.media import allow_files, first_in_line
from gateway.app.bench.media_churn import churn
from gateway.app.bench.media_rows import KINDS, Kind, talk_through_plane

SECONDS = 60.0

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _room() -> Iterator[None]:
    allow_files()
    with first_in_line():
        yield


async def talk_for_a_minute(kind: Kind, calls: int) -> None:
    one = await talk_through_plane(calls, SECONDS, kind)
    assert one.figures.sent == calls * 2 * SECONDS * 50
    assert one.counted.lost == 0, "dropped, not read in time, or missed by the plane"
    assert (one.figures.lost, one.figures.duplicates, one.figures.unauthentic) == (0, 0, 0)
    assert one.figures.overflowed == 0, "the load generator itself read too late"


async def test_500_relayed_calls() -> None:
    await talk_for_a_minute(KINDS["relay"], 500)


async def test_100_transcoded_calls() -> None:
    await talk_for_a_minute(KINDS["transcode"], 100)


async def test_10000_bridges() -> None:
    came = await churn(10_000)
    assert came.faults == []
    assert came.packets > came.bridges
    assert came.recordings == came.bridges / 10
