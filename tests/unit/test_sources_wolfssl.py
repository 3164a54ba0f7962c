"""How wolfSSL comes into a checkout: from the cache, by building, or not at all with a loud word."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from gateway.sources import debian
from gateway.sources.debian import SourcePackage
from gateway.sources.wolfssl import build


def fill_cache(cache: Path) -> str:
    mark = build.recipe(None)
    folder = cache / f"built-{mark}"
    folder.mkdir(parents=True)
    (folder / build.LIBRARY).write_bytes(b"library")
    (folder / build.MARK).write_text(mark)
    return mark


def tarball(path: Path, version: str) -> Path:
    text = f'#define LIBWOLFSSL_VERSION_STRING "{version}"\n'.encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("wolfssl-x/wolfssl/version.h")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return path


def no_source(package: SourcePackage, cache: Path, log: Path) -> Path:
    raise debian.SourceError("no Debian archive answers")


def test_from_the_cache(tmp_path: Path) -> None:
    mark = fill_cache(tmp_path / "cache")
    arguments = ["--cache", str(tmp_path / "cache"), "--into", str(tmp_path / "into")]
    assert build.main(arguments) == 0
    assert (tmp_path / "into" / build.LIBRARY).read_bytes() == b"library"
    assert (tmp_path / "into" / build.MARK).read_text() == mark
    (tmp_path / "into" / build.LIBRARY).write_bytes(b"not looked at again")
    assert build.main(arguments) == 0
    assert (tmp_path / "into" / build.LIBRARY).read_bytes() == b"not looked at again"


def test_another_recipe_replaces_what_is_there(tmp_path: Path) -> None:
    fill_cache(tmp_path / "cache")
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / build.MARK).write_text("another")
    assert build.main(["--cache", str(tmp_path / "cache"), "--into", str(tmp_path / "into")]) == 0
    assert (tmp_path / "into" / build.LIBRARY).is_file()


def test_without_its_source_there_is_a_loud_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian, "fetch_from_debian", no_source)
    arguments = ["--cache", str(tmp_path), "--into", str(tmp_path / "into")]
    assert build.main(arguments) == 0
    said = capsys.readouterr().err
    assert "no Debian archive answers" in said
    assert "DTLS 1.2" in said
    assert build.TARBALL_VARIABLE in said
    assert not (tmp_path / "into").exists()
    assert build.main([*arguments, "--insist"]) == 1


def test_an_old_wolfssl_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tarball(tmp_path / "wolfssl.tar.gz", "5.9.0")
    arguments = ["--cache", str(tmp_path), "--into", str(tmp_path / "into"), "--tarball", str(old)]
    assert build.main(arguments) == 1
    assert "5.9.2 or later" in capsys.readouterr().err


def test_a_tarball_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"nothing")
    arguments = ["--cache", str(tmp_path), "--into", str(tmp_path / "into"), "--tarball"]
    assert build.main([*arguments, str(tmp_path / "x.tar.gz")]) == 1
    assert "no tarball" in capsys.readouterr().err
    assert build.main([*arguments, str(tmp_path / "absent.tar.gz")]) == 2


def test_only_the_tar_is_asked_for() -> None:
    assert "--tar-only" in debian.WOLFSSL.download_command()
    assert "--tar-only" not in debian.PJSIP.download_command()
