"""The distributor in plain Python: slow, short and obviously right.  The tests hold the compiled core against it."""

from __future__ import annotations

from acd_core.reference.distributor import Distributor

__all__ = ["Distributor"]
