"""The configuration in the distributor's own words; the session and the replay of a journal tell it the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from acd_core import requirements
from acd_core.events import (
    AgentSignedIn,
    ContactArrived,
    Lane,
    MatchingConfigured,
    Order,
    Overflow,
    QueueConfigured,
    Requirement,
    Split,
    Step,
)
from acd_core.strategies import orders
from gateway.config.distribution import DistributionConfig, OrderConfig, OverflowConfig, StepConfig
from gateway.config.distribution_check import LEVEL_MAX, agent_capacity
from gateway.config.schema import AgentConfig, NumberConfig, QueueConfig
from gateway.model.ids import AgentId, Channel, QueueName

LEVEL_MS = 60_000
"""What a level of priority counts in waiting unless the queue says otherwise."""
BLEND_MS = 600
"""What each percent short of the target counts in waiting unless the queue says otherwise."""


def matching_configured(distribution: DistributionConfig) -> MatchingConfigured:
    return MatchingConfigured(seed=distribution.seed, window_ms=distribution.window_ms)


def queue_configured(queue: QueueConfig) -> QueueConfigured:
    return QueueConfigured(
        queue=queue.name,
        offer_ms=queue.offer_ms,
        wrap_up_ms=queue.wrap_up_ms,
        skills=frozenset(queue.skills),
        strategy=queue.strategy,
        needs=read_needs(queue.needs),
        order=make_order(queue.order, handle_ms=queue.handle_ms),
        steps=tuple(map(_step, queue.steps)),
        overflow=tuple(map(_overflow, queue.overflow)),
        splits=tuple(Split(split.to, split.permille) for split in queue.splits),
        broadcast=queue.broadcast,
        return_ms=queue.return_ms,
        handle_ms=queue.handle_ms,
    )


def agent_signed_in(agent: AgentConfig) -> AgentSignedIn:
    return AgentSignedIn(
        agent=agent.login,
        queues=frozenset(agent.queues),
        skills=frozenset(agent.skills),
        levels=frozenset(agent.levels.items()),
        lanes=tuple(Lane(lane.channel, lane.most, lane.weight, lane.interruptible) for lane in agent.lanes),
        capacity=agent_capacity(agent),
        wrap_up_ms=agent.wrap_up_ms,
        weight=agent.weight,
        scores=frozenset(agent.scores.items()),
    )


def asked_for(arrived: ContactArrived, queue: QueueConfig, number: NumberConfig | None = None) -> ContactArrived:
    """The arrival with what the queue, and the number that was called, say about such contacts."""
    priority, topic, needs = queue.priority, queue.topic, requirements.NOTHING
    if number is not None:
        priority = priority if number.priority is None else number.priority
        topic = topic if number.topic is None else number.topic
        needs = read_needs(number.needs)
    return msgspec.structs.replace(arrived, priority=priority, topic=topic or "", needs=needs)


def find_servers(
    queues: Sequence[QueueConfig], agents: Sequence[AgentConfig]
) -> dict[tuple[QueueName, Channel], frozenset[AgentId]]:
    """For each queue and channel the agents who may get such a contact, when all is relaxed that may be."""
    found: dict[tuple[QueueName, Channel], set[AgentId]] = {
        (queue.name, channel): set() for queue in queues for channel in queue.channels
    }
    needed = {queue.name: list(_requirements(queue)) for queue in queues}
    for agent in agents:
        levels = dict.fromkeys(agent.skills, LEVEL_MAX) | agent.levels
        lanes = {lane.channel for lane in agent.lanes} or {"*"}
        for name in agent.queues:
            if any(requirements.is_met(requirement, levels) for requirement in needed[name]):
                for channel in Channel:
                    if (name, channel) in found and not lanes.isdisjoint({channel.value, "*"}):
                        found[name, channel].add(agent.login)
    return {key: frozenset(servers) for key, servers in found.items()}


def _requirements(queue: QueueConfig) -> Iterator[Requirement]:
    """At each step of waiting."""
    configured = queue_configured(queue)
    asked = requirements.all_of(configured.needs, *(requirements.skill(name) for name in queue.skills))
    for taken in range(len(configured.steps) + 1):
        yield requirements.relax(asked, configured.steps[:taken])


def read_needs(needs: Sequence[str]) -> Requirement:
    """``["german>=50", "billing | tariffs>=20"]``, each checked by the configuration, as clauses."""
    return requirements.all_of(*(requirements.any_of(*map(_alternative, need.split("|"))) for need in needs))


def _alternative(text: str) -> Requirement:
    skill, _, level = text.partition(">=")
    return requirements.skill(skill.strip(), int(level or 0))


def make_order(config: OrderConfig, *, handle_ms: int = 0) -> Order:
    ageing = config.ageing_percent
    order: Order
    match config.policy:
        case "arrival":
            order = orders.arrival()
        case "priority":
            level_ms = LEVEL_MS if config.level_ms is None else config.level_ms
            order = orders.priority(level_ms, rate=_rate(100 if ageing is None else ageing))
        case "greatest_need":
            order = orders.greatest_need()
        case "service_objective":
            assert config.objective_ms is not None
            order = orders.service_objective(config.objective_ms)
        case "generalised_cmu":
            order = orders.generalised_cmu(config.cost or 1, handle_ms, config.cost_fixed_s or 0)
        case "ratio":
            assert config.share is not None
            order = orders.ratio(config.share, rate=_rate(ageing or 0))
    if config.target_percent is not None:
        assert config.objective_ms is not None
        points = (config.blend_ms or BLEND_MS) * orders.RATE // 10
        order = orders.blended(order, config.objective_ms, 10 * config.target_percent, points)
    return msgspec.structs.replace(order, overtaking_ms=config.overtaking_ms)


def _rate(percent: int) -> int:
    return orders.RATE * percent // 100


def _step(step: StepConfig) -> Step:
    return Step(after_ms=step.after_ms, lower=step.lower, drop=frozenset(step.drop), needs=read_needs(step.needs))


def _overflow(rule: OverflowConfig) -> Overflow:
    return Overflow(to=rule.to, when=rule.when, value=rule.after_ms or rule.waiting or 0)
