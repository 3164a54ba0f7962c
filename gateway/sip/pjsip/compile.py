"""Compiles PJSIP's libraries and the pjsua2 wrapper into a wheel: every setting that the wheel depends on is here.

The file's own text is part of the recipe's hash: change it, and the next build makes a new wheel.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
OWN_HEADERS = ("zentrale_pjsip.hpp", "zentrale_info.hpp")
OWN_SOURCES = ("zentrale_pjsip.cpp", "zentrale_info.cpp", "signalling_media.c")
RECIPE_FILES = ("compile.py", "config_site.h", *OWN_HEADERS, *OWN_SOURCES)
OLDEST = (2, 16)
"""Earlier ones lack the event descriptor and can't be driven by an event loop."""
PACKAGES = "g++ make swig libssl-dev uuid-dev"
HEARTBEAT_S = 15
FOLDERS = ("pjlib", "pjlib-util", "pjnath", "third_party", "pjmedia", "pjsip")
ABSENT = (
    *("sound", "video", "upnp", "resample", "libsrtp", "speex-aec", "speex-codec", "ilbc-codec", "g7221-codec"),
    *("gsm-codec", "g711-codec", "g722-codec", "l16-codec", "opus", "silk", "opencore-amr", "bcg729", "lyra"),
    *("libyuv", "libwebrtc", "libwebrtc-aec3"),
)
"""Parts of PJSIP that are left out: each `configure --disable-...`"""
FLAGS = "-O2 -fPIC -g0 -DNDEBUG"  # without NDEBUG a failed pj_assert, which a peer may cause, ends the process


class BuildError(Exception):
    """A step failed; the message says which, where the log is and what to do."""


class Progress:
    """Plain lines with the time that has passed: ``pjsua2  12 s  compiling the libraries``."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        if not self._quiet:
            print(f"pjsua2 {time.monotonic() - self._started:4.0f} s  {text}", flush=True)

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Announce a step, and say every 15 s that it still runs."""
        self.say(text)
        done = threading.Event()

        def beat() -> None:
            while not done.wait(HEARTBEAT_S):
                self.say(f"  still {text}")

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def run(command: list[str], *, where: Path, log: Path, extra: dict[str, str] | None = None) -> None:
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        # The build of PJSIP is a make of its own: what a make above us hands down is not for it.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        environment = {**inherited, **(extra or {})}
        done = subprocess.run(command, cwd=where, env=environment, stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        last = log.read_text(errors="replace").splitlines()[-12:]
        raise BuildError(f"'{command[0]}' failed; the log is {log} and ends:\n  " + "\n  ".join(last))


def edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, lambda _: replacement, path.read_text(), flags=re.MULTILINE)
    if count == 0:
        raise BuildError(f"{path.name} of this PJSIP has no '{pattern}': its layout changed, adapt gateway/sip/pjsip")
    path.write_text(text)


def _unpack(tarball: Path, tree: Path) -> str:
    """Unpack, flatten and check the version, which is returned."""
    with tarfile.open(tarball) as archive:
        # Set thus because Debian 12's Python 3.11.2 does not know the argument yet (it came with 3.11.4).
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tree)
    inner = list(tree.iterdir())
    root = inner[0] if len(inner) == 1 and inner[0].is_dir() else tree
    if root is not tree:
        for path in root.iterdir():
            path.rename(tree / path.name)
    if not (tree / "version.mak").is_file():
        raise BuildError(f"{tarball} is not PJSIP's source: it has no version.mak")
    found = dict(re.findall(r"(?m)^export PJ_VERSION_(\w+)[ \t]*:=[ \t]*(\w*)", (tree / "version.mak").read_text()))
    version = ".".join(part for part in (found.get("MAJOR"), found.get("MINOR"), found.get("REV")) if part)
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise BuildError(f"{tarball} is PJSIP {version}; {OLDEST[0]}.{OLDEST[1]} or later is needed")
    return version


def _configure(tree: Path, log: Path) -> None:
    shutil.copy(HERE / "config_site.h", tree / "pjlib/include/pj/config_site.h")
    # Debian's tarball lacks this file's source; there is no sound device here anyway.
    edit(tree / "pjmedia/build/Makefile", r"\bbdimad_dev\.o", "")
    options = ["--enable-epoll", *(f"--disable-{name}" for name in ABSENT)]
    run(["sh", "./configure", *options], where=tree, log=log, extra={"CFLAGS": FLAGS, "CXXFLAGS": FLAGS})
    for folder in FOLDERS:  # "make dep" would make them; nothing else needs it
        (tree / folder / "lib").mkdir(exist_ok=True)


def _wrap(tree: Path, mark: str, log: Path) -> None:
    """Add our files to SWIG's input and to the extension's sources; write the wrapper."""
    folder = tree / "pjsip-apps/src/swig/python"
    for name in (*OWN_HEADERS, *OWN_SOURCES):
        shutil.copy(HERE / name, folder)
    interface = folder.parent / "pjsua2.i"
    edit(interface, r'^#include "pjsua2\.hpp"', '#include "pjsua2.hpp"\n#include "zentrale_pjsip.hpp"')
    interface.write_text(interface.read_text() + '\n%include "python/zentrale_pjsip.hpp"\n')
    script = folder / "setup.py"
    sources = ", ".join(f'"{name}"' for name in ("pjsua2_wrap.cpp", *OWN_SOURCES))
    edit(script, r'\["pjsua2_wrap\.cpp"\]', f"[{sources}]")
    own = (
        f'extra_compile_args += ["-O1", "-g0", "-DZENTRALE_RECIPE={mark}"]\n'  # O1: the wrapper is glue, and huge
        f'extra_link_args += ["-Wl,-s"]\n'
        f'pj_version += "+zentrale.{mark}"\n'
        f'setup(name="pjsua2"'
    )
    edit(script, r'^setup\(name="pjsua2"', own)
    (folder / "pjsua2_wrap.cpp").unlink(missing_ok=True)
    run(["make", "pjsua2_wrap.cpp"], where=folder, log=log)


def build_wheel(cache: Path, tarball: Path, mark: str, progress: Progress, log: Path) -> Path:
    """Compile PJSIP and the wrapper in a folder that is removed at the end; the wheel goes to ``cache``."""
    missing = [tool for tool in ("g++", "make", "swig") if shutil.which(tool) is None]
    if missing:
        raise BuildError(f"{', '.join(missing)} not found; install: apt-get install {PACKAGES}")
    jobs = str(min(len(os.sched_getaffinity(0)), 8))
    with tempfile.TemporaryDirectory(prefix="pjsip-", dir=cache) as folder:
        tree = Path(folder)
        version = _unpack(tarball, tree)
        with progress.step(f"configuring PJSIP {version}"):
            _configure(tree, log)
        with progress.step("compiling PJSIP's libraries"):
            run(["make", f"-j{jobs}", "lib"], where=tree, log=log)
        with progress.step("writing the Python wrapper (SWIG)"):
            _wrap(tree, mark, log)
        with progress.step("compiling the Python wrapper (the longest step)"):
            out = tree / "wheel"
            # setup.py packs with the interpreter that runs it: this one, so that the wheel fits this environment.
            command = [sys.executable, "setup.py", "-q", "bdist_wheel", "-d", str(out)]
            run(command, where=tree / "pjsip-apps/src/swig/python", log=log)
        (wheel,) = out.glob("*.whl")
        return Path(shutil.move(wheel, cache / wheel.name))
