"""Ports that nobody else has: for counterparts that must be told theirs, and ranges that must be just so large.

All lie below what the kernel gives out by itself.  One that it gave out (bind to 0, look, close) is soon some
connection's own end, and a client that knocks there while nobody listens can even meet itself.
"""

from __future__ import annotations

import itertools
import random
import socket
from contextlib import ExitStack

LISTENING = range(8_200, 10_000, 2)
FIRST, LAST = 11_000, 19_999
TRIES = 100

# Round and round, from somewhere: no port twice in a run, and seldom the same in two runs at once.
_start = random.randrange(len(LISTENING))
_next_port = itertools.cycle([*LISTENING[_start:], *LISTENING[:_start]])


def free_port() -> int:
    """Free for UDP and TCP, and so is the next one (SIP's custom for TLS): the caller binds what it needs of them."""
    for port in itertools.islice(_next_port, len(LISTENING)):
        with ExitStack() as stack:
            try:
                for number, kind in itertools.product((port, port + 1), (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
                    stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("0.0.0.0", number))
            except OSError:
                continue
        return port
    raise AssertionError(f"no free port from {LISTENING[0]} to {LISTENING[-1]}")


def udp_socket(port: int) -> socket.socket:
    """Bound on loopback.  Raises OSError when somebody has the port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock


def free_port_range(pairs: int) -> tuple[int, int]:
    """First and last port of so many whole pairs, all of them free for UDP a moment ago."""
    for _ in range(TRIES):
        first = random.randrange(FIRST, LAST - 2 * pairs, 2)
        with ExitStack() as stack:
            try:
                for port in range(first, first + 2 * pairs):
                    stack.enter_context(udp_socket(port))
            except OSError:
                continue
        return first, first + 2 * pairs - 1
    raise AssertionError(f"no {pairs} free pairs of UDP ports from {FIRST} to {LAST}")
