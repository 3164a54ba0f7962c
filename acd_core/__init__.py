"""The automatic call distributor: who serves whom.  Sans-IO: no clock, no I/O, no randomness.

Events with a timestamp go in, decisions come out, `Distributor.get_timer` says when to call again.  The name
`Distributor` is the compiled one and nothing else: where the extension is not built, asking for it fails with a word on
how to build it.  The oracle that the tests hold it against is asked for by its own name, `acd_core.reference`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acd_core.core.distributor import Distributor

__all__ = ["Distributor"]


def __getattr__(name: str) -> object:
    """Import the compiled core on first use, so that `acd_core.reference` can be had without it."""
    if name != "Distributor":
        raise AttributeError(f"module 'acd_core' has no attribute {name!r}")
    try:
        from acd_core.core.distributor import Distributor  # noqa: PLC0415  (the point of this function)
    except ImportError as error:
        raise ImportError(
            f"the compiled distributor can't be loaded ({error}); build it with 'make build' or "
            "'python setup.py build_ext --inplace' (the plain-Python oracle is acd_core.reference, for tests only)"
        ) from error
    globals()["Distributor"] = Distributor
    return Distributor
