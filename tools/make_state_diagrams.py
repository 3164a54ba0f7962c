"""Writes docs/design/distributor-states.md from the tables in acd_core/states.py.

Run it after a change of the tables: ``python tools/make_state_diagrams.py``.  A test compares page and tables.  Why a
state follows another is said here, for each step that a table has, and for no other.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "design" / "distributor-states.md"

HEAD = """# The distributor's states

<!-- Written by tools/make_state_diagrams.py from acd_core/states.py: change it there. -->

One function each changes the state of an agent and of a contact, and refuses what is not in these tables. What an agent
has in hand makes the state ([rule 4](distributor-rules.md#4-agents-states)): an offer before a conversation before a
wrap-up; who may have several in hand is *offered*, *busy* or *in wrap-up* by the first of these that applies.
"""

AGENT_CAUSES = {
    "signed_out paused": "signs in",
    "available offered": "offer made",
    "available paused": "pause",
    "available signed_out": "signs out",
    "offered available": "rejected, customer left, answered by another, no room any more",
    "offered offered": "something in hand is over while it rings",
    "offered busy": "accepted; offer over, another in hand",
    "offered wrap_up": "offer over, a wrap-up in hand",
    "offered paused": "offer over, pause asked for",
    "offered not_responding": "no answer, revoked",
    "offered signed_out": "signs out",
    "busy available": "contact over, no wrap-up",
    "busy offered": "offer made, room left",
    "busy busy": "another accepted or over",
    "busy wrap_up": "last contact over",
    "busy paused": "contact over, pause asked for",
    "busy not_responding": "requeued, page lost",
    "busy signed_out": "contact over, sign-out asked for",
    "wrap_up available": "over, finished, ready",
    "wrap_up offered": "offer made, room left",
    "wrap_up busy": "interrupted work resumes",
    "wrap_up wrap_up": "extended; one of several over",
    "wrap_up paused": "over, pause asked for",
    "wrap_up not_responding": "over, did not answer meanwhile",
    "wrap_up signed_out": "over, sign-out asked for",
    "paused available": "ready",
    "paused paused": "another reason",
    "paused signed_out": "signs out",
    "not_responding available": "ready, return time over",
    "not_responding paused": "pause",
    "not_responding signed_out": "signs out",
}

CONTACT_CAUSES = {
    "waiting offered": "offer made",
    "waiting ended": "customer left",
    "offered waiting": "last open offer rejected, expired, revoked",
    "offered assigned": "accepted",
    "offered ended": "customer left",
    "assigned waiting": "requeued, transferred",
    "assigned ended": "conversation over",
}


def main() -> None:
    PAGE.write_text(render(), "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def render() -> str:
    sys.path.insert(0, str(ROOT))
    from acd_core import states  # noqa: PLC0415 - works from a checkout that is not installed

    agents = draw(states.AGENT_TRANSITIONS, AGENT_CAUSES, states.AgentState.SIGNED_OUT)
    contacts = draw(states.CONTACT_TRANSITIONS, CONTACT_CAUSES, states.ContactState.WAITING, states.ContactState.ENDED)
    offers = "".join(f"    open --> {end}\n    {end} --> [*]\n" for end in states.OfferEnd)
    return (
        f"{HEAD}\n## Agents\n\n{agents}\n## Contacts\n\n{contacts}\n## Offers\n\n"
        "An offer ends once, in one of these ways, at its expiry at the latest.\n\n"
        f"```mermaid\nstateDiagram-v2\n    [*] --> open: made\n{offers}```\n"
    )


def draw(
    table: Mapping[enum.StrEnum, frozenset[enum.StrEnum]],
    causes: Mapping[str, str],
    first: enum.StrEnum,
    last: enum.StrEnum | None = None,
) -> str:
    steps = [(before, after) for before, afters in table.items() for after in sorted(afters)]
    names = {f"{before} {after}" for before, after in steps}
    if names != set(causes):
        raise SystemExit(f"a cause is missing or too many: {sorted(names ^ set(causes))}")
    lines = [f"    [*] --> {first}"]
    lines += [f"    {before} --> {after}: {causes[f'{before} {after}']}" for before, after in steps]
    if last is not None:
        lines.append(f"    {last} --> [*]")
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"


if __name__ == "__main__":
    main()
