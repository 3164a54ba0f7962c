"""Paths of recordings: what the library gives it takes back, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import LibraryError, RecordingLibrary

START_NS = 1_709_251_199_999_999_999  # 2024-02-29 23:59:59.999


def test_recordings_lie_by_day_of_utc(tmp_path: Path) -> None:
    library = RecordingLibrary(tmp_path)
    assert library.place("0190-ab_C", START_NS) == "2024/02/29/0190-ab_C.opus"
    assert library.place("x", START_NS + 1, kind="txt") == "2024/03/01/x.txt"
    assert library.resolve("2024/02/29/x.opus") == tmp_path / "2024/02/29/x.opus"
    assert library.relative(tmp_path / "2024/02/29/x.opus") == "2024/02/29/x.opus"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a.b", "-a", "ä", "a\n", "a\0", "x" * 65])
def test_ids_that_are_no_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LibraryError, match="recording id"):
        RecordingLibrary(tmp_path).place(name, START_NS)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "../../etc/passwd",
        "2024/01/01/../../../x.opus",
        "/2024/01/01/x.opus",
        "2024/01/01/x.opus/",
        "2024/01/01/x.opus\n",
        "2024/01/01/.x.opus",
        "2024/01/01/x.exe",
        "2024\\01\\01\\x.opus",
        "٢٠٢٤/01/01/x.opus",
        "2024/1/1/x.opus",
        "2024/01/01/x\0.opus",
    ],
)
def test_paths_that_are_not_ours_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(LibraryError):
        RecordingLibrary(tmp_path).resolve(path)


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (root / "2024").symlink_to(tmp_path / "outside")
    with pytest.raises(LibraryError, match="symbolic link"):
        RecordingLibrary(root).resolve("2024/01/01/x.opus")


def test_a_path_elsewhere_is_not_of_the_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="not below"):
        RecordingLibrary(tmp_path / "root").relative(tmp_path / "x.opus")


def test_unfinished_ones_are_found(tmp_path: Path) -> None:
    library = RecordingLibrary(tmp_path / "none")
    assert not list(library.unfinished())
    folder = tmp_path / "2024" / "01" / "01"
    folder.mkdir(parents=True)
    (folder / ".x.opus.123.part").touch()
    (folder / "x.opus").touch()
    assert [one.name for one in RecordingLibrary(tmp_path).unfinished()] == [".x.opus.123.part"]


@given(st.text(max_size=60))
def test_no_text_leads_out(path: str) -> None:
    library = RecordingLibrary(Path("/srv/recordings"))
    try:
        resolved = library.resolve(path)
    except LibraryError:
        return
    assert resolved.is_relative_to("/srv/recordings")
