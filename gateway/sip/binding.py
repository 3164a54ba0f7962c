"""The door to pjsua2: the only module beside `gateway.sip.caller` that imports it, and what is known of its build.

The real binding is built by ``gateway.sip.pjsip`` and carries our additions (``zentrale...``).  Without them this is
the stop-gap from the package index: it holds four calls, has no doorkeeper, and is driven by a tick.
"""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)

try:
    import pjsua2  # type: ignore[import-not-found, import-untyped, unused-ignore]
except ImportError as error:
    raise ImportError("pjsua2 is not installed; `make build` builds and installs it") from error

pj: Any = pjsua2

IS_STOP_GAP = not hasattr(pjsua2, "zentraleRecipe")

STOP_GAP_WARNING = (
    "*** SIP runs on a stop-gap: the ready-made pjsua2-python. It takes 4 calls at once and is for a first look only.\n"
    "*** To mend it, run `make build` where a Debian archive can be reached, or with the source of PJSIP 2.16+:\n"
    "*** ZENTRALE_PJPROJECT_TARBALL=/path/to/pjproject.tar.gz make build"
)


def calls_max() -> int:
    """Return how many calls the binding can hold at once, a few kept for those that are being refused."""
    return 4 if IS_STOP_GAP else int(pjsua2.zentraleCallsMax()) - 32
