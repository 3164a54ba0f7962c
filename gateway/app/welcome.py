"""What a person reads when Zentrale is ready: where to call, which pages to open, how to sign in."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gateway.config.schema import Config

if TYPE_CHECKING:
    from gateway.app.gateway import Addresses


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who had no password at this start, and the one just made, if one was."""

    login: str
    password: str | None


def own_command(command: str, *, config_file: Path | None) -> str:
    """A command line that does this with the configuration in use, as the person would type it here and now."""
    called = sys.argv[0]
    on_path = shutil.which("zentrale") == called
    words = ["zentrale" if on_path else called, *command.split()]
    if config_file is not None:
        words += ["--config", str(config_file)]
    return shlex.join(words)


def ready_text(
    config: Config, addresses: Addresses, logins: list[Login], *, seconds: float, config_file: Path | None = None
) -> str:
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
        rows.append(("No password", f"{shown}   (make one: {own_command('passwd LOGIN', config_file=config_file)})"))
    elif not made:
        login = config.agents[0].login
        again = own_command(f"passwd {login}", config_file=config_file)
        rows.append(("Sign in as", f"{login}   (a new password: {again})"))
    rows.append(("Stop", "Ctrl-C"))
    lines, last = [f"\n{config.server.name} is ready after {seconds:.1f} s.\n"], ""
    for label, text in rows:
        lines.append(f"  {'' if label == last else label:<14}{text}")
        last = label
    return "\n".join(lines) + "\n"
