"""The benchmark runs and its figures have the shape that others read."""

from __future__ import annotations

import json
import os

import pytest

from acd_core.bench import figures, main
from acd_core.bench.world import Size
from acd_core.strategies import STRATEGIES


def test_figures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = Size(20, 200, 10, 10)
    monkeypatch.setattr(figures, "FULL", small)
    monkeypatch.setattr(figures, "PLAIN", small._replace(plain=True))
    monkeypatch.setattr(figures, "WORST", small._replace(classes=200))
    monkeypatch.setattr(figures, "COMPARED", small)
    monkeypatch.setattr(figures, "SCALES", (100,))
    monkeypatch.setattr(figures, "SCALE_CLASSES", 10)
    cores = os.sched_getaffinity(0)
    assert main(["--json", "--events", "100"]) == 0
    assert os.sched_getaffinity(0) == cores
    found = json.loads(capsys.readouterr().out)
    for key in ("freed_agent_us", "arrival_us", "api_freed_agent_us", "api_arrival_us", "skill_change_us"):
        assert 0 < found[key]["p50"] <= found[key]["p99"] <= found[key]["p999"]
    assert found["ratio_to_reference"]["freed_agent"] > 1
    assert [row["strategy"] for row in found["scaling"]] == ["mixed", *STRATEGIES]
    assert found["worst_case"]["classes"] == 200
    assert 0 < found["bytes_per_waiting"] < 1000
    assert found["journalled_decisions_per_s"] > 0
