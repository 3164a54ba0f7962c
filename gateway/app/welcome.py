"""What a person reads when Zentrale is ready: where to call, which pages to open, how to sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gateway.config.schema import Config

if TYPE_CHECKING:
    from gateway.app.gateway import Addresses


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who had no password at this start, and the one just made, if one was."""

    login: str
    password: str | None


def ready_text(config: Config, addresses: Addresses, logins: list[Login], *, seconds: float) -> str:
    """Some lines, ready to print."""
    rows: list[tuple[str, str]] = []
    for number in config.numbers[:4]:
        title = next(queue.title for queue in config.queues if queue.name == number.queue)
        rows.append(("Call", f"sip:{number.number}@{addresses.sip}   ({title})"))
    rows.append(("Visitor page", f"{addresses.web}/"))
    rows.append(("Agent page", f"{addresses.web}/agent"))
    made = [login for login in logins if login.password is not None]
    rows += [("Sign in as", f"{login.login} / {login.password}   (made for this first start)") for login in made]
    without = [login.login for login in logins if login.password is None]
    if without:
        shown = ", ".join(without[:5]) + (", ..." if len(without) > 5 else "")
        rows.append(("No password", f"{shown}: make one with  zentrale passwd LOGIN"))
    elif not made:
        rows.append(
            ("Sign in as", f"{config.agents[0].login}; a new password: zentrale passwd {config.agents[0].login}")
        )
    rows.append(("Stop", "Ctrl-C"))
    lines, last = [f"\n{config.server.name} is ready after {seconds:.1f} s.\n"], ""
    for label, text in rows:
        lines.append(f"  {'' if label == last else label:<14}{text}")
        last = label
    return "\n".join(lines) + "\n"
