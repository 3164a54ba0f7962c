"""Builds PJSIP for signalling only, wraps it as pjsua2 and installs it in this virtual environment.

Run as ``python -m gateway.sip.pjsip.build --cache DIR``.  The wheel is kept in the cache under PJSIP's version and a
hash of this recipe, so that a second run finds that there is nothing to do.  It imports nothing that has to be built.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from gateway.sip.pjsip.compile import HERE, OLDEST, RECIPE_FILES, BuildError, Progress, build_wheel, run
from gateway.sources import debian as source

STOP_GAP = "pjsua2-python"
TARBALL_VARIABLE = "ZENTRALE_PJPROJECT_TARBALL"


def recipe(tarball: Path | None) -> str:
    """Name what goes into the wheel beside PJSIP's version: our files, this Python, a tarball the user named."""
    hashed = hashlib.sha256()
    for name in RECIPE_FILES:
        hashed.update((HERE / name).read_bytes())
    hashed.update(f"{sys.implementation.cache_tag} {platform.machine()}".encode())
    if tarball is not None:
        hashed.update(source.digest(tarball).encode())
    return hashed.hexdigest()[:12]


def installed_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def find_wheel(cache: Path, mark: str) -> Path | None:
    """Return the wheel built by this recipe.  Its file name is ``pjsua2-2.17+zentrale.<recipe>-cp311-...whl``."""
    return next(iter(sorted(cache.glob(f"pjsua2-*+zentrale.{mark}-*.whl"))), None)


def install(wheel: Path, log: Path) -> None:
    for other in (STOP_GAP, "pjsua2"):  # both own the module pjsua2; pip would mix them
        if installed_version(other) is not None:
            run([sys.executable, "-m", "pip", "uninstall", "-q", "-y", other], where=wheel.parent, log=log)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    run(command, where=wheel.parent, log=log)
    check = "import pjsua2; print('recipe', pjsua2.zentraleRecipe())"
    run([sys.executable, "-c", check], where=wheel.parent, log=log)


def install_stop_gap(cache: Path, log: Path) -> None:
    if installed_version("pjsua2") is not None:
        run([sys.executable, "-m", "pip", "uninstall", "-q", "-y", "pjsua2"], where=cache, log=log)
    run([sys.executable, "-m", "pip", "install", "-q", "--only-binary", ":all:", STOP_GAP], where=cache, log=log)


def make(cache: Path, tarball: Path | None, progress: Progress, *, insist: bool) -> None:
    """Bring pjsua2 into this environment: installed already, from the cache, built, or (unless ``insist``) stop-gap."""
    mark = recipe(tarball)
    current = installed_version("pjsua2")
    wheel = find_wheel(cache, mark)
    if current is not None and current.endswith(f"+zentrale.{mark}"):
        return
    cache.mkdir(parents=True, exist_ok=True)
    log = cache / "build.log"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at once would take twice the memory for nothing
        wheel = find_wheel(cache, mark)
        if wheel is None:
            log.write_text(time.strftime("%Y-%m-%d %H:%M:%S %z\n"))
            progress.say(f"building PJSIP once for this machine, about two minutes; log: {log}")
            try:
                with progress.step("getting PJSIP's source"):
                    tarball = tarball or source.fetch_from_debian(source.PJSIP, cache, log)
            except (source.SourceError, subprocess.CalledProcessError, OSError) as error:
                if insist:
                    raise BuildError(f"PJSIP's source can't be had: {error}\n{advice()}") from error
                _fall_back(cache, log, error)
                return
            wheel = build_wheel(cache, tarball, mark, progress, log)
        with progress.step(f"installing {wheel.name}"):
            install(wheel, log)
        progress.say("ready")


def advice() -> str:
    return (
        f"Name a source tarball of PJSIP {OLDEST[0]}.{OLDEST[1]} or later: {TARBALL_VARIABLE}=/path/to/it,\n"
        f"or give this machine a network path to a Debian archive, and run the same command again."
    )


def _fall_back(cache: Path, log: Path, reason: Exception) -> None:
    print(
        f"\n*** PJSIP's source can't be had: {reason}\n"
        f"*** Installing the stop-gap {STOP_GAP} instead: 4 calls at once, for a first look only.\n*** "
        + advice().replace("\n", "\n*** ")
        + "\n",
        file=sys.stderr,
        flush=True,
    )
    if installed_version(STOP_GAP) is None:
        install_stop_gap(cache, log)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gateway.sip.pjsip.build", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the source, the wheel and the log")
    parser.add_argument("--tarball", type=Path, default=os.environ.get(TARBALL_VARIABLE) or None, help="PJSIP's source")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("--insist", action="store_true", help="fail instead of installing the stop-gap")
    options = parser.parse_args(arguments)
    tarball = Path(options.tarball).resolve() if options.tarball else None
    if tarball is not None and not tarball.is_file():
        print(f"pjsua2: no such file: {tarball} (--tarball or {TARBALL_VARIABLE})", file=sys.stderr)
        return 2
    try:
        make(options.cache.resolve(), tarball, Progress(quiet=options.quiet), insist=options.insist)
    except BuildError as error:
        print(f"pjsua2: {error}", file=sys.stderr)
        return 1
    except tarfile.TarError as error:
        print(f"pjsua2: PJSIP's source is no tarball that can be read: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
