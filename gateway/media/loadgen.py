"""The load generator as a program: ``python -m gateway.media.loadgen CALLS``.

It runs in a process of its own, so that its work does not count as the plane's.  It prints its ports as one line of
JSON, reads one line (a `Plan`) from standard input, talks, and prints the figures as one line.
"""

from __future__ import annotations

import contextlib
import os
import sys

import msgspec

from gateway.media._loadgen import LoadGenerator

FRAMES_PER_SECOND = 50
NICE = -15


class CallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One call's two legs at the plane, and the browser's credentials and SRTP keys."""

    phone_port: int
    browser_port: int
    username: str
    pwd: str
    send: bytes
    receive: bytes


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    profile: str
    seconds: float
    mix: bool
    calls: list[CallPlan]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """See ``native/loadgen.h``."""

    sent: int
    received: int
    lost: int
    duplicates: int
    unauthentic: int
    overflowed: int
    late: int
    delays: int
    delay_p50_us: int
    delay_p99_us: int
    delay_max_us: int


def main() -> int:
    # Telephones are not late because a computer is busy: ask for the priority that the plane's threads ask for.
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    generator = LoadGenerator("127.0.0.1", int(sys.argv[1]))
    _say(generator.ports())
    line = sys.stdin.buffer.readline()
    if not line:
        return 1
    plan = msgspec.json.decode(line, type=Plan)
    for number, call in enumerate(plan.calls):
        generator.aim(
            number,
            host=plan.host,
            phone_port=call.phone_port,
            browser_port=call.browser_port,
            username=call.username,
            pwd=call.pwd,
            profile=plan.profile,
            send=call.send,
            receive=call.receive,
        )
    _say(generator.run(round(plan.seconds * FRAMES_PER_SECOND), plan.mix))
    return 0


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
