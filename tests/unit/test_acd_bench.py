"""The benchmark runs and its figures have the shape that others read."""

from __future__ import annotations

import json

import pytest

from acd_core import bench


def test_figures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = bench.Size(20, 200, 10, 10)
    monkeypatch.setattr(bench, "FULL", small)
    monkeypatch.setattr(bench, "COMPARED", small)
    monkeypatch.setattr(bench, "SCALES", (2,))
    assert bench.main(["--json", "--events", "100"]) == 0
    figures = json.loads(capsys.readouterr().out)
    for key in ("api_freed_agent_us", "api_arrival_us"):
        assert 0 < figures[key]["p50"] <= figures[key]["p99"] <= figures[key]["p999"]
    assert figures["ratio_to_reference"]["freed_agent"] > 1
    assert [row["waiting"] for row in figures["scaling"]] == [100]
    assert figures["events"]["arrival"] == 100
