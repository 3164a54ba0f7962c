"""Gets a source package's tarball from Debian's archive by apt, which checks the signatures.

What bookworm has not, or not so new, sid may have: PJSIP only as the component ``orig-Xpjproject`` of the source
package ``asterisk``, wolfSSL with DTLS 1.3.  apt works on a configuration of its own in the cache folder; the machine's
lists and settings are read, never written.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SUITE = "sid"
APT_FOLDER = Path("/etc/apt")
OWN_SETTINGS = ("APT::Update", "DPkg", "Dir", "CommandLine", "Binary")
"""Settings that are not taken over from the machine: hooks, and folders that are ours here."""


class SourceError(Exception):
    """The source can't be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SourcePackage:
    """``component`` is what the tarball's name has before ``.tar``: ``orig``, or ``orig-X...`` for one of several."""

    name: str
    component: str = "orig"
    tar_only: bool = False
    """Leave Debian's own changes alone, which a mirror in the midst of an update may lack."""

    def download_command(self) -> list[str]:
        options = ["--tar-only"] if self.tar_only else []
        return ["apt-get", "-q", "source", "--download-only", *options, self.name]


PJSIP = SourcePackage("asterisk", "orig-Xpjproject")
WOLFSSL = SourcePackage("wolfssl", tar_only=True)


@dataclass(frozen=True, slots=True)
class Archive:
    """One entry of the machine's apt sources: where packages come from and who signs them."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None
    """Path of the keyring, None for apt's trusted keys.  An embedded key block can't be passed on and is None too."""

    def source_line(self) -> str:
        options = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb-src {options}{self.uri} {SUITE} main\n"


def parse_deb822(text: str) -> list[Archive]:
    """Read a ``.sources`` file (sources.list(5), deb822 style).  Disabled and empty stanzas are left out."""
    archives: list[Archive] = []
    for stanza in re.split(r"\n[ \t]*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in (" ", "\t"):
                fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "off", "0"):
            continue
        signed_by = fields.get("signed-by", "")
        keyring = signed_by if signed_by.startswith("/") and "\n" not in signed_by else None
        suites, components = tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split())
        archives += [Archive(uri, suites, components, keyring) for uri in fields.get("uris", "").split()]
    return archives


def parse_one_line(text: str) -> list[Archive]:
    """Read a ``.list`` file (sources.list(5), one line per entry)."""
    archives: list[Archive] = []
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>[^#]*)", line)
        if not match:
            continue
        suite, *components = match["rest"].split() or [""]
        keyring = re.search(r"signed-by=(/\S+)", match["options"] or "")
        archives.append(Archive(match["uri"], (suite,), tuple(components), keyring[1] if keyring else None))
    return archives


def machine_archives(folder: Path = APT_FOLDER) -> list[Archive]:
    """Read all entries of the machine, in the order in which apt reads them."""
    archives: list[Archive] = []
    main = folder / "sources.list"
    if main.is_file():
        archives += parse_one_line(main.read_text(errors="replace"))
    for path in sorted((folder / "sources.list.d").glob("*")):
        if path.suffix == ".list":
            archives += parse_one_line(path.read_text(errors="replace"))
        elif path.suffix == ".sources":
            archives += parse_deb822(path.read_text(errors="replace"))
    return archives


def debian_archives(archives: Iterable[Archive], codename: str) -> list[Archive]:
    """Keep those that are Debian's own archive: it has this release's suite itself, with the component main.

    Other people's archives name their suites or components differently; Debian's security archive has no sid.
    """
    suites = {codename, "stable", "testing", "unstable", SUITE}
    found = {
        archive.uri: archive
        for archive in archives
        if suites & set(archive.suites)
        and "main" in archive.components
        and re.match(r"(?:https?|mirror\+\w+|ftp|file|tor\+https?)://?\S+", archive.uri)
    }
    return list(found.values())


def codename(os_release: Path = Path("/etc/os-release")) -> str:
    """Return the release's code name, or "" where this is not Debian."""
    text = os_release.read_text() if os_release.is_file() else ""
    fields = dict(re.findall(r'(?m)^(\w+)="?([^"\n]*)"?$', text))
    return fields.get("VERSION_CODENAME", "") if fields.get("ID") == "debian" else ""


def _private_configuration(folder: Path, archive: Archive) -> dict[str, str]:
    """Write apt's configuration into ``folder``; returns the environment that makes apt use it."""
    for part in ("lists/partial", "cache/archives/partial", "download"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(archive.source_line())
    # Proxies and certificates stay the machine's.
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    kept = [line for line in dump.splitlines() if line and not line.startswith(OWN_SETTINGS)]
    own = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::SourceList": str(folder / "sources.list"),
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": str(folder),
        "Dir::State::lists": str(folder / "lists"),
        "Dir::State::status": str(folder / "status"),
        "Dir::Cache": str(folder / "cache"),
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
        "APT::Sandbox::User": "",
    }
    lines = [*kept, *(f'{key} "{value}";' for key, value in own.items())]
    (folder / "apt.conf").write_text("\n".join(lines) + "\n")
    return {"APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def fetch_from_debian(package: SourcePackage, cache: Path, log: Path) -> Path:
    """Return the tarball in ``cache``, downloaded unless it is there.  Raises `SourceError`."""
    kept = sorted((cache / "source").glob(f"*.{package.component}.tar.?z"))
    if kept:
        return kept[-1]
    if shutil.which("apt-get") is None:
        raise SourceError("this machine has no apt-get")
    archives = debian_archives(machine_archives(), codename())
    if not archives:
        raise SourceError(f"no entry of Debian's archive in {APT_FOLDER}")
    failures = []
    for archive in archives:
        with tempfile.TemporaryDirectory(prefix="apt-", dir=cache) as folder:
            try:
                downloaded = _download(package, Path(folder), archive, log)
            except SourceError as error:
                failures.append(str(error))
                continue
            (cache / "source").mkdir(exist_ok=True)
            return Path(shutil.move(downloaded, cache / "source" / downloaded.name))
    raise SourceError("; ".join(failures))


def _download(package: SourcePackage, folder: Path, archive: Archive, log: Path) -> Path:
    environment = _private_configuration(folder, archive)
    with log.open("a") as output:
        for command in (["apt-get", "-q", "update"], package.download_command()):
            done = subprocess.run(
                command, cwd=folder / "download", env=environment, stdout=output, stderr=output, check=False
            )
            if done.returncode != 0:
                raise SourceError(f"'{' '.join(command)}' failed on {archive.uri} {SUITE}; see {log}")
    tarballs = list((folder / "download").glob(f"*.{package.component}.tar.?z"))
    if len(tarballs) != 1:
        raise SourceError(f"source package {package.name} of {archive.uri} {SUITE} has no {package.component}.tar")
    return tarballs[0]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
