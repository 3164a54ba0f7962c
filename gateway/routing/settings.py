"""The configuration in the distributor's own words; the session and the replay of a journal tell it the same."""

from __future__ import annotations

from acd_core.events import AgentSignedIn, QueueConfigured
from gateway.config.schema import AgentConfig, QueueConfig


def queue_configured(queue: QueueConfig) -> QueueConfigured:
    return QueueConfigured(
        queue=queue.name,
        offer_ms=queue.offer_ms,
        wrap_up_ms=queue.wrap_up_ms,
        skills=frozenset(queue.skills),
    )


def agent_signed_in(agent: AgentConfig) -> AgentSignedIn:
    return AgentSignedIn(agent=agent.login, queues=frozenset(agent.queues), skills=frozenset(agent.skills))
