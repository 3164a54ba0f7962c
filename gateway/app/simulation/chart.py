"""The simulated day as a picture: waiting in each queue, then contacts and agents.  Plain SVG, no library.

Each queue has a panel with an axis of its own, since a mail may wait for hours and a caller for seconds.  Colours adapt
to a dark page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from gateway.app.figures import QueueSummary
from gateway.app.queue_table import duration
from gateway.app.simulation.summary import Point, Summary

WIDTH = 960
LEFT, RIGHT = 74, 24
TOP, GAP, PANEL, BOTTOM = 64, 46, 150, 58
QUEUES_MAX = 12
"""More are left out of the picture."""

STYLE = """
svg { background: #ffffff; font-family: system-ui, "Segoe UI", Roboto, sans-serif; font-size: 12px; }
text { fill: #52606d; } .title { fill: #1f2933; font-size: 18px; font-weight: 600; }
.name { fill: #1f2933; font-size: 13px; font-weight: 600; } .grid { stroke: #e4e7eb; } .axis { stroke: #9aa5b1; }
.band { fill: #2f7ed8; fill-opacity: 0.14; } .p90 { stroke: #2f7ed8; stroke-opacity: 0.45; fill: none; }
.mean { stroke: #1f5fa8; stroke-width: 2.2; fill: none; stroke-linejoin: round; }
.target { stroke: #d64545; stroke-dasharray: 5 4; } .targettext { fill: #d64545; }
.bar { fill: #8fb8a8; fill-opacity: 0.75; } .lost { fill: #d98a5b; }
.ready { stroke: #52606d; stroke-width: 1.8; fill: none; } .working { stroke: #7b61c9; stroke-width: 1.8; fill: none; }
@media (prefers-color-scheme: dark) {
  svg { background: #17202a; } text { fill: #9fb3c8; } .title, .name { fill: #f0f4f8; } .grid { stroke: #2a3846; }
  .axis { stroke: #627d98; } .mean { stroke: #6db3f2; } .ready { stroke: #bcccdc; } .working { stroke: #b39df0; }
}
"""


def draw(summary: Summary) -> str:
    """The SVG document."""
    queues = summary.queues[:QUEUES_MAX]
    height = TOP + len(queues) * (PANEL + GAP) + PANEL + BOTTOM
    hours = _Hours(summary)
    days = "1 day" if summary.days == 1 else f"mean of {summary.days} days"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(summary.title)}: waiting over the day">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="28">{escape(summary.title)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="28" text-anchor="end">{days}, seed {summary.seed}</text>',
    ]
    for number, queue in enumerate(queues):
        parts += _waiting(queue, summary.intervals[queue.name], hours, TOP + number * (PANEL + GAP))
    parts += _load(summary, hours, TOP + len(queues) * (PANEL + GAP))
    return "\n".join([*parts, "</svg>", ""])


class _Hours:
    """The axis of time."""

    def __init__(self, summary: Summary) -> None:
        points = next(iter(summary.intervals.values()))
        self.step_s = summary.interval_s
        self.first_s = points[0].start_s if points else 0.0
        self.last_s = (points[-1].start_s if points else 0.0) + self.step_s

    def x(self, moment_s: float) -> float:
        share = (moment_s - self.first_s) / (self.last_s - self.first_s)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[float]:
        step = 3600.0 * max(1, math.ceil((self.last_s - self.first_s) / 3600 / 16))
        first = math.ceil(self.first_s / step) * step
        return [first + number * step for number in range(int((self.last_s - first) // step) + 1)]


def _waiting(queue: QueueSummary, points: Sequence[Point], hours: _Hours, top: float) -> list[str]:
    highest = max((point.wait_p90_s or point.wait_mean_s or 0.0 for point in points), default=0.0)
    if queue.target_s < 2 * highest:
        highest = max(highest, queue.target_s)
    unit, word = (3600.0, "h") if highest > 2 * 3600 else (60.0, "min") if highest > 180 else (1.0, "s")
    y, grid = _scale(highest / unit, top, hours)
    middle = [(hours.x(point.start_s + hours.step_s / 2), point) for point in points]
    p90 = [(x, y((point.wait_p90_s or 0.0) / unit)) for x, point in middle]
    mean = [(x, y((point.wait_mean_s or 0.0) / unit)) for x, point in middle]
    base = top + PANEL
    parts = [
        f'<text class="name" x="{LEFT}" y="{top - 10:.0f}">{escape(queue.title)}: waiting, {word}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{top - 10:.0f}" text-anchor="end">line: mean, area: 90 % wait no longer</text>',
        *grid,
    ]
    if mean:
        area = f"M{p90[0][0]:.1f},{base:.1f} " + " ".join(f"L{x:.1f},{at:.1f}" for x, at in p90)
        parts.append(f'<path class="band" d="{area} L{p90[-1][0]:.1f},{base:.1f} Z"/>')
        parts += [_line("p90", p90), _line("mean", mean)]
    at = y(queue.target_s / unit)
    if at >= top:
        parts.append(f'<line class="target" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        words = f"target {duration(queue.target_s)}"
        parts.append(
            f'<text class="targettext" x="{WIDTH - RIGHT - 4}" y="{at - 5:.1f}" text-anchor="end">{words}</text>'
        )
    return parts


def _load(summary: Summary, hours: _Hours, top: float) -> list[str]:
    points = summary.intervals[""]
    highest = max(
        [point.offered * 3600 / hours.step_s for point in points] + [0.0],
    )
    y, grid = _scale(highest, top, hours)
    base = top + PANEL
    parts = [
        f'<text class="name" x="{LEFT}" y="{top - 10:.0f}">Contacts an hour (bars), those given up in orange</text>',
        *grid,
    ]
    for point in points:
        left, right = hours.x(point.start_s), hours.x(point.start_s + hours.step_s)
        for name, count in (("bar", point.offered), ("lost", point.abandoned)):
            at = y(count * 3600 / hours.step_s)
            if count:
                size = f'width="{max(right - left - 1, 0.5):.1f}" height="{base - at:.1f}"'
                parts.append(f'<rect class="{name}" x="{left + 0.5:.1f}" y="{at:.1f}" {size}/>')
    most = max([point.ready for point in summary.staffing] + [0.0])
    if most:
        agents = _round_up(most)
        for name in ("ready", "working"):
            steps: list[tuple[float, float]] = []
            for staff in summary.staffing:
                at = base - getattr(staff, name) / agents * PANEL
                steps += [(hours.x(staff.start_s), at), (hours.x(staff.start_s + hours.step_s), at)]
            parts.append(_line(name, steps))
        words = f"agents: grey there, violet working (top: {agents:g})"
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{top - 10:.0f}" text-anchor="end">{words}</text>')
    for moment in hours.ticks():
        clock = f"{int(moment // 3600) % 24:02}:{int(moment % 3600 // 60):02}"
        parts.append(f'<text x="{hours.x(moment):.1f}" y="{base + 20:.0f}" text-anchor="middle">{clock}</text>')
    return parts


def _scale(highest: float, top: float, hours: _Hours) -> tuple[Callable[[float], float], list[str]]:
    """From a value to its height in the panel, and the panel's grid."""
    limit = _round_up(highest)
    base = top + PANEL
    grid = []
    for number in range(5):
        at = base - number * PANEL / 4
        name = "grid" if number else "axis"
        grid.append(f'<line class="{name}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        value = f"{limit * number / 4:g}"
        grid.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{value}</text>')
    for moment in hours.ticks():
        x = hours.x(moment)
        grid.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{base:.1f}"/>')
    return lambda value: base - value / limit * PANEL, grid


def _round_up(highest: float) -> float:
    """To a number whose quarters read well."""
    if highest <= 0:
        return 4.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10, 12) if step * power >= highest * 0.999)


def _line(name: str, points: Sequence[tuple[float, float]]) -> str:
    return f'<polyline class="{name}" points="' + " ".join(f"{x:.1f},{at:.1f}" for x, at in points) + '"/>'
