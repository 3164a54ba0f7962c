"""The distributor's pages say what is so: state diagrams are those of the tables, the examples of strategies run."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from acd_core import events as ev
from acd_core.decisions import Decision, OfferMade
from acd_core.strategies import STRATEGIES, orders
from tests.support.acd_centre import S, both

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/design/strategies.md").read_text("utf-8")


def test_state_diagrams_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_state_diagrams", ROOT / "tools/make_state_diagrams.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = (ROOT / "docs/design/distributor-states.md").read_text("utf-8")
    assert tool.render() == page, "run: python tools/make_state_diagrams.py"


def test_each_module_is_on_the_page() -> None:
    page = (ROOT / "docs/design/distributor.md").read_text("utf-8")
    modules = [path.stem for path in (ROOT / "acd_core").glob("*.py") if path.stem not in ("__init__", "_build")]
    modules += [path.name for path in (ROOT / "acd_core").iterdir() if (path / "__init__.py").exists()]
    modules += [f"{path.parent.name}/{path.stem}" for path in (ROOT / "acd_core").glob("*/*.pyx")]
    missing = [module for module in modules if module != "core" and f"`{module}`" not in page]
    assert not missing, "docs/design/distributor.md says what each module is"


def test_each_strategy_and_recipe_is_on_the_page() -> None:
    recipes = [
        name for name, one in inspect.getmembers(orders, inspect.isfunction) if one.__module__ == orders.__name__
    ]
    for name in [*STRATEGIES, *recipes]:
        assert f"`{name}" in PAGE, name


@both
@pytest.mark.parametrize("at_least", [8])
def test_the_examples_are_true(make: type[Any], at_least: int) -> None:
    ran = 0

    def example(*events: ev.Event | int, offers: list[str], because: str | None = None) -> None:
        nonlocal ran
        distributor, now_ns = make(), 0
        made: list[OfferMade] = []

        def note(decisions: list[Decision]) -> None:
            made.extend(one for one in decisions if isinstance(one, OfferMade))

        for event in events:
            if isinstance(event, int):
                while (due := distributor.get_timer()) is not None and due <= event * S:
                    note(distributor.handle_timer(due))
                now_ns = event * S
            else:
                note(distributor.handle(event, now_ns))
        assert [f"{one.contact} to {one.agent}" for one in made] == offers
        assert because is None or made[-1].explanation.sentence() == because
        ran += 1

    names: dict[str, Any] = {"example": example, "at": lambda second: second}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert ran >= at_least
