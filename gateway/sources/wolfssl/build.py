"""Compiles the part of wolfSSL that DTLS needs into a static library, which ``gateway/webrtc/_build.py`` links.

Run as ``python -m gateway.sources.wolfssl.build --cache DIR --into DIR``.  The library is kept in the cache under a
hash of this recipe; ``--into`` gets a copy with the headers.  It imports nothing that has to be built.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from gateway.sources import debian

HERE = Path(__file__).parent
SETTINGS = HERE / "user_settings.h"
RECIPE_FILES = (SETTINGS, HERE / "build.py")
TARBALL_VARIABLE = "ZENTRALE_WOLFSSL_TARBALL"
LIBRARY = "libwolfssl.a"
MARK = "recipe"
OLDEST = (5, 9, 2)
"""5.9.0 and earlier can be made to write past a buffer by DTLS 1.3 acknowledgements."""

FLAGS = [
    "-O2", "-g0", "-fPIC", "-fvisibility=hidden", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2",
    "-fwrapv", "-fno-strict-aliasing",  # its arithmetic on P-256 counts on both
    "-DWOLFSSL_USER_SETTINGS", "-DBUILDING_WOLFSSL",
]  # fmt: skip
SOURCES = [
    *(f"src/{name}.c" for name in ("dtls", "dtls13", "internal", "keys", "ssl", "tls", "tls13", "wolfio")),
    *(
        f"wolfcrypt/src/{name}.c"
        for name in (
            "aes", "asn", "coding", "cpuid", "curve25519", "ecc", "error", "fe_operations", "ge_operations", "hash",
            "hmac", "kdf", "logging", "memory", "random", "rsa", "sha", "sha256", "sha3", "sha512", "signature",
            "sp_c32", "sp_c64", "sp_int", "wc_encrypt", "wc_mlkem", "wc_mlkem_poly", "wc_port", "wolfmath",
        )
    ),
]  # fmt: skip


class BuildError(Exception):
    """A step failed; the message says which, where the log is and what to do."""


def recipe(tarball: Path | None) -> str:
    """Name what goes into the library beside wolfSSL's version: our files, this machine, a tarball the user named."""
    hashed = hashlib.sha256(platform.machine().encode())
    for path in RECIPE_FILES:
        hashed.update(path.read_bytes())
    if tarball is not None:
        hashed.update(debian.digest(tarball).encode())
    return hashed.hexdigest()[:12]


def make(cache: Path, into: Path, tarball: Path | None, *, insist: bool) -> None:
    """Bring the library into ``into``: there already, from the cache, or built.  Unless ``insist``, do without."""
    mark = recipe(tarball)
    if (into / MARK).is_file() and (into / MARK).read_text() == mark:
        return
    cache.mkdir(parents=True, exist_ok=True)
    log = cache / "build.log"
    built = cache / f"built-{mark}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built / MARK).is_file():
            log.write_text("")
            try:
                tarball = tarball or debian.fetch_from_debian(debian.WOLFSSL, cache, log)
            except (debian.SourceError, subprocess.CalledProcessError, OSError) as error:
                if insist:
                    raise BuildError(f"wolfSSL's source can't be had: {error}\n{advice()}") from error
                do_without(error)
                return
            build(cache, built, tarball, mark, log)
    shutil.rmtree(into, ignore_errors=True)
    # copyfile: with times of now, so that what is linked with it is older.
    shutil.copytree(built, into, copy_function=shutil.copyfile)


def do_without(reason: Exception) -> None:
    print(
        f"\n*** wolfSSL's source can't be had: {reason}\n"
        "*** Browsers will get DTLS 1.2, by OpenSSL, instead of 1.3.\n*** " + advice().replace("\n", "\n*** ") + "\n",
        file=sys.stderr,
        flush=True,
    )


def advice() -> str:
    return (
        f"Name a source tarball of wolfSSL {'.'.join(map(str, OLDEST))} or later: {TARBALL_VARIABLE}=/path/to/it,\n"
        f"or give this machine a network path to a Debian archive, and run the same command again."
    )


def build(cache: Path, built: Path, tarball: Path, mark: str, log: Path) -> None:
    """Compile in a folder that is removed at the end."""
    missing = [tool for tool in ("gcc", "ar") if shutil.which(tool) is None]
    if missing:
        raise BuildError(f"{', '.join(missing)} not found; install: apt-get install gcc binutils")
    with tempfile.TemporaryDirectory(prefix="wolfssl-", dir=cache) as folder:
        tree = _unpack(tarball, Path(folder))
        out = Path(folder) / "out"
        shutil.copytree(tree / "wolfssl", out / "wolfssl", ignore=lambda _, names: _no_headers(names))
        shutil.copy(SETTINGS, out)
        objects = [f"{Path(source).stem}.o" for source in SOURCES]
        assert len(set(objects)) == len(objects)
        with concurrent.futures.ThreadPoolExecutor(min(len(os.sched_getaffinity(0)), 4)) as pool:
            for failure in pool.map(
                lambda pair: _run(
                    ["gcc", *FLAGS, "-I", str(out), "-I", str(tree), "-c", str(tree / pair[0]), "-o", pair[1]],
                    where=Path(folder),
                    log=log,
                ),
                zip(SOURCES, objects, strict=True),
            ):
                if failure:
                    raise BuildError(failure)
        failure = _run(["ar", "rcs", str(out / LIBRARY), *objects], where=Path(folder), log=log)
        if failure:
            raise BuildError(failure)
        (out / MARK).write_text(mark)
        shutil.rmtree(built, ignore_errors=True)
        out.rename(built)


def _no_headers(names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".h")]


def _unpack(tarball: Path, folder: Path) -> Path:
    """Unpack and check the version.  The source's top folder."""
    with tarfile.open(tarball) as archive:
        # Set thus because Debian 12's Python 3.11.2 does not know the argument yet (it came with 3.11.4).
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder, [member for member in archive if _is_needed(member.name)])
    found = list(folder.glob("*/wolfssl/version.h"))
    if len(found) != 1:
        raise BuildError(f"{tarball} is not wolfSSL's source: it has no wolfssl/version.h")
    version = re.search(r'LIBWOLFSSL_VERSION_STRING "([0-9.]+)', found[0].read_text())
    if version is None or tuple(int(part) for part in version[1].split(".")) < OLDEST:
        raise BuildError(
            f"{tarball} is wolfSSL {version[1] if version else '?'}; {'.'.join(map(str, OLDEST))} or later is needed"
        )
    return found[0].parents[1]


def _is_needed(name: str) -> bool:
    parts = name.split("/")
    return len(parts) > 2 and parts[1] in ("src", "wolfssl", "wolfcrypt") and name.endswith((".c", ".h", ".i"))


def _run(command: list[str], *, where: Path, log: Path) -> str:
    """Run a step.  What it said when it failed, else ""."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    with log.open("a") as output:
        output.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
    if done.returncode == 0:
        return ""
    return f"'{' '.join(command[:1] + command[-2:])}' failed; the log is {log}:\n{done.stderr[-2000:]}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gateway.sources.wolfssl.build", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the source, the library and the log")
    parser.add_argument("--into", type=Path, required=True, help="folder that gets a copy of library and headers")
    parser.add_argument("--tarball", type=Path, default=os.environ.get(TARBALL_VARIABLE) or None, help="the source")
    parser.add_argument("--insist", action="store_true", help="fail where the source can't be had")
    options = parser.parse_args(arguments)
    tarball = Path(options.tarball).resolve() if options.tarball else None
    if tarball is not None and not tarball.is_file():
        print(f"wolfssl: no such file: {tarball} (--tarball or {TARBALL_VARIABLE})", file=sys.stderr)
        return 2
    try:
        make(options.cache.resolve(), options.into.resolve(), tarball, insist=options.insist)
    except BuildError as error:
        print(f"wolfssl: {error}", file=sys.stderr)
        return 1
    except tarfile.TarError as error:
        print(f"wolfssl: wolfSSL's source is no tarball that can be read: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
