"""What a waiting contact takes, in a process of its own in which the C library counts everything.

What the system says of a process (its resident memory) goes up and down by a third with what was freed before;
Python's own allocator tells nobody.  So Python is told to do without (PYTHONMALLOC), which makes its objects a little
larger than they are in production.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys

from acd_core import Distributor
from acd_core.bench.world import BACKLOG_NS, Size, World
from acd_core.core.stopwatch import read_memory


def measure_memory(size: Size) -> float:
    """Bytes that the distributor takes for each waiting contact, beside the contact's own name."""
    child = subprocess.run(
        # -P: the distributor that is measured, not one of the folder that this was called in
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()", json.dumps(size)],
        env={**os.environ, "PYTHONMALLOC": "malloc"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(child.stdout)


def count_bytes(size: Size) -> float:
    world = World(Distributor(size.limits()), size)
    arrivals = [world.arrival() for _ in range(size.waiting)]
    gc.collect()
    before = read_memory()
    for event in arrivals:
        world.wait(BACKLOG_NS // size.waiting)
        world.tell(event)
    return round((read_memory() - before) / size.waiting, 1)


def main() -> None:
    """The child: the size stands on its command line."""
    gc.disable()
    size = Size(*json.loads(sys.argv[1]))
    # what is made once, for the first contacts, is no contact's
    count_bytes(size._replace(waiting=min(size.waiting, 1_000)))
    print(count_bytes(size))
