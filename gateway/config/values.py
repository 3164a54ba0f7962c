"""Single values of the configuration: what a name, a port or a time of day looks like, and the base of all tables."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.model.ids import AgentId, QueueName

Port = Annotated[int, Meta(ge=0, le=65535)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
SoundName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*\Z", max_length=64, extra={"rule": "letters, digits, _ and - only"}),
]
Skill = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . : - only"}),
]
Need = Annotated[
    str,
    Meta(
        pattern=r"^ *[A-Za-z0-9][A-Za-z0-9_.:-]* *(>= *[0-9]{1,3} *)?"
        r"(\| *[A-Za-z0-9][A-Za-z0-9_.:-]* *(>= *[0-9]{1,3} *)?)*\Z",
        max_length=1000,
        extra={"rule": "a skill, or skill>=level, or several of them with | between"},
    ),
]
QueueKey = Annotated[
    QueueName,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . - only"}),
]
Login = Annotated[
    AgentId,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@+-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . @ + - only"}
    ),
]
PhoneNumber = Annotated[
    str,
    Meta(
        pattern=r"^\+?[A-Za-z0-9*#][A-Za-z0-9*#._-]*\Z",
        max_length=64,
        extra={"rule": "digits, letters and * # . _ - only, with a + in front if the carrier sends it"},
    ),
]
Topic = Annotated[str, Meta(min_length=1, max_length=64)]
Hours = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z",
        max_length=11,
        extra={"rule": "from-to, such as 08:00-17:30, until 24:00 at most"},
    ),
]
Day = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", max_length=10, extra={"rule": "year-month-day, such as 2026-12-25"}),
]
IceUrl = Annotated[
    str,
    Meta(
        pattern=r"^(turns?:([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\?transport=(udp|tcp))?"
        r"|stuns?:([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)\Z",
        max_length=300,
        extra={"rule": "turn:host:port?transport=udp, turns:host:port?transport=tcp or stun:host:port"},
    ),
]
DayMs = Annotated[int, Meta(ge=0, le=86_400_000)]
"""A duration of up to a day."""
PositiveDayMs = Annotated[int, Meta(ge=1, le=86_400_000)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables: unknown keys are mistakes, and a loaded configuration never changes."""
