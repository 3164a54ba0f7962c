"""Whether an event's fields are what they claim to be; shared by both distributors so that they refuse alike."""

from __future__ import annotations

from typing import Final

from acd_core.errors import InvalidEventError, InvalidTimeError, TimeReversedError
from acd_core.events import (
    AgentChanged,
    AgentSignedIn,
    ContactArrived,
    ContactChanged,
    ContactDeferred,
    ContactTransferred,
    Lane,
    MatchingConfigured,
    Order,
    Overflow,
    QueueConfigured,
    Split,
    Step,
    WrapUpExtended,
)
from acd_core.states import AFTER_RELEASE, AgentState
from acd_core.strategies import STRATEGIES

TIME_NS_MAX: Final = 1 << 62
DURATION_MS_MAX: Final = 24 * 3600 * 1000
NAME_CHARS_MAX: Final = 256
REASON_CHARS_MAX: Final = 1000
NS_PER_MS: Final = 1_000_000
LEVEL_MAX: Final = 100
ALTERNATIVES_MAX: Final = 32
STEPS_MAX: Final = 16
BROADCAST_MAX: Final = 32
WINDOW_MS_MAX: Final = 50
LANES_MAX: Final = 32
CAPACITY_MAX: Final = 1000
LOTS_MAX: Final = 20
PRIORITY_MAX: Final = 100
BONUS_MS_MAX: Final = 10**12
SCORES_MAX: Final = 1000
EXCLUDED_MAX: Final = 1000
OVERFLOW_VALUES: Final[dict[str, tuple[int, int]]] = {
    "wait": (1, DURATION_MS_MAX),
    "size": (0, 10**6),
    "estimate": (0, DURATION_MS_MAX),
    "unstaffed": (0, 0),
    "closed": (0, 0),
}
"""Least and greatest value of each kind."""
CHANGEABLE: Final = ("skills", "needs", "channel", "priority", "bonus_ms", "topic", "excluded")
"""What `ContactChanged` may change."""


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
    if type(name) is not str or not 1 <= len(name) <= NAME_CHARS_MAX:
        raise InvalidEventError(f"{what} must be a text of 1 to {NAME_CHARS_MAX} characters, got {name!r:.80}")
    check_encoding(name, what)


def check_reason(reason: object) -> None:
    check_text(reason, "reason")


def check_encoding(text: str, what: str) -> None:
    """Half a surrogate pair has no form in UTF-8, in which names are hashed and journalled."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(
            f"{what} must be valid Unicode, got {text!r:.80} with a lone surrogate at {error.start}"
        ) from None


def check_names(names: object, what: str) -> None:
    if type(names) is not frozenset:
        raise InvalidEventError(f"{what} must be a frozenset of names, got {names!r:.80}")
    for name in names:
        check_name(name, f"each of {what}")


def check_count(items: object, what: str, most: int) -> None:
    """Of what may be no set at all: others see to that."""
    if isinstance(items, frozenset) and len(items) > most:
        raise InvalidEventError(f"{what} must be at most {most}, got {len(items)}")


def check_duration_ms(duration: object, what: str, least: int) -> None:
    if type(duration) is not int or not least <= duration <= DURATION_MS_MAX:
        raise InvalidEventError(f"{what} must be {least} to {DURATION_MS_MAX} ms (24 h), got {duration!r:.80}")


def check_int(value: object, what: str, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise InvalidEventError(f"{what} must be a whole number from {least} to {most}, got {value!r:.80}")


def check_flag(value: object, what: str) -> None:
    if type(value) is not bool:
        raise InvalidEventError(f"{what} must be true or false, got {value!r:.80}")


def check_text(value: object, what: str) -> None:
    if type(value) is not str or len(value) > REASON_CHARS_MAX:
        raise InvalidEventError(f"{what} must be a text of at most {REASON_CHARS_MAX} characters, got {value!r:.80}")
    check_encoding(value, what)


def check_items(items: object, what: str, kind: type, most: int) -> None:
    if type(items) is not tuple or len(items) > most or any(type(item) is not kind for item in items):
        raise InvalidEventError(f"{what} must be a tuple of at most {most} {kind.__name__}, got {items!r:.80}")


def check_once(names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        raise InvalidEventError(f"{what} must be named once each, got {', '.join(sorted(names)):.80}")


def check_numbered(pairs: object, what: str, most: int) -> None:
    """A frozenset of (name, number), a name once each."""
    if type(pairs) is not frozenset or any(type(pair) is not tuple or len(pair) != 2 for pair in pairs):
        raise InvalidEventError(f"{what} must be a frozenset of (name, number), got {pairs!r:.80}")
    for name, number in pairs:
        check_name(name, f"each of {what}")
        check_int(number, f"the number of {name!r:.80} in {what}", 0, most)


def check_needs(needs: object) -> None:
    if type(needs) is not frozenset or len(needs) > ALTERNATIVES_MAX:
        raise InvalidEventError(f"needs must be a frozenset of at most {ALTERNATIVES_MAX} clauses, got {needs!r:.80}")
    for clause in needs:
        check_numbered(clause, "a clause of needs", LEVEL_MAX)
        if not 1 <= len(clause) <= ALTERNATIVES_MAX:
            raise InvalidEventError(
                f"a clause of needs must have 1 to {ALTERNATIVES_MAX} alternatives, got {len(clause)}"
            )


def check_order(order: object) -> None:
    if type(order) is not Order:
        raise InvalidEventError(f"order must be an Order, got {order!r:.80}")
    check_text(order.name, "order.name")
    check_int(order.base, "order.base", 0, 10**15)
    check_int(order.rate, "order.rate", 0, 100_000)
    check_int(order.step, "order.step", 0, 10**13)
    check_int(order.toll, "order.toll", 0, 10**9)
    if order.overtaking_ms is not None:
        check_duration_ms(order.overtaking_ms, "order.overtaking_ms", 1)
    check_duration_ms(order.objective_ms, "order.objective_ms", 0)
    check_int(order.target_permille, "order.target_permille", 0, 1000)
    check_int(order.blend, "order.blend", 0, 10**9)


def check_steps(steps: object) -> None:
    check_items(steps, "steps", Step, STEPS_MAX)
    assert isinstance(steps, tuple)
    before = 0
    for step in steps:
        check_duration_ms(step.after_ms, "steps.after_ms", before + 1)
        check_int(step.lower, "steps.lower", 0, LEVEL_MAX)
        check_names(step.drop, "steps.drop")
        check_needs(step.needs)
        before = step.after_ms


def check_overflow(rules: object) -> None:
    check_items(rules, "overflow", Overflow, len(OVERFLOW_VALUES))
    assert isinstance(rules, tuple)
    for rule in rules:
        check_name(rule.to, "overflow.to")
        if type(rule.when) is not str or rule.when not in OVERFLOW_VALUES:
            known = ", ".join(OVERFLOW_VALUES)
            raise InvalidEventError(f"overflow.when must be one of {known}, got {rule.when!r:.80}")
        check_int(rule.value, f"overflow.value of {rule.when}", *OVERFLOW_VALUES[rule.when])
    check_once([rule.when for rule in rules], "each kind of overflow")


def check_splits(splits: object) -> None:
    check_items(splits, "splits", Split, STEPS_MAX)
    assert isinstance(splits, tuple)
    for split in splits:
        check_name(split.to, "splits.to")
        check_int(split.permille, "splits.permille", 0, 1000)
    check_int(sum(split.permille for split in splits), "the sum of splits", 0, 1000)


def check_queue_configured(event: QueueConfigured) -> None:
    check_name(event.queue, "queue")
    check_duration_ms(event.offer_ms, "offer_ms", 1)
    check_duration_ms(event.wrap_up_ms, "wrap_up_ms", 0)
    check_names(event.skills, "skills")
    if type(event.strategy) is not str or event.strategy not in STRATEGIES:
        known = ", ".join(sorted(STRATEGIES))
        raise InvalidEventError(f"strategy {event.strategy!r:.80} is not known; choose one of: {known}")
    check_needs(event.needs)
    check_order(event.order)
    check_steps(event.steps)
    check_overflow(event.overflow)
    check_splits(event.splits)
    check_int(event.broadcast, "broadcast", 1, BROADCAST_MAX)
    check_duration_ms(event.return_ms, "return_ms", 0)
    check_duration_ms(event.handle_ms, "handle_ms", 0)


def check_matching_configured(event: MatchingConfigured) -> None:
    check_int(event.seed, "seed", 0, (1 << 63) - 1)
    check_int(event.window_ms, "window_ms", 0, WINDOW_MS_MAX)


def check_agent_signed_in(event: AgentSignedIn | AgentChanged) -> None:
    check_name(event.agent, "agent")
    check_names(event.queues, "queues")
    check_names(event.skills, "skills")
    check_numbered(event.levels, "levels", LEVEL_MAX)
    if event.levels:
        check_once([*event.skills, *(name for name, _ in event.levels)], "skills and levels")
    check_items(event.lanes, "lanes", Lane, LANES_MAX)
    for lane in event.lanes:
        check_name(lane.channel, "lanes.channel")
        check_int(lane.most, "lanes.most", 1, CAPACITY_MAX)
        check_int(lane.weight, "lanes.weight", 1, CAPACITY_MAX)
        check_flag(lane.interruptible, "lanes.interruptible")
    check_once([lane.channel for lane in event.lanes], "channels of lanes")
    check_int(event.capacity, "capacity", 1, CAPACITY_MAX)
    if event.wrap_up_ms is not None:
        check_duration_ms(event.wrap_up_ms, "wrap_up_ms", 0)
    check_int(event.weight, "weight", 1, LOTS_MAX)
    check_count(event.scores, "scores", SCORES_MAX)
    check_numbered(event.scores, "scores", 1000)
    if event.scores:
        check_once([topic for topic, _ in event.scores], "topics of scores")


def check_contact_arrived(event: ContactArrived, now_ns: int) -> None:
    check_name(event.contact, "contact")
    check_name(event.queue, "queue")
    check_name(event.channel, "channel")
    check_names(event.skills, "skills")
    check_arrival(event.arrival_ns, now_ns)
    check_needs(event.needs)
    check_int(event.priority, "priority", 0, PRIORITY_MAX)
    check_int(event.bonus_ms, "bonus_ms", 0, BONUS_MS_MAX)
    check_text(event.topic, "topic")
    check_excluded(event.excluded)
    if event.preferred is not None:
        check_name(event.preferred, "preferred")
    check_duration_ms(event.preferred_ms, "preferred_ms", 0)


def check_excluded(excluded: object) -> None:
    check_count(excluded, "excluded", EXCLUDED_MAX)
    check_names(excluded, "excluded")


def check_contact_changed(event: ContactChanged) -> None:
    if event.skills is not None:
        check_names(event.skills, "skills")
    if event.needs is not None:
        check_needs(event.needs)
    if event.channel is not None:
        check_name(event.channel, "channel")
    if event.priority is not None:
        check_int(event.priority, "priority", 0, PRIORITY_MAX)
    if event.bonus_ms is not None:
        check_int(event.bonus_ms, "bonus_ms", 0, BONUS_MS_MAX)
    if event.topic is not None:
        check_text(event.topic, "topic")
    if event.excluded is not None:
        check_excluded(event.excluded)


def check_contact_deferred(event: ContactDeferred, now_ns: int) -> None:
    if event.until_ns is not None:
        check_until(event.until_ns, now_ns)


def check_contact_transferred(event: ContactTransferred) -> None:
    if event.queue is not None:
        check_name(event.queue, "queue")
    if event.agent is not None:
        check_name(event.agent, "agent")
    check_duration_ms(event.agent_ms, "agent_ms", 0)
    check_reason(event.reason)


def check_arrival(arrival_ns: object, now_ns: int) -> None:
    if arrival_ns is None:
        return
    if type(arrival_ns) is not int or not 0 <= arrival_ns <= now_ns:
        raise InvalidEventError(f"arrival_ns must be 0 to the present ({now_ns} ns), got {arrival_ns!r:.80}")


def check_after_release(state: object) -> AgentState:
    if not isinstance(state, str) or type(state) not in (AgentState, str) or state not in AFTER_RELEASE:
        allowed = ", ".join(sorted(AFTER_RELEASE))
        raise InvalidEventError(f"agent_state must be one of {allowed}, got {state!r:.80}")
    return AgentState(state)


def check_wrap_up_extended(event: WrapUpExtended, now_ns: int) -> None:
    check_until(event.until_ns, now_ns)


def check_until(until: object, now_ns: int) -> None:
    latest = now_ns + DURATION_MS_MAX * NS_PER_MS
    if type(until) is not int or not now_ns < until <= latest:
        raise InvalidEventError(f"until_ns must lie after now ({now_ns} ns) by 24 h at most, got {until!r:.80}")
