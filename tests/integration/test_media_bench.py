"""The benchmark of the media plane on a small scale: its figures are there and nothing is lost."""

from __future__ import annotations

import json

import pytest

from gateway.app.bench.media import measure, run


async def test_calls_are_carried_without_loss() -> None:
    report = await measure(calls=4, seconds=1.2)
    for row in (report.relay, report.transcode):
        assert (row.calls, row.lost) == (4, 0)
        assert row.packets == 4 * 2 * 60
        assert 0 < row.cpu_percent_per_call < 10
        assert row.calls_per_core > 10
    assert 0 < report.relay.delay_us.p50 < 20_000
    assert 20_000 < report.transcode.delay_us.p50 < 400_000


def test_it_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(calls=1, seconds=0.2, as_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"relay", "transcode"}
    assert set(printed["relay"]["delay_us"]) >= {"p50", "p99"}
