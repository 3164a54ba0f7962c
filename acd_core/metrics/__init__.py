"""Metrics of the trade, from the stream of events and decisions: service levels by several named formulas, ASA, AHT,
abandonment, occupancy, and a check that no contact is lost or counted twice."""

from acd_core.metrics.collector import ALL, Collector
from acd_core.metrics.report import ConservationError, Counts, Interval, Report, Row, Target
from acd_core.metrics.service_level import FORMULAS, USUAL, Formula, Tally

__all__ = [
    "ALL", "FORMULAS", "USUAL", "Collector", "ConservationError", "Counts", "Formula", "Interval", "Report", "Row",
    "Tally", "Target",
]  # fmt: skip
