"""UDP ports that nobody else has: for tests in which a range must be just so large.

They lie below what the kernel gives out by itself, and begin at random, so that tests which run at the same time (or a
counterpart's socket that asked for any port) hardly ever meet.
"""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

FIRST, LAST = 11_000, 19_999
TRIES = 100


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
    """First and last port of so many whole pairs, all of them free a moment ago."""
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
