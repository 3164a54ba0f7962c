"""The benchmark of the handover on a small scale: real calls, real agents' sockets, and figures of the right shape."""

from __future__ import annotations

import json

import pytest

from gateway.app.bench import handover
from gateway.app.bench.handover import quantiles, run


def test_it_prints_json(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "TALK_S", (0.05, 0.1))
    monkeypatch.setattr(handover, "SETTLE_S", 0.2)
    assert run(callers=6, agents=2, events=6, seconds=1.0, as_json=True) == 0
    printed = json.loads(capfd.readouterr().out)
    assert (printed["callers"], printed["agents"]) == (6, 2)
    assert printed["events"] >= 6
    for times in ("handover_ms", "hang_up_ms", "ready_ms"):
        assert 0 < printed[times]["p50"] <= printed[times]["p95"] <= printed[times]["max"] < 10_000
    assert -5 < printed["cpu_percent_per_waiting"] < 5  # so few callers are less than the noise
    assert printed["cpu"]["ms_per_handover"] > 0
    sent, received = printed["rtp_per_caller"]
    assert sent == pytest.approx(50, rel=0.6)
    assert received == pytest.approx(50, rel=0.6)
    assert {"cores", "load", "loop_waited_percent"} <= set(printed["machine"])


def test_quantiles_are_of_the_nearest_rank() -> None:
    hundred = [float(n) for n in range(100, 0, -1)]
    assert (quantiles(hundred).p50, quantiles(hundred).p95, quantiles(hundred).max) == (50.0, 95.0, 100.0)
    assert quantiles([3.0]).p95 == 3.0
    assert quantiles([]).max == 0.0
