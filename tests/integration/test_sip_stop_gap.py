"""The stop-gap from the package index, for machines that can't have PJSIP's source: it serves, and says what it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.sip.pjsip.build import STOP_GAP
from tests.support import sipp
from tests.support.sipp_scenario import Scenario
from tests.support.zentrale import zentrale


@pytest.fixture
def stop_gap(tmp_path: Path) -> Path:
    """The folder with the package from the index."""
    folder = tmp_path / "packages"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--only-binary",
        ":all:",
        "--target",
        str(folder),
        STOP_GAP,
    ]
    subprocess.run(install, check=True, timeout=100)
    return folder


@pytest.mark.soak  # it fetches a package
async def test_the_stop_gap_takes_a_call_and_says_at_each_start_what_it_is(
    tmp_path: Path, stop_gap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(stop_gap))  # it stands in front of the real binding
    monkeypatch.setenv("ZENTRALE_LOG", "error")
    async with zentrale(tmp_path / "z") as gateway:
        assert "SIP runs on a stop-gap" in gateway.log()
        assert "make build" in gateway.log()
        await sipp.run(Scenario("short").invite().expect(200).ack().bye(), gateway.sip)
        await gateway.until_rows("SELECT 1 FROM contacts WHERE ended_ns IS NOT NULL")
        await gateway.stop()
        await gateway.start()
        assert gateway.log().count("SIP runs on a stop-gap") == 2
