"""Opening hours: open and closed by a weekly table, over midnight, holidays and summer time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from acd_core.events import QueueClosed, QueueOpened
from gateway.config.distribution import HoursConfig
from gateway.config.schema import QueueConfig
from gateway.model.ids import QueueName
from gateway.routing.hours import OpeningHours, WeeklyHours, opening_events
from tests.support.session_world import HandClock

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = HoursConfig(
    monday=["08:00-12:00", "13:00-18:00"], friday=["08:00-24:00"], saturday=["00:00-02:00"], closed_on=["2026-11-23"]
)
SUPPORT = QueueName("support")


def at(text: str) -> int:
    """Wall clock in Berlin as ns."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-16T07:59:59", False),
        ("2026-11-16T08:00", True),
        ("2026-11-16T12:00", False),
        ("2026-11-16T17:59", True),
        ("2026-11-17T10:00", False),
        ("2026-11-20T23:59", True),
        ("2026-11-21T00:00", True),
        ("2026-11-21T02:00", False),
        ("2026-11-23T10:00", False),
    ],
)
def test_table(when: str, is_open: bool) -> None:
    assert WeeklyHours(OFFICE, BERLIN).is_open(at(when)) is is_open


@pytest.mark.parametrize(
    ("after", "change"),
    [
        ("2026-11-16T03:00", "2026-11-16T08:00"),
        ("2026-11-16T08:00", "2026-11-16T12:00"),
        ("2026-11-16T20:00", "2026-11-20T08:00"),
        ("2026-11-20T08:00", "2026-11-21T02:00"),  # midnight is no change
        ("2026-11-21T02:00", "2026-11-27T08:00"),  # the Monday between is a holiday
    ],
)
def test_next_change(after: str, change: str) -> None:
    assert WeeklyHours(OFFICE, BERLIN).next_change_ns(at(after)) == at(change)


def test_who_is_always_open_never_changes() -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    always = WeeklyHours(msgspec.convert({day: ["00:00-24:00"] for day in days}, HoursConfig), BERLIN)
    assert always.next_change_ns(at("2026-01-01T00:00")) is None


def test_opens_by_the_wall_clock_on_both_sides_of_summer_time() -> None:
    hours = WeeklyHours(HoursConfig(saturday=["08:00-09:00"], sunday=["08:00-09:00"]), BERLIN)
    saturday, sunday = at("2026-03-28T08:00"), at("2026-03-29T08:00")
    assert sunday - saturday == 23 * 3600 * 1_000_000_000
    assert hours.next_change_ns(at("2026-03-28T09:00")) == sunday


def test_queue_is_opened_and_closed_by_the_clock() -> None:
    told: list[tuple[int, QueueOpened | QueueClosed]] = []
    clock = HandClock()
    clock.ns = at("2026-11-16T06:30")
    queue = QueueConfig(name=SUPPORT, title="S", hours=OFFICE)
    hours = OpeningHours([queue], "Europe/Berlin", lambda event: told.append((clock.ns, event)), clock, clock)
    hours.start()
    assert not hours.is_open(SUPPORT)
    clock.advance(7 * 3600 * 1000)
    assert told == [
        (at("2026-11-16T06:30"), QueueClosed(SUPPORT)),
        (at("2026-11-16T08:00"), QueueOpened(SUPPORT)),
        (at("2026-11-16T12:00"), QueueClosed(SUPPORT)),
        (at("2026-11-16T13:00"), QueueOpened(SUPPORT)),
    ]
    assert hours.is_open(SUPPORT)
    hours.stop()
    clock.advance(24 * 3600 * 1000)
    assert len(told) == 4


def test_a_clock_that_is_put_right_is_noticed_within_the_hour() -> None:
    told: list[QueueOpened | QueueClosed] = []
    clock = HandClock()
    clock.ns = at("2026-11-16T02:00")
    hours = OpeningHours(
        [QueueConfig(name=SUPPORT, title="S", hours=OFFICE)], "Europe/Berlin", told.append, clock, clock
    )
    hours.start()
    clock.ns = at("2026-11-16T09:00")
    clock.advance(0)
    assert told == [QueueClosed(SUPPORT), QueueOpened(SUPPORT)]


def test_the_same_for_a_time_that_is_over() -> None:
    queue = QueueConfig(name=SUPPORT, title="S", hours=OFFICE)
    always = QueueConfig(name=QueueName("always"), title="A")
    begin, end = at("2026-11-16T06:30"), at("2026-11-16T12:30")
    assert list(opening_events([queue, always], "Europe/Berlin", begin, end)) == [
        (begin, QueueClosed(SUPPORT)),
        (at("2026-11-16T08:00"), QueueOpened(SUPPORT)),
        (at("2026-11-16T12:00"), QueueClosed(SUPPORT)),
    ]
