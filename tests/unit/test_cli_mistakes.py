"""What the command line says to mistakes: what is wrong, where, and what to do; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.app.cli import main
from gateway.app.serve import write_announcement
from gateway.model.errors import RequestError

SCENARIO = "examples/scenarios/small-hotline.toml"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bench", "handover", "--callers", "0"], "--callers: '0' is not a number from 1 to 10,000"),
        (["bench", "handover", "--agents", "-1"], "--agents: '-1' is not a number from 1 to 10,000"),
        (["bench", "handover", "--events", "many"], "--events: 'many' is not a number from 1 to 10,000"),
        (["bench", "media", "--calls", "0"], "--calls: '0' is not a number from 1 to 10,000"),
        (["bench", "media", "--seconds", "0"], "--seconds: '0' is not a number of seconds above 0 and up to 3,600"),
        (["bench", "media", "--seconds", "nan"], "--seconds: 'nan' is not a number of seconds above 0"),
        (["bench", "handover", "--seconds", "soon"], "--seconds: 'soon' is not a number of seconds above 0"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_starts(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_a_picture_without_a_folder_is_told_before_the_days_are_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["simulate", SCENARIO, "--svg", str(tmp_path / "no" / "day.svg")]) == 1
    said = capsys.readouterr()
    assert f"there is no folder {tmp_path / 'no'}; make it" in said.err
    assert said.out == ""


def test_what_is_no_journal_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    other = tmp_path / "notes.txt"
    other.write_text("no journal at all, and a contact c1 in it")
    for contact in ("c1", "c2"):
        assert main(["explain", contact, "--journal", str(other)]) == 1
        assert "not a journal" in capsys.readouterr().err


def test_another_configuration_that_is_missing_is_no_matter_of_an_option_that_replay_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for arguments in (["replay", str(tmp_path), "--with", str(tmp_path / "no.toml")],):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert capsys.readouterr().err.endswith("there is no such file; check the path\n")


def test_an_announcement_that_can_t_be_written_is_told_with_its_path(tmp_path: Path):
    class Gateway:
        addresses = None

    with pytest.raises(
        RequestError, match=r"--announce .*/no/there can't be written: No such file or directory; correct"
    ):
        write_announcement(tmp_path / "no" / "there", Gateway(), [])  # type: ignore[arg-type]


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", SCENARIO, "--days", "1"],
        ["simulate", SCENARIO, "--days", "1", "--json"],  # more than a buffer
        ["check"],
    ],
)
def test_who_reads_no_further_ends_the_command_quietly(arguments: list[str], buffered: bool):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_zentrale(*arguments, stdout=writing, buffered=buffered)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["replay", "/nonexistent", "--verify"], 1)])
def test_who_closed_the_output_gets_the_exit_code(arguments: list[str], code: int):
    """As a supervisor does that wants none: Python has no such stream then."""
    done = run_zentrale(*arguments, code="sys.stdout = None")
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_other_pipes_that_break_are_told_of():
    done = run_zentrale("check", code="import gateway.config.check as c; c.check = broken")
    assert done.returncode == 1
    assert b"BrokenPipeError" in done.stderr


def test_a_server_tells_of_each_pipe_that_breaks():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_zentrale("serve", stdout=writing, code="import gateway.app.serve as s; s.serve = broken")
    finally:
        os.close(writing)
    assert b"BrokenPipeError" in done.stderr


def run_zentrale(
    *arguments: str, stdout: int = subprocess.DEVNULL, code: str = "", buffered: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """As a process of its own; ``code`` may put ``broken`` in the place of something."""
    script = f"""
import sys
def broken(*_, **__):
    raise BrokenPipeError
{code}
from gateway.app.cli import main
sys.exit(main(sys.argv[1:]))
"""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"},
    )
