"""Where PJSIP's source comes from: reading apt's entries, choosing Debian's own archive, the recipe's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.sip.pjsip import build
from gateway.sip.pjsip import compile as compiling
from gateway.sources import debian as source
from gateway.sources.debian import Archive, SourcePackage

DEB822 = """\
# a comment
Types: deb
# another one
URIs: http://deb.example.org/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://packages.example/
Suites: bookworm
Components: stable
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
"""
ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/keys/a.gpg] http://mirror.example/debian/ bookworm main contrib  # words
deb-src http://mirror.example/debian/ bookworm main
deb https://packages.example/apt cloud-bookworm main
"""


def test_deb822() -> None:
    first, security, other = source.parse_deb822(DEB822)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    expected = Archive("http://deb.example.org/debian", ("bookworm", "bookworm-updates"), ("main", "contrib"), keyring)
    assert first == expected
    assert security.suites == ("bookworm-security",)
    assert other.signed_by is None


def test_one_line() -> None:
    first, second, third = source.parse_one_line(ONE_LINE)
    assert first == Archive("http://mirror.example/debian/", ("bookworm",), ("main", "contrib"), "/etc/keys/a.gpg")
    assert (second.signed_by, third.suites) == (None, ("cloud-bookworm",))


def test_only_debian_itself_is_asked() -> None:
    found = source.debian_archives(source.parse_deb822(DEB822) + source.parse_one_line(ONE_LINE), "bookworm")
    assert [archive.uri for archive in found] == ["http://deb.example.org/debian", "http://mirror.example/debian/"]
    assert found[0].source_line() == (
        "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.example.org/debian sid main\n"
    )


def test_machine_folder(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(ONE_LINE)
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "other.list").write_text("deb http://third.example/debian trixie main\n")
    (tmp_path / "sources.list.d" / "backup.save").write_text("deb http://never.example/debian trixie main\n")
    uris = [archive.uri for archive in source.machine_archives(tmp_path)]
    assert "http://third.example/debian" in uris
    assert "http://never.example/debian" not in uris
    assert source.machine_archives(tmp_path / "absent") == []


def test_no_debian(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('ID=other\nVERSION_CODENAME="noble"\n')
    assert source.codename(release) == ""
    release.write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    assert source.codename(release) == "bookworm"


def test_recipe_changes_with_the_tarball(tmp_path: Path) -> None:
    tarball = tmp_path / "pjproject.tar.gz"
    tarball.write_bytes(b"one")
    assert build.recipe(None) == build.recipe(None)
    assert len({build.recipe(None), build.recipe(tarball)}) == 2


def test_wheel_in_the_cache_is_found(tmp_path: Path) -> None:
    assert build.find_wheel(tmp_path, "0123abcd") is None
    wheel = tmp_path / "pjsua2-2.17+zentrale.0123abcd-cp311-cp311-linux_x86_64.whl"
    wheel.touch()
    (tmp_path / "pjsua2-2.17+zentrale.ffffffff-cp311-cp311-linux_x86_64.whl").touch()
    assert build.find_wheel(tmp_path, "0123abcd") == wheel


def test_tarball_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--cache", str(tmp_path), "--tarball", str(tmp_path / "none.tar.gz")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_failed_step_shows_the_log(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    with pytest.raises(compiling.BuildError, match=r"(?s)build\.log.*something broke"):
        compiling.run(["sh", "-c", "echo something broke; exit 3"], where=tmp_path, log=log)


def test_other_layout_of_pjsip_is_said(tmp_path: Path) -> None:
    path = tmp_path / "Makefile"
    path.write_text("nothing")
    with pytest.raises(compiling.BuildError, match="layout changed"):
        compiling.edit(path, "bdimad", "")


def no_source(package: SourcePackage, cache: Path, log: Path) -> Path:
    raise source.SourceError("no Debian archive answers")


def test_without_pjsips_source_the_stop_gap_is_installed_with_a_loud_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed: list[Path] = []
    monkeypatch.setattr(source, "fetch_from_debian", no_source)
    monkeypatch.setattr(build, "installed_version", lambda distribution: None)
    monkeypatch.setattr(build, "install_stop_gap", lambda cache, log: installed.append(cache))
    assert build.main(["--cache", str(tmp_path), "--quiet"]) == 0
    assert installed == [tmp_path]
    said = capsys.readouterr().err
    assert "no Debian archive answers" in said
    assert "4 calls at once" in said
    assert build.TARBALL_VARIABLE in said


def test_who_insists_gets_no_stop_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(source, "fetch_from_debian", no_source)
    monkeypatch.setattr(build, "installed_version", lambda distribution: None)
    monkeypatch.setattr(build, "install_stop_gap", lambda cache, log: pytest.fail("it must not"))
    assert build.main(["--cache", str(tmp_path), "--quiet", "--insist"]) == 1
    assert build.TARBALL_VARIABLE in capsys.readouterr().err
