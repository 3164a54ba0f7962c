"""The priority of media threads: real-time where it is configured and allowed, and a line in the log either way."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.media import MediaPlane

OTHER, ROUND_ROBIN = 0, 2
OPEN = """
import logging
from gateway.media import MediaPlane
from tests.integration.test_media_priority import policies
logging.basicConfig(level=logging.INFO)
plane = MediaPlane(priority="realtime")
print(policies())
"""


def policies() -> dict[str, tuple[int, int]]:
    """Policy and real-time priority (sched(7), proc(5)) by thread, of the threads of a plane."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        name = (task / "comm").read_text().strip()
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        if name == "capture" or name.startswith("media-"):
            found[name] = (int(fields[38]), int(fields[37]))
    return found


def may_have_realtime() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(5))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except PermissionError:
        return False
    return True


async def test_realtime_is_taken_where_it_is_allowed(caplog: pytest.LogCaptureFixture) -> None:
    if not may_have_realtime():
        pytest.skip("this machine allows no real-time priority (CAP_SYS_NICE, RLIMIT_RTPRIO, or its control group)")
    caplog.set_level(logging.INFO)
    plane = MediaPlane(threads=2, priority="realtime")
    try:
        found = policies()
    finally:
        await plane.close()
    assert found == {"media-0": (ROUND_ROBIN, 5), "media-1": (ROUND_ROBIN, 5), "capture": (OTHER, 0)}
    assert [record.getMessage() for record in caplog.records] == ["media: the threads run at real-time priority"]


async def test_it_is_not_asked_for_by_default(caplog: pytest.LogCaptureFixture) -> None:
    plane = MediaPlane()
    try:
        assert policies()["media-0"] == (OTHER, 0)
    finally:
        await plane.close()
    assert not caplog.records


def test_refused_the_plane_runs_without_and_says_so() -> None:
    command = [sys.executable, "-c", OPEN]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        assert setpriv, "util-linux has it"
        command = [setpriv, "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", *command]
    limited = ["prlimit", "--rtprio=0", *command]
    ended = subprocess.run(limited, capture_output=True, text=True, check=True, timeout=60)
    assert "'media-0': (0, 0)" in ended.stdout
    [line] = ended.stderr.splitlines()
    assert "real-time priority is refused (Operation not permitted)" in line
    assert "LimitRTPRIO=5" in line
