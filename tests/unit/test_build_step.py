"""``tools/step`` and the list of system packages: what a newcomer sees first must hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

TOOLS = Path(__file__).parents[2] / "tools"


def step(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = [str(TOOLS / "step"), "name", "What is done", "bash", "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=30)


def test_a_step_is_one_line_with_its_time(tmp_path: Path) -> None:
    done = step(tmp_path, "echo much; echo more >&2")
    assert done.returncode == 0
    assert re.fullmatch(r" +What is done +\d+\.\d s\n", done.stdout)
    assert done.stderr == ""
    assert (tmp_path / ".cache/log/name.log").read_text() == "much\nmore\n"


def test_a_failed_step_shows_its_end_and_names_its_log(tmp_path: Path) -> None:
    done = step(tmp_path, "seq 1000; exit 3")
    assert done.returncode == 3
    assert "\n1000\n" in done.stderr
    assert "\n1\n" not in done.stderr
    assert ".cache/log/name.log" in done.stderr


def test_loud_lines_are_shown_even_when_all_went_well(tmp_path: Path) -> None:
    done = step(tmp_path, "echo quiet; echo '*** loud'")
    assert done.returncode == 0
    assert done.stderr == "*** loud\n"


def test_a_step_hands_no_make_flags_down(tmp_path: Path) -> None:
    done = step(tmp_path, '[[ -z "${MAKEFLAGS-}${MAKELEVEL-}" ]]')
    assert done.returncode == 0


def test_each_system_package_has_a_group_and_a_reason() -> None:
    lines = (TOOLS / "system-packages.txt").read_text().splitlines()
    entries = [line.split(maxsplit=2) for line in lines if line and not line.startswith("#")]
    assert entries
    assert [entry for entry in entries if len(entry) != 3 or entry[0] not in ("build", "test", "fuzz", "soak")] == []
    names = [name for _, name, _ in entries]
    assert sorted(set(names)) == sorted(names)
