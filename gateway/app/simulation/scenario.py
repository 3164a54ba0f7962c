"""Reads a scenario file, checks what no single value shows, and makes the simulator's plan of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from acd_core import events as acd
from acd_core.metrics import ALL, Target
from acd_core.simulation import distributions
from acd_core.simulation.arrivals import Poisson
from acd_core.simulation.plan import Group, Plan, Stream, seconds
from gateway.app.simulation.schema import AgentsTable, Duration, QueueTable, Scenario, StreamTable
from gateway.config.convert import Mistake, quoted, shown, suggestion
from gateway.config.distribution_check import distribution_mistakes
from gateway.config.errors import KeyPath
from gateway.config.loader import parse_as, read
from gateway.config.schema import AgentConfig, Config, NumberConfig, QueueConfig
from gateway.model.ids import AgentId, QueueName
from gateway.routing.settings import queue_configured, read_needs

CONTACTS_MAX = 2_000_000
"""On one simulated day, on average."""
AGENTS_MAX = 20_000
ANSWER_S = 2.0
WRAP_UP_MS_MAX = 3_600_000
"""Of a queue whose streams say how long it takes."""
MINUTE = 60


def load(path: Path) -> Scenario:
    """Raises `gateway.config.errors.ConfigError` with all problems, each with its line."""
    return parse(read(path, missing="check the path"), file=str(path))


def parse(text: str, *, file: str) -> Scenario:
    """As `load`, of a file's text; ``file`` is how problems name it."""
    return parse_as(Scenario, text, lambda scenario, faulty: _Checker(scenario, faulty).check(), file=file)


class _Checker:
    def __init__(self, scenario: Scenario, faulty: set[KeyPath]) -> None:
        self._scenario = scenario
        self._faulty = faulty
        self._mistakes: list[Mistake] = []

    def check(self) -> list[Mistake]:
        scenario = self._scenario
        self._check_day()
        self._unique("queues", [queue.name for queue in scenario.queues])
        self._unique("streams", [stream.name for stream in scenario.streams])
        self._unique("agents", [group.name for group in scenario.agents])
        self._check_distribution()
        for index, stream in enumerate(scenario.streams):
            self._check_stream(("streams", index), stream)
        for index, group in enumerate(scenario.agents):
            self._check_group(("agents", index), group)
        if not self._faulty and not self._mistakes:
            self._check_size()
        return self._mistakes

    def _report(self, path: KeyPath, what: str, advice: str) -> None:
        if not any(path[:length] in self._faulty for length in range(1, len(path) + 1)):
            self._mistakes.append((path, what, advice))

    def _is_sound(self, path: KeyPath) -> bool:
        """Whether neither the value nor anything in it is a placeholder."""
        return not any(one[: len(path)] == path or path[: len(one)] == one for one in self._faulty)

    def _check_day(self) -> None:
        head = self._scenario.scenario
        if self._is_sound(("scenario",)) and clock_s(head.closes) <= clock_s(head.opens):
            self._report(("scenario", "closes"), "the day ends before it begins", "choose a later time, up to 24:00")

    def _unique(self, table: str, names: Sequence[str]) -> None:
        first: dict[str, int] = {}
        for index, name in enumerate(names):
            if name and first.setdefault(name, index) != index:
                self._report(
                    (table, index, "name"), f"{shown(name)} is taken by {table}[{first[name]}]", "choose another"
                )

    def _check_distribution(self) -> None:
        """By the rules of the configuration, which has the same tables: streams stand for its numbers."""
        scenario = self._scenario
        agents = [
            AgentConfig(login=AgentId(group.name), name=group.name, queues=[], skills=group.skills, levels=group.levels)
            for group in scenario.agents
        ]
        numbers = [NumberConfig(number="", queue=QueueName(""), needs=stream.needs) for stream in scenario.streams]
        config = Config(queues=[_as_configured(queue) for queue in scenario.queues], agents=agents, numbers=numbers)
        for path, what, advice in distribution_mistakes(config, self._faulty):
            self._report(("streams" if path[0] == "numbers" else path[0], *path[1:]), what, advice)

    def _check_stream(self, path: KeyPath, stream: StreamTable) -> None:
        self._check_queue_known((*path, "queue"), stream.queue)
        if self._is_sound((*path, "per_hour")) and self._is_sound((*path, "profile")):
            self._check_arrivals(path, stream)
        if stream.handling is None:
            advice = 'add handling = { kind = "lognormal", mean_s = 240 }'
            self._report((*path, "handling"), "missing", advice)
        for key in ("handling", "patience", "wrap_up"):
            self._check_duration((*path, key), getattr(stream, key), zero=key == "wrap_up")
        if stream.transfer_to is not None:
            self._check_queue_known((*path, "transfer_to"), stream.transfer_to)
        elif self._is_sound((*path, "transfer_percent")) and stream.transfer_percent:
            self._report((*path, "transfer_percent"), "says not where to", 'add transfer_to = "..."')

    def _check_arrivals(self, path: KeyPath, stream: StreamTable) -> None:
        if (stream.per_hour is None) == (not stream.profile):
            what = "says not how many arrive" if stream.per_hour is None else "is given beside per_hour"
            self._report((*path, "profile"), what, "give either per_hour or profile")
        elif stream.profile and self._is_sound(("scenario",)):
            day = clock_s(self._scenario.scenario.closes) - clock_s(self._scenario.scenario.opens)
            needed = math.ceil(day / (stream.profile_minutes * MINUTE))
            if day > 0 and len(stream.profile) != needed:
                what = f"has {len(stream.profile)} intervals of {stream.profile_minutes} min"
                self._report((*path, "profile"), what, f"the day from opening to closing has {needed}")

    def _check_duration(self, path: KeyPath, duration: Duration | None, *, zero: bool = False) -> None:
        if duration is None or not self._is_sound(path):
            return
        if duration.kind == "empirical":
            if not duration.values_s:
                self._report((*path, "values_s"), "missing", "add the measured values: values_s = [ ... ]")
            if duration.mean_s is not None:
                self._report((*path, "mean_s"), "follows from values_s", "remove it")
        else:
            if duration.mean_s is None:
                self._report((*path, "mean_s"), "missing", "add mean_s = ..., in seconds")
            elif duration.mean_s == 0 and not zero:
                self._report((*path, "mean_s"), "is 0", "use a number above 0")
            if duration.values_s:
                self._report((*path, "values_s"), f"does not go with {duration.kind}", "remove it")
        if duration.cv is not None and duration.kind != "lognormal":
            self._report((*path, "cv"), f"does not go with {duration.kind}", 'remove it, or write kind = "lognormal"')

    def _check_queue_known(self, path: KeyPath, name: str) -> None:
        queues = [queue.name for queue in self._scenario.queues]
        if name not in queues and queues and "" not in queues:
            advice = suggestion(name, queues) or f"use one of {quoted(queues)}"
            self._report(path, f"there is no queue {shown(name)}", advice)

    def _check_group(self, path: KeyPath, group: AgentsTable) -> None:
        for place, queue in enumerate(group.queues):
            self._check_queue_known((*path, "queues", place), queue)
        self._check_duration((*path, "answer"), group.answer, zero=True)
        self._check_lanes(path, group)
        if not self._is_sound((*path, "shifts")):
            return
        last = 0.0
        for place, (begin, end) in enumerate(map(shift_s, group.shifts)):
            if end <= begin:
                self._report((*path, "shifts", place), "ends before it begins", "a shift ends on the same day")
            elif begin < last:
                self._report(
                    (*path, "shifts", place), "begins before the one before it ends", "put them in order, apart"
                )
            last = max(last, end)

    def _check_lanes(self, path: KeyPath, group: AgentsTable) -> None:
        channels: set[str] = set()
        for place, lane in enumerate(group.lanes):
            if lane.channel in channels:
                self._report(
                    (*path, "lanes", place, "channel"), f"{shown(lane.channel)} stands there twice", "remove one"
                )
            channels.add(lane.channel)
            if lane.weight > _capacity(group):
                what = f"{lane.weight} is more than the capacity of {_capacity(group)}"
                self._report((*path, "lanes", place, "weight"), what, "make capacity greater")
        if group.capacity is not None and not group.lanes:
            self._report((*path, "capacity"), "does nothing without lanes", "add [[agents.lanes]], or remove it")

    def _check_size(self) -> None:
        plan = to_plan(self._scenario)
        if plan.expected > CONTACTS_MAX:
            what = f"{plan.expected:.0f} contacts a day are more than {CONTACTS_MAX}"
            self._report(("streams",), what, "simulate a shorter day or fewer contacts")
        agents = sum(group.count for group in plan.groups)
        if agents > AGENTS_MAX:
            self._report(("agents",), f"{agents} agents are more than {AGENTS_MAX}", "simulate fewer")


def clock_s(text: str) -> float:
    """``08:30`` in seconds after midnight."""
    hours, minutes = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def shift_s(text: str) -> tuple[float, float]:
    begin, end = text.split("-")
    return clock_s(begin), clock_s(end)


def to_plan(scenario: Scenario) -> Plan:
    """Of one day; times are ns after midnight."""
    head = scenario.scenario
    opens, closes = clock_s(head.opens), clock_s(head.closes)
    end = closes + head.run_on_minutes * MINUTE
    targets = {
        queue.name: Target(seconds=queue.target_s, short_abandon_s=queue.short_abandon_s) for queue in scenario.queues
    }
    topics = {queue.name: queue.topic or "" for queue in scenario.queues}
    return Plan(
        queues=tuple(_queue(queue, scenario.streams) for queue in scenario.queues),
        streams=tuple(_stream(stream, opens, closes, topics) for stream in scenario.streams),
        groups=tuple(_group(group, end) for group in scenario.agents),
        from_ns=seconds(opens + head.warm_up_minutes * MINUTE),
        close_ns=seconds(closes),
        end_ns=seconds(end),
        interval_ns=seconds(head.interval_minutes * MINUTE),
        events=((0, acd.MatchingConfigured(window_ms=head.window_ms)),) if head.window_ms else (),
        targets={**targets, ALL: targets[scenario.queues[0].name]},
    )


def _queue(queue: QueueTable, streams: Iterable[StreamTable]) -> acd.QueueConfigured:
    varies = any(stream.wrap_up is not None for stream in streams if queue.name in (stream.queue, stream.transfer_to))
    configured = queue_configured(_as_configured(queue))
    return msgspec.structs.replace(configured, wrap_up_ms=WRAP_UP_MS_MAX) if varies else configured


def _as_configured(queue: QueueTable) -> QueueConfig:
    """As the queue would stand in a configuration."""
    return QueueConfig(
        name=QueueName(queue.name),
        title=queue.title or queue.name,
        skills=queue.skills,
        offer_ms=queue.offer_ms,
        wrap_up_ms=queue.wrap_up_ms,
        needs=queue.needs,
        strategy=queue.strategy,
        topic=queue.topic,
        order=queue.order,
        steps=queue.steps,
        overflow=queue.overflow,
        splits=queue.splits,
        broadcast=queue.broadcast,
        return_ms=queue.return_ms,
        handle_ms=queue.handle_ms,
    )


def _stream(stream: StreamTable, opens: float, closes: float, topics: Mapping[str, str]) -> Stream:
    profile = stream.profile or [stream.per_hour or 0.0]
    interval = stream.profile_minutes * MINUTE if stream.profile else closes - opens
    assert stream.handling is not None
    return Stream(
        name=stream.name,
        contact=acd.ContactArrived(
            "",
            stream.queue,
            frozenset(stream.skills),
            stream.channel,
            needs=read_needs(stream.needs),
            priority=stream.priority,
            bonus_ms=stream.bonus_s * 1000,
            topic=topics[stream.queue],
        ),
        arrivals=Poisson(tuple(profile), seconds(opens), seconds(interval)),
        handling=_distribution(stream.handling),
        patience=None if stream.patience is None else _distribution(stream.patience),
        wrap_up=None if stream.wrap_up is None else _distribution(stream.wrap_up),
        transfer=stream.transfer_percent / 100,
        transfer_to=stream.transfer_to or "",
    )


def _group(group: AgentsTable, end: float) -> Group:
    shifts = [shift_s(shift) for shift in group.shifts] or [(0.0, end + 1)]
    return Group(
        name=group.name,
        count=group.count,
        agent=acd.AgentSignedIn(
            "",
            frozenset(group.queues),
            frozenset(group.skills),
            levels=frozenset(group.levels.items()),
            lanes=tuple(acd.Lane(lane.channel, lane.most, lane.weight, lane.interruptible) for lane in group.lanes),
            capacity=_capacity(group),
            weight=group.weight,
            scores=frozenset(group.scores.items()),
        ),
        shifts=tuple((seconds(begin), seconds(until)) for begin, until in shifts),
        answer=distributions.Deterministic(ANSWER_S) if group.answer is None else _distribution(group.answer),
        no_answer=group.no_answer_percent / 100,
        back=distributions.Deterministic(group.back_s),
        handling_factor=group.handling_percent / 100,
    )


def _capacity(group: AgentsTable) -> int:
    if group.capacity is not None:
        return group.capacity
    return max((lane.most * lane.weight for lane in group.lanes), default=1)


def _distribution(duration: Duration) -> distributions.Distribution:
    mean = duration.mean_s or 0.0
    match duration.kind:
        case "exponential":
            return distributions.Exponential(mean)
        case "lognormal":
            return distributions.LogNormal(mean, 1.0 if duration.cv is None else duration.cv)
        case "deterministic":
            return distributions.Deterministic(mean)
        case "empirical":
            return distributions.Empirical(tuple(sorted(duration.values_s)))
