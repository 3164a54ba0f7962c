"""What the distributor knew when the process ended, however it ended: read from the newest segment of its journal."""

from __future__ import annotations

import logging
from pathlib import Path

from acd_core.journal import JournalError, Standing
from gateway.model.errors import NotFoundError
from gateway.routing.segments import find_runs, read_segment

log = logging.getLogger(__name__)


def read_standing(directory: Path) -> Standing | None:
    """Who was there and how they stood; None when there is no journal yet.  Call it before a new run begins.

    Takes up to a second for a full segment of 64 MiB.  Damage is logged with its place, and what stands before it
    counts: a start must not fail because of the past.
    """
    try:
        run = find_runs(directory)[-1]
    except NotFoundError:
        return None
    for path in reversed(run.segments):
        standing = None
        try:
            reader = read_segment(path)
            if reader.header is None:
                # Killed while it was begun; the segment before it is the newest then.
                continue
            standing = Standing(reader.header)
            for record in reader:
                standing.take(record.entries)
            if reader.torn:
                log.warning("%s: the last record was not written wholly; %d bytes are left out", path, reader.torn)
        except JournalError as error:
            log.error("%s is damaged, what stands behind that place is not used: %s", path, error)
        if standing is not None:
            return standing
    return None
