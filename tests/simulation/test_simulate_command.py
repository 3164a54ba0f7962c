"""`zentrale simulate`: what it prints, writes and refuses."""

from __future__ import annotations

import importlib.util
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gateway.app.cli import main
from gateway.app.queue_table import duration
from gateway.app.simulate import run
from gateway.app.simulation.scenario import load, parse, to_plan
from gateway.config.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.toml"))

SMALL = """\
[scenario]
title = "Small & <quick>"
opens = "09:00"
closes = "10:00"
days = 3
[[queues]]
name = "q"
title = "Questions"
[[streams]]
name = "call"
queue = "q"
per_hour = 60
handling = { kind = "exponential", mean_s = 120 }
patience = { mean_s = 90 }
[[agents]]
name = "team"
count = 2
queues = ["q"]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, file="s.toml")
    return [line.removeprefix("s.toml:") for line in str(caught.value).splitlines()]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, "utf-8")
    return path


def test_a_table_for_people(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(small), "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Small & <quick>: 3 days from 09:00 to 10:00, seed 3\n")
    assert "Questions" in out
    assert "service level" in out
    assert "+-" in out
    assert "a second)" in out
    assert not err, "no progress bar where nobody looks"


@pytest.mark.parametrize("days", ["-3", "0", "1.5", "many", "1000001"])
def test_days_that_are_none(small: Path, capsys: pytest.CaptureFixture[str], days: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["simulate", str(small), f"--days={days}"])
    assert caught.value.code == 2
    assert f"argument --days: {days!r} is not a number of days from 1 to" in capsys.readouterr().err


def test_so_many_days(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(small), "--days", "1"]) == 0
    assert "1 day" in capsys.readouterr().out


def test_all_formulas(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(small), "--formulas"]) == 0
    assert "answered in time / (answered + abandoned later)" in capsys.readouterr().out


def test_estimates_are_judged(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(small), "--estimates", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)["estimates"]
    assert judged["estimates"] > 5
    assert 0.2 < judged["within_p50"] < judged["within_p90"]
    assert main(["simulate", str(small), "--estimates"]) == 0
    assert f"told in advance: {judged['estimates']} estimates" in capsys.readouterr().out


def test_json(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(small), "--seed", "3", "--json", "--days", "2"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["days"] == 2
    queue = first["queues"][0]
    counts = {key: queue[key]["mean"] for key in ("offered", "answered", "abandoned", "overflowed", "waiting")}
    assert counts.pop("offered") == pytest.approx(sum(counts.values()))
    assert 0 < queue["service_levels"]["of_offered"]["mean"] < 1
    assert len(first["intervals"]["q"]) >= 4
    assert main(["simulate", str(small), "--seed", "3", "--json", "--days", "2"]) == 0
    again = json.loads(capsys.readouterr().out)
    for key in ("took_s", "events_per_s"):
        del first[key], again[key]
    assert first == again, "the same seed, the same days"
    assert main(["simulate", str(small), "--seed", "4", "--json", "--days", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["queues"] != first["queues"]


def test_a_picture(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "day.svg"
    assert main(["simulate", str(small), "--svg", str(picture)]) == 0
    root = ET.parse(picture).getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Small & <quick>" in texts
    assert "Questions: waiting, s" in texts
    assert "09:00" in texts
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        points = [tuple(map(float, point.split(","))) for point in (line.get("points") or "").split()]
        assert all(0 <= x <= 960 and 0 <= y <= float(root.get("height") or 0) for x, y in points)
    assert main(["simulate", str(small), "--svg", str(tmp_path)]) == 1
    assert "can't be written: Is a directory" in capsys.readouterr().err


def test_a_progress_bar_on_a_terminal(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    clock = iter(range(1_000_000))
    monkeypatch.setattr("gateway.app.simulate.time.monotonic", lambda: next(clock))
    out = Terminal()
    assert len(run(load(small), 1, 2, out)) == 2
    assert "day 2 of 2" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K"), "it is wiped away"


def test_a_faulty_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faulty.toml"
    path.write_text(SMALL.replace("per_hour", "per_huor"), "utf-8")
    assert main(["simulate", str(path)]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert f'{path}:12: streams[0].per_huor: unknown key; did you mean "per_hour"?' in err
    assert main(["simulate", str(tmp_path / "missing.toml")]) == 2
    assert "there is no such file; check the path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"10:00"', '"08:30"', "4: scenario.closes: the day ends before it begins; choose a later time, up to 24:00"),
        ('"10:00"', '"10"', '4: scenario.closes: "10" has characters that are not allowed here; use a time of day'),
        ("days = 3", "days = 0", "5: scenario.days: 0 is too small; use a number from 1 to 1000"),
        ('queue = "q"', 'queue = "qq"', '11: streams[0].queue: there is no queue "qq"; did you mean "q"?'),
        ("= 60", "= nan", "12: streams[0].per_hour: nan is no number to count with; use a number from 0 to 100000"),
        ("= 60", "= -1", "12: streams[0].per_hour: -1 is too small; use a number from 0 to 100000"),
        ("= 60", '= "60"', '12: streams[0].per_hour: must be a number, not the text "60"; write it without quotes'),
        ("= 60", "= 60\nprofile = [1]", "13: streams[0].profile: is given beside per_hour; give either"),
        ("per_hour = 60", "profile = [1, 2]", "12: streams[0].profile: has 2 intervals of 60 min; the day from"),
        ("per_hour = 60\n", "", "9: streams[0].profile: says not how many arrive; give either per_hour or profile"),
        ("mean_s = 120", "mean_s = 0", "13: streams[0].handling.mean_s: is 0; use a number above 0"),
        (", mean_s = 120", "", "13: streams[0].handling.mean_s: missing; add mean_s = ..., in seconds"),
        ('"exponential", ', '"empirical", ', "13: streams[0].handling.values_s: missing; add the measured values"),
        ('"exponential", ', '"deterministic", cv = 1, ', "13: streams[0].handling.cv: does not go with deterministic"),
        ("{ mean_s = 90 }", "90", "14: streams[0].patience: must be a table, not the number 90; write patience = {"),
        ("patience =", "transfer_percent = 5\npatience =", "14: streams[0].transfer_percent: says not where to; add"),
        ('["q"]', '["x"]', '18: agents[0].queues[0]: there is no queue "x"; use one of "q"'),
        ("count = 2", 'shifts = ["9:00-17:00"]', '17: agents[0].shifts[0]: "9:00-17:00" has characters that'),
        ("count = 2", 'shifts = ["09:00-08:00"]', "17: agents[0].shifts[0]: ends before it begins; a shift ends on"),
        ("count = 2", 'shifts = ["09:00-11:00", "10:00-12:00"]', "17: agents[0].shifts[1]: begins before the one"),
        ('title = "Questions"', 'strategy = "longest"', '8: queues[0].strategy: "longest" is not one of'),
        ("[[streams]]", 'order = { policy = "ratio" }\n[[streams]]', "9: queues[0].order.share: missing; the policy"),
        ("[[streams]]", "order = { share = 2 }\n[[streams]]", "9: queues[0].order.share: does nothing with the policy"),
        (
            "[[streams]]",
            '[[queues.overflow]]\nto = "x"\nwhen = "size"\nwaiting = 3\n[[streams]]',
            '10: queues[0].overflow[0].to: there is no queue "x"; use one of "q"',
        ),
        ("patience =", 'needs = ["x>=101"]\npatience =', "14: streams[0].needs[0]: 101 is too large; use a level from"),
        ("count = 2", "capacity = 2", "17: agents[0].capacity: does nothing without lanes; add [[agents.lanes]]"),
        (
            "count = 2",
            "lanes = [{ channel = 'mail', weight = 3 }, { channel = 'mail' }]\ncapacity = 2",
            "17: agents[0].lanes[0].weight: 3 is more than the capacity of 2; make capacity greater",
        ),
        (
            "count = 2",
            "lanes = [{ channel = 'mail' }, { channel = 'mail' }]",
            '17: agents[0].lanes[1].channel: "mail" stands there twice; remove one',
        ),
        ("count = 2", "skills = ['x']\nlevels = { x = 3 }", "18: agents[0].levels.x: stands under skills already"),
        ("[[agents]]", '[[queues]]\nname = "q"\n[[agents]]', '16: queues[1].name: "q" is taken by queues[0]; choose'),
        ("= 60", "= 100000\n[[agents]]\nname = 'x'\nqueues = []", "15: agents[0].queues: is empty; give at least 1"),
    ],
)
def test_mistakes_by_line(old: str, new: str, expected: str) -> None:
    assert old in SMALL
    found = problems(SMALL.replace(old, new))
    assert any(line.startswith(expected) for line in found), found


def test_too_much_is_refused() -> None:
    text = SMALL.replace("09:00", "00:00").replace("10:00", "24:00").replace("= 60", "= 100000")
    assert problems(text)[0].startswith("9: streams: 2400000 contacts a day are more than 2000000")
    crowds = "".join(f'[[agents]]\nname = "crowd{number}"\ncount = 5000\nqueues = ["q"]\n' for number in range(5))
    assert problems(SMALL + crowds)[0].startswith("15: agents: 25002 agents are more than 20000; simulate fewer")


def test_all_mistakes_are_reported_at_once() -> None:
    text = SMALL.replace("days = 3", "days = 'x'").replace("= 60", "= true").replace("count = 2", "count = 0")
    assert [line.split(":")[1].strip() for line in problems(text)] == [
        "scenario.days",
        "streams[0].per_hour",
        "agents[0].count",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_work(path: Path) -> None:
    scenario = load(path)
    results = run(scenario, 1, 2, io.StringIO())
    for result in results:
        assert result.report.all.counts.waiting == 0
        assert result.contacts == pytest.approx(to_plan(scenario).expected, rel=0.25)


def test_the_examples_are_there() -> None:
    assert [path.stem for path in EXAMPLES] == ["mail-and-calls", "multi-skill", "small-hotline"]


def test_the_reference_is_that_of_the_schema() -> None:
    spec = importlib.util.spec_from_file_location("make_scenario_reference", ROOT / "tools/make_scenario_reference.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = (ROOT / "docs" / "reference" / "scenario.md").read_text("utf-8")
    assert tool.render() == page, "run: python tools/make_scenario_reference.py"


def test_durations_in_words() -> None:
    assert [duration(value) for value in (0, 4.25, 9.97, 59.4, 61, 3599, 7500)] == [
        "0 s", "4.2 s", "10 s", "59 s", "1:01 min", "59:59 min", "2:05 h",
    ]  # fmt: skip
