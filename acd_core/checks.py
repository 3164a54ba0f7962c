"""Whether an event's fields are what they claim to be; shared by both distributors so that they refuse alike."""

from __future__ import annotations

from typing import Final

from acd_core.errors import InvalidEventError, InvalidTimeError, TimeReversedError
from acd_core.events import AgentChanged, AgentSignedIn, ContactArrived, QueueConfigured, WrapUpExtended
from acd_core.states import AFTER_RELEASE, AgentState
from acd_core.strategies import STRATEGIES

TIME_NS_MAX: Final = 1 << 62
DURATION_MS_MAX: Final = 24 * 3600 * 1000
NAME_CHARS_MAX: Final = 256
REASON_CHARS_MAX: Final = 1000
NS_PER_MS: Final = 1_000_000


def check_time(now_ns: object, last_ns: int) -> int:
    """Raises `InvalidTimeError` for no time at all, `TimeReversedError` for one before ``last_ns``."""
    if type(now_ns) is not int:
        raise InvalidTimeError(f"time must be a whole number of nanoseconds, got {now_ns!r:.80}")
    if not 0 <= now_ns <= TIME_NS_MAX:
        raise InvalidTimeError(f"time must be 0 to 2**62 ns, got {now_ns}")
    if now_ns < last_ns:
        raise TimeReversedError(now_ns, last_ns)
    return now_ns


def check_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_CHARS_MAX:
        raise InvalidEventError(f"{what} must be a text of 1 to {NAME_CHARS_MAX} characters, got {name!r:.80}")


def check_reason(reason: object) -> None:
    if not isinstance(reason, str) or len(reason) > REASON_CHARS_MAX:
        raise InvalidEventError(f"reason must be a text of at most {REASON_CHARS_MAX} characters, got {reason!r:.80}")


def check_names(names: object, what: str) -> None:
    if type(names) is not frozenset:
        raise InvalidEventError(f"{what} must be a frozenset of names, got {names!r:.80}")
    for name in names:
        check_name(name, f"each of {what}")


def check_duration_ms(duration: object, what: str, least: int) -> None:
    if type(duration) is not int or not least <= duration <= DURATION_MS_MAX:
        raise InvalidEventError(f"{what} must be {least} to {DURATION_MS_MAX} ms (24 h), got {duration!r:.80}")


def check_queue_configured(event: QueueConfigured) -> None:
    check_name(event.queue, "queue")
    check_duration_ms(event.offer_ms, "offer_ms", 1)
    check_duration_ms(event.wrap_up_ms, "wrap_up_ms", 0)
    check_names(event.skills, "skills")
    if not isinstance(event.strategy, str) or event.strategy not in STRATEGIES:
        known = ", ".join(sorted(STRATEGIES))
        raise InvalidEventError(f"strategy {event.strategy!r:.80} is not known; choose one of: {known}")


def check_agent_signed_in(event: AgentSignedIn | AgentChanged) -> None:
    check_name(event.agent, "agent")
    check_names(event.queues, "queues")
    check_names(event.skills, "skills")


def check_contact_arrived(event: ContactArrived, now_ns: int) -> None:
    check_name(event.contact, "contact")
    check_name(event.queue, "queue")
    check_name(event.channel, "channel")
    check_names(event.skills, "skills")
    check_arrival(event.arrival_ns, now_ns)


def check_arrival(arrival_ns: object, now_ns: int) -> None:
    if arrival_ns is None:
        return
    if type(arrival_ns) is not int or not 0 <= arrival_ns <= now_ns:
        raise InvalidEventError(f"arrival_ns must be 0 to the present ({now_ns} ns), got {arrival_ns!r:.80}")


def check_after_release(state: object) -> AgentState:
    if not isinstance(state, str) or state not in AFTER_RELEASE:
        allowed = ", ".join(sorted(AFTER_RELEASE))
        raise InvalidEventError(f"agent_state must be one of {allowed}, got {state!r:.80}")
    return AgentState(state)


def check_wrap_up_extended(event: WrapUpExtended, now_ns: int) -> None:
    until = event.until_ns
    latest = now_ns + DURATION_MS_MAX * NS_PER_MS
    if type(until) is not int or not now_ns < until <= latest:
        raise InvalidEventError(f"until_ns must lie after now ({now_ns} ns) by 24 h at most, got {until!r:.80}")
