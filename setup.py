"""The compiled parts.  Everything else about the package is in pyproject.toml.

Each package with native code has a ``_build.py`` beside it that lists its extensions, so that whoever changes a
module changes its build in the same place.
"""

from __future__ import annotations

import copy
import os
import runpy
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent


class OneFolderEach(build_ext):
    """Extensions share C files and are built side by side: each needs a folder of its own for object files."""

    def build_extension(self, ext: Extension) -> None:
        own = copy.copy(self)
        own.build_temp = str(Path(self.build_temp) / ext.name)
        build_ext.build_extension(own, ext)


def extensions() -> list[Extension]:
    """Collect ``extensions()`` of each ``_build.py``; a module so named imports nothing of the project."""
    found: list[Extension] = []
    for path in sorted(HERE.glob("*/**/_build.py")):
        if "node_modules" in path.parts or ".venv" in path.parts:
            continue
        found += runpy.run_path(str(path))["extensions"]()
    for extension in found:
        # A changed header or C file rebuilds what lies beside it, whether or not its _build.py thought of naming it.
        folders = {(HERE / source).parent for source in extension.sources}
        extension.depends += [str(path) for folder in sorted(folders) for path in sorted(folder.glob("*.h"))]
    return found


def compiled() -> list[Extension]:
    """Everything to compile, as C.  An editable install compiles nothing: `make` builds in place, only what changed."""
    if "editable_wheel" in sys.argv:
        return []
    directives = {"language_level": "3", "binding": True, "freethreading_compatible": False}
    modules: list[Extension] = cythonize(extensions(), nthreads=2, compiler_directives=directives)
    return modules


if __name__ == "__main__":
    os.chdir(HERE)
    setup(ext_modules=compiled(), cmdclass={"build_ext": OneFolderEach})
