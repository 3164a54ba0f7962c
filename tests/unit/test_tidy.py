"""The house's order, as far as a machine can hold it and no linter does.

Each test names the file, the line and what to do.  What a linter holds (layout, types, imports between Python files) is
not repeated here; import-linter does not read Cython, so the layers are held here for ``.pyx`` and ``.pxd``.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("acd_core", "gateway", "recordings")
LINES_MAX = 700

# Who may import which third-party package: its types never leave these folders.
HOMES = {
    "pjsua2": ("gateway/sip",),
    "aiortc": ("gateway/webrtc", "gateway/app/demo"),
    "aiohttp": ("gateway/api", "gateway/web", "gateway/app"),
    "sqlalchemy": ("gateway/storage",),
    "alembic": ("gateway/storage",),
    "argon2": ("gateway/storage",),
}

# In pieces, so that this file is not its own first finding.
MACHINE_PATHS = re.compile(r"(?<![\w./$}~*])/(?:" + "|".join(("work", "root", "tmp", "opt/pypi", "opt/wheels")) + r")/")
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(name + end)
        for name, end in (
            ("registry.npm", "js.org"),
            ("registry.yarn", "pkg.com"),
            ("files.python", "hosted.org"),
            ("pypi.", "org/simple"),
            ("deb.", "debian.org"),
            ("snapshot.", "debian.org"),
        )
    )
)


@cache
def tracked() -> tuple[str, ...]:
    """What git tracks and what it would add, relative to the root; what is ignored is nobody's concern."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return tuple(sorted(name for name in names if name and (ROOT / name).is_file()))


def files(*suffixes: str, under: tuple[str, ...] = ("",)) -> list[str]:
    return [name for name in tracked() if name.endswith(suffixes) and name.startswith(under)]


def modules() -> list[str]:
    return files(".py", under=tuple(f"{package}/" for package in PACKAGES))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


@cache
def parse(name: str) -> ast.Module:
    return ast.parse(text(name), filename=name)


def matches(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name in names
        for number, line in enumerate(text(name).splitlines(), 1)
        if (match := pattern.search(line))
    ]


def complain(findings: list[str], advice: str) -> None:
    if findings:
        pytest.fail("\n  ".join([advice, *findings]), pytrace=False)


def test_each_module_opens_with_a_docstring() -> None:
    bare = [name for name in files(".py") if text(name).strip() and not ast.get_docstring(parse(name))]
    bare += [name for name in files(".pyx") if not re.match(r'(\s*#[^\n]*\n|\s*\n)*r?"""', text(name))]
    complain(bare, "These open without a paragraph that says what they are for:")


def test_no_file_has_more_than_one_idea() -> None:
    source = files(".py", ".pyx", ".pxd", ".c", ".h", ".ts", ".tsx", ".css")
    long = [f"{name}: {count} lines" for name in source if (count := len(text(name).splitlines())) > LINES_MAX]
    complain(long, f"Longer than {LINES_MAX} lines; about 400 is the aim.  Split by idea:")


def test_each_cython_module_has_stubs() -> None:
    here = set(tracked())
    complain(
        [name for name in files(".pyx") if name.removesuffix("x") + "i" not in here],
        "Without a .pyi beside it mypy takes everything for Any:",
    )


def test_no_path_of_one_machine() -> None:
    complain(matches(MACHINE_PATHS, text_files()), "Such a path exists on one machine only; derive it or configure it:")


def test_no_host_name_of_a_registry() -> None:
    complain(
        matches(REGISTRY_HOSTS, text_files()),
        "Whoever builds may use a mirror: leave the address to pip, npm and apt.  For package-lock.json:"
        " omit-lockfile-registry-resolved=true in .npmrc, then npm install.",
    )


def text_files() -> list[str]:
    binary = (".png", ".jpg", ".wav", ".ico", ".woff2", ".pcap", ".webp", ".opus", ".ogg")
    return [name for name in tracked() if not name.endswith(binary) and name != "LICENSE"]


def test_changelog_has_a_place_for_what_is_not_released() -> None:
    headings = re.findall(r"^## \[?([^]\n]+)", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[:1] == ["Unreleased"], "CHANGELOG.md: its first section is [Unreleased]; put changes there"


@pytest.mark.parametrize("page", files(".md"))
def test_links_of_the_documentation_resolve(page: str) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text(page), flags=re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", prose):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (ROOT / page).parent / path if path else ROOT / page
        if not found.exists():
            dead.append(f"{target}: there is no such file")
        elif anchor and found.suffix == ".md" and anchor not in anchors(found.read_text(encoding="utf-8")):
            dead.append(f"{target}: there is no such heading")
    complain(dead, f"{page}: links that lead nowhere:")


def anchors(markdown: str) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = re.findall(r"^#+ +(.+?) *#*$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_each_page_is_in_the_index_of_its_folder() -> None:
    lost = []
    for page in files(".md", under=("docs/",)):
        folder, name = os.path.split(page)
        if name != "README.md" and f"({name})" not in text(f"{folder}/README.md"):
            lost.append(page)
    complain(lost, "Name these in the README.md of their folder:")


def test_each_decision_has_a_number_of_its_own() -> None:
    names = [Path(name).name for name in files(".md", under=("docs/decisions/",)) if not name.endswith("README.md")]
    complain([name for name in names if not re.match(r"\d{4}-[a-z0-9-]+\.md$", name)], "Named NNNN-title.md:")
    numbers = [name[:4] for name in names]
    complain(sorted({number for number in numbers if numbers.count(number) > 1}), "Two decisions with one number:")


# --- who may import what ---------------------------------------------------------------------------------------------


@cache
def layers() -> dict[str, int]:
    """The level of each folder of gateway, as import-linter's contract has it; higher may import lower."""
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    lines = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {name: len(lines) - at for at, line in enumerate(lines) for name in re.findall(r"\w+", line)}


def may_import(importer: str, imported: str) -> bool:
    """Dotted names of modules of ours."""
    (home, *inner), (other, *outer) = importer.split("."), imported.split(".")
    if home != other:
        return home == "gateway"
    if home != "gateway" or not outer or inner[0] == outer[0]:
        return True
    return layers()[inner[0]] > layers()[outer[0]]


def cython_imports(name: str) -> Iterator[tuple[int, str]]:
    pattern = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import\b|c?import\s+([\w.]+))")
    for number, line in enumerate(text(name).splitlines(), 1):
        if match := pattern.match(line):
            yield number, match[1] or match[2]


def test_cython_imports_point_down_only() -> None:
    wrong = []
    for name in files(".pyx", ".pxd"):
        importer = ".".join(Path(name).with_suffix("").parts)
        for number, imported in cython_imports(name):
            if imported.startswith("."):
                wrong.append(f"{name}:{number}: {imported} (write the full name)")
            elif imported.split(".")[0] in PACKAGES and not may_import(importer, imported):
                wrong.append(f"{name}:{number}: {imported}")
    complain(wrong, "Imports point down only (see [tool.importlinter] in pyproject.toml):")


def test_the_order_knows_up_from_down() -> None:
    assert may_import("gateway.app.main", "gateway.sip.edge")
    assert may_import("gateway.routing.router", "acd_core.core")
    assert not may_import("gateway.media._plane", "gateway.session.contacts")
    assert not may_import("gateway.sip.edge", "gateway.webrtc.edge")
    assert not may_import("acd_core.core._agents", "gateway.model.ids")
    assert not may_import("recordings.writer", "acd_core.core")


def third_party(name: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parse(name)):
        if isinstance(node, ast.Import):
            found = [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = [(node.lineno, (node.module or "").split(".")[0])]
        else:
            continue
        yield from ((line, top) for line, top in found if top not in sys.stdlib_module_names and top not in PACKAGES)


def test_third_party_types_stay_at_home() -> None:
    complain(
        [
            f"{name}:{line}: {top} belongs in {', '.join(HOMES[top])}"
            for name in modules()
            for line, top in third_party(name)
            if top in HOMES and not name.startswith(tuple(f"{home}/" for home in HOMES[top]))
        ],
        "These go through a port, in our own types:",
    )


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    declared = {canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in project["dependencies"]}
    declared |= {"pjsua2"}  # built here, see gateway/sip/pjsip
    built = {"setuptools", "cython"}  # setup.py's own
    distributions = packages_distributions()
    missing = [
        f"{name}:{line}: {top}"
        for name in modules()
        for line, top in third_party(name)
        if not {canonical(each) for each in distributions.get(top, [top])} & declared
        and not (name.endswith("_build.py") and canonical(top) in built)
    ]
    complain(missing, "Not among the dependencies in pyproject.toml (a fresh machine would not have it):")


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


IMPORT_ALONE = """
import importlib, os, sys, traceback

sys.path.insert(0, "")
for name in {third_party!r}:
    importlib.import_module(name)
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            print("==", name)
            traceback.print_exc(limit=-3, file=sys.stdout)
        sys.stdout.flush()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        print("==", name, "died of signal", os.WTERMSIG(status), flush=True)
"""


def test_each_module_can_be_imported_alone() -> None:
    """In a process that has seen nothing else of ours, so that no module lives off another's imports.

    Each import is a fork of one process that has loaded the third-party packages: they are slow and not in question.
    """
    names = [
        ".".join(Path(name).with_suffix("").parts).removesuffix(".__init__")
        for name in modules() + files(".pyx")
        if Path(name).stem not in ("_build", "__main__") and "/migrations/" not in name and "/ui/" not in name
    ]
    heavy = sorted(top for top in ("aiortc", "aiohttp", "sqlalchemy", "msgspec", "uvloop") if top in all_third_party())
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALONE.format(third_party=heavy), *names],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert not result.returncode, result.stderr
    complain(result.stdout.splitlines(), "Not importable by themselves (`make build` compiles the .pyx):")


@cache
def all_third_party() -> set[str]:
    return {top for name in modules() for _, top in third_party(name)}
