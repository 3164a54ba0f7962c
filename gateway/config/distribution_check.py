"""Mistakes in the distribution that no single value shows: steps that go back, overflow into the void, lost shares."""

from __future__ import annotations

import datetime
import difflib
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence, Set

from gateway.config.convert import Mistake, quoted, shown, suggestion
from gateway.config.distribution import HoursConfig, OrderConfig, OverflowConfig
from gateway.config.errors import KeyPath
from gateway.config.schema import AgentConfig, Config, NumberConfig, QueueConfig

LEVEL_MAX = 100

ORDER_KEYS: Mapping[str, frozenset[str]] = {
    "arrival": frozenset(),
    "priority": frozenset({"level_ms", "ageing_percent"}),
    "greatest_need": frozenset(),
    "service_objective": frozenset({"objective_ms"}),
    "generalised_cmu": frozenset({"cost", "cost_fixed_s"}),
    "ratio": frozenset({"share", "ageing_percent"}),
}
"""Keys of `OrderConfig` that a policy reads, beside those that go with every policy."""

ORDER_NEEDS: Mapping[str, str] = {"service_objective": "objective_ms", "ratio": "share"}

OVERFLOW_KEYS: Mapping[str, str | None] = {
    "wait": "after_ms",
    "size": "waiting",
    "estimate": "after_ms",
    "unstaffed": None,
    "closed": None,
}

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def distribution_mistakes(config: Config, faulty: Set[KeyPath]) -> Iterator[Mistake]:
    """Mistakes beyond those already known; values at ``faulty`` paths are placeholders."""
    queues = {str(queue.name): queue for queue in config.queues}
    yield from _timezone(config.distribution.timezone)
    for index, queue in enumerate(config.queues):
        path: KeyPath = ("queues", index)
        yield from _queue(path, queue, faulty)
        yield from _ways_out(path, queue, queues)
        if queue.hours is not None:
            yield from _hours((*path, "hours"), queue.hours)
    for index, number in enumerate(config.numbers):
        yield from _number(("numbers", index), number)
    for index, agent in enumerate(config.agents):
        yield from _agent(("agents", index), agent)


def _timezone(name: str) -> Iterator[Mistake]:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        what = f"there is no time zone {shown(name)} on this machine"
        near = difflib.get_close_matches(name, zoneinfo.available_timezones(), n=1)
        advice = f"did you mean {shown(near[0])}?" if near else 'use a name such as "Europe/Berlin", or "UTC"'
        yield ("distribution", "timezone"), what, advice


def _queue(path: KeyPath, queue: QueueConfig, faulty: Set[KeyPath]) -> Iterator[Mistake]:
    yield from _needs((*path, "needs"), queue.needs)
    if (*path, "order", "policy") not in faulty:
        yield from _order((*path, "order"), queue.order, queue)
    if queue.strategy == "success" and queue.topic is None:
        yield (*path, "strategy"), '"success" compares scores for a topic, and the queue has none', 'add topic = "..."'
    before = 0
    for index, step in enumerate(queue.steps):
        here: KeyPath = (*path, "steps", index)
        yield from _needs((*here, "needs"), step.needs)
        if step.after_ms <= before:
            yield (*here, "after_ms"), f"{step.after_ms} is not later than the step before it", "write them in order"
        before = step.after_ms
    seen: set[str] = set()
    for index, rule in enumerate(queue.overflow):
        here = (*path, "overflow", index)
        if (*here, "when") in faulty:
            continue
        if rule.when in seen:
            yield (*here, "when"), f"{shown(rule.when)} stands there twice", "remove one"
        seen.add(rule.when)
        yield from _overflow(here, rule, queue)
    total = sum(split.permille for split in queue.splits)
    if total > 1000:
        yield (*path, "splits"), f"the shares add up to {total} of 1000", "make them smaller"


def _order(path: KeyPath, order: OrderConfig, queue: QueueConfig) -> Iterator[Mistake]:
    policy = order.policy
    read = ORDER_KEYS[policy]
    for key in ("level_ms", "ageing_percent", "cost", "cost_fixed_s", "share"):
        if getattr(order, key) is not None and key not in read:
            users = [name for name, keys in ORDER_KEYS.items() if key in keys]
            what = f"does nothing with the policy {shown(policy)}"
            yield (*path, key), what, f"remove it, or use policy {' or '.join(map(shown, users))}"
    needed = ORDER_NEEDS.get(policy)
    if needed is not None and getattr(order, needed) is None:
        yield (*path, needed), f"missing; the policy {shown(policy)} goes by it", f"add {needed} = ..."
    if policy == "generalised_cmu" and queue.handle_ms == 0:
        yield (
            (*path, "policy"),
            f"{shown(policy)} goes by the handling time, and the queue has none",
            "add handle_ms = ... to the queue",
        )
    if order.target_percent is not None and order.objective_ms is None:
        yield (*path, "target_percent"), "nothing says what answered in time means", "add objective_ms = ..."
    if order.objective_ms is not None and order.target_percent is None and needed != "objective_ms":
        what = f"does nothing with the policy {shown(policy)} and without a target"
        yield (*path, "objective_ms"), what, "add target_percent = ..., or remove it"
    if order.blend_ms is not None and order.target_percent is None:
        yield (*path, "blend_ms"), "does nothing without a target", "add target_percent = ..., or remove it"


def _overflow(path: KeyPath, rule: OverflowConfig, queue: QueueConfig) -> Iterator[Mistake]:
    needed = OVERFLOW_KEYS[rule.when]
    for key in ("after_ms", "waiting"):
        value = getattr(rule, key)
        if value is None and key == needed:
            yield (*path, key), f"missing; {shown(rule.when)} goes by it", f"add {key} = ..."
        elif value is not None and key != needed:
            yield (*path, key), f"does nothing with {shown(rule.when)}", "remove it"
    if rule.when == "wait" and rule.after_ms == 0:
        yield (*path, "after_ms"), "0 would leave nobody in this queue", "use a number from 1 to 86400000"
    if rule.when == "estimate" and queue.handle_ms == 0:
        yield (*path, "when"), '"estimate" goes by the handling time, and the queue has none', "add handle_ms = ..."
    if rule.when == "closed" and queue.hours is None:
        yield (*path, "when"), "the queue has no hours, so it is never closed", "add [queues.hours], or remove this"


def _ways_out(path: KeyPath, queue: QueueConfig, queues: Mapping[str, QueueConfig]) -> Iterator[Mistake]:
    """Where overflow and splits lead to."""
    if "" in queues:
        return  # a name is missing: what refers to it would only repeat that mistake
    ways: list[tuple[KeyPath, str]] = [
        ((*path, "overflow", index, "to"), rule.to) for index, rule in enumerate(queue.overflow)
    ]
    ways += [((*path, "splits", index, "to"), split.to) for index, split in enumerate(queue.splits)]
    for here, to in ways:
        other = queues.get(to)
        if other is None:
            yield (
                here,
                f"there is no queue {shown(to)}",
                suggestion(to, queues) or f"use one of {quoted(queues)}",
            )
        elif other is queue:
            yield here, "leads back to the same queue", "name another"
        else:
            lacking = [channel for channel in queue.channels if channel not in other.channels]
            if lacking:
                what = f"queue {shown(to)} does not take all that may come from here"
                yield here, what, f"add {quoted(lacking)} to its channels, or choose another"


def _hours(path: KeyPath, hours: HoursConfig) -> Iterator[Mistake]:
    for day in DAYS:
        before = ""
        spans: Sequence[str] = getattr(hours, day)
        for index, span in enumerate(spans):
            begin, _, end = span.partition("-")
            if end <= begin:
                yield (*path, day, index), f"{shown(span)} ends before it begins", "past midnight is the next day's"
            elif begin < before:
                yield (*path, day, index), f"{shown(span)} begins before the one before it ends", "write them in order"
            before = end
    for index, day in enumerate(hours.closed_on):
        try:
            datetime.date.fromisoformat(day)
        except ValueError:
            yield (*path, "closed_on", index), f"there is no day {shown(day)}", "write year-month-day"
    if not any(getattr(hours, day) for day in DAYS):
        yield path, "the queue would never be open", 'add monday = ["08:00-17:00"] and so on'


def _number(path: KeyPath, number: NumberConfig) -> Iterator[Mistake]:
    yield from _needs((*path, "needs"), number.needs)


def _agent(path: KeyPath, agent: AgentConfig) -> Iterator[Mistake]:
    for skill in agent.levels:
        if skill in agent.skills:
            yield (*path, "levels", skill), "stands under skills already, at 100", "remove it from one of them"
    seen: set[str] = set()
    capacity = agent_capacity(agent)
    for index, lane in enumerate(agent.lanes):
        here: KeyPath = (*path, "lanes", index)
        if lane.channel in seen:
            yield (*here, "channel"), f"{shown(lane.channel)} stands there twice", "remove one"
        seen.add(lane.channel)
        if lane.channel != "chat" and lane.most > 1:
            yield (*here, "most"), "nobody can talk to several callers at once", 'use 1, or channel = "chat"'
        if lane.channel != "chat" and lane.interruptible:
            yield (*here, "interruptible"), "a call can't be interrupted", 'remove it, or use channel = "chat"'
        if lane.weight > capacity:
            yield (
                (*here, "weight"),
                f"{lane.weight} is more than the agent's capacity of {capacity}",
                "make capacity greater",
            )
    if agent.capacity is not None and not agent.lanes:
        yield (*path, "capacity"), "does nothing without lanes", "add [[agents.lanes]], or remove it"


def _needs(path: KeyPath, needs: Sequence[str]) -> Iterator[Mistake]:
    for index, need in enumerate(needs):
        alternatives = need.split("|")
        if len(alternatives) > 32:
            yield (*path, index), f"has {len(alternatives)} alternatives", "use at most 32"
        for alternative in alternatives:
            skill, _, level = alternative.partition(">=")
            if len(skill.strip()) > 64:
                yield (*path, index), f"{shown(skill.strip())} has more than 64 characters", "choose a shorter name"
            if level and int(level) > LEVEL_MAX:
                yield (*path, index), f"{int(level)} is too large", f"use a level from 0 to {LEVEL_MAX}"


def agent_capacity(agent: AgentConfig) -> int:
    """What the agent's contacts in hand may weigh together."""
    if agent.capacity is not None:
        return agent.capacity
    return max((lane.most * lane.weight for lane in agent.lanes), default=1)
