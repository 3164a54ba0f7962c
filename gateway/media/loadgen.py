"""The load generator as a program: ``python -m gateway.media.loadgen CALLS SOUND``.

It runs in a process of its own, so that its work does not count as the plane's.  It prints the addresses of its
telephones and browsers as one line of JSON.  Then, as often as asked: it reads a line (a `Plan`) from standard input,
runs STUN checks where there is ICE and prints ``null``; reads an empty line, talks, and prints `Figures`.  The end of
its input ends it.
"""

from __future__ import annotations

import contextlib
import os
import sys

import msgspec

from gateway.media._loadgen import LoadGenerator

FRAMES_PER_SECOND = 50
NICE = -15

Address = tuple[str, int]
Addresses = list[tuple[Address, Address]]
"""By call: the telephone's and the browser's."""


class CallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One call's two legs at the other side, and what the browser needs: SRTP keys, and STUN's names with ICE."""

    phone_port: int
    browser_port: int
    send: bytes
    receive: bytes
    username: str = ""
    pwd: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    profile: str
    seconds: float
    opus: bool
    drain_ms: int = 400
    """How much longer it listens: what was sent last must have come out again."""
    calls: list[CallPlan]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """See ``native/loadgen.h``."""

    sent: int
    received: int
    lost: int
    duplicates: int
    unauthentic: int
    unexpected: int
    overflowed: int
    late: int
    delays: int
    delay_p50_us: int
    delay_p99_us: int
    delay_max_us: int
    delay_to_phone_us: int
    delay_to_browser_us: int
    opus_octets: int
    opus_packets: int
    to_phone_db: float
    to_browser_db: float
    compared_ms: int
    unmatched_ms: int


def main() -> int:
    # Telephones are not late because a computer is busy: ask for the priority that the plane's threads ask for.
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    generator = LoadGenerator(int(sys.argv[1]))
    generator.say(os.fsencode(sys.argv[2]))
    _say(generator.addresses())
    for line in sys.stdin.buffer:
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
        generator.connect()
        _say(None)
        if not sys.stdin.buffer.readline():
            break
        _say(generator.talk(round(plan.seconds * FRAMES_PER_SECOND), plan.drain_ms, plan.opus))
    return 0


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
