"""Whether anybody is there: which queues have an agent who is signed in and not away."""

from __future__ import annotations

from collections.abc import Callable

from gateway.config.schema import Config, QueueConfig
from gateway.model.errors import NotFoundError
from gateway.model.events import AgentState, AgentStateChanged, Event
from gateway.model.ids import AgentId, Channel, QueueName
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus

HERE = frozenset({AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})


class Presence:
    """Follows the agents' states.  ``changed`` is called when a channel opens or closes."""

    def __init__(self, config: Config, agents: AgentService, bus: EventBus, changed: Callable[[], None]) -> None:
        self._queues = {queue.name: queue for queue in config.queues}
        self._agents = {agent.login: agent for agent in config.agents}
        self._here: set[AgentId] = {agent for agent in self._agents if agents.desk(agent).state in HERE}
        self._changed = changed
        self._open = self._channels()
        self._unsubscribe = bus.subscribe(self._listen)

    def close(self) -> None:
        self._unsubscribe()

    def is_open(self, channel: Channel) -> bool:
        """At least one agent for the channel is signed in and not away."""
        return channel in self._open

    def queue_for(self, channel: Channel, name: str | None) -> QueueName:
        """The queue that the page asks for, or the channel's first, one with somebody there if there is one.

        Raises `NotFoundError` when there is none.
        """
        takers = [queue for queue in self._queues.values() if channel in queue.channels]
        if name is not None:
            takers = [queue for queue in takers if queue.name == name]
        if not takers:
            what = "no queue takes" if name is None else f"there is no queue {name!r} for"
            raise NotFoundError(f"{what} {channel.value.replace('_', ' ')}s")
        return next((queue.name for queue in takers if self._served(queue)), takers[0].name)

    def _served(self, queue: QueueConfig) -> bool:
        return any(
            queue.name in self._agents[agent].queues and set(queue.skills) <= set(self._agents[agent].skills)
            for agent in self._here
        )

    def _channels(self) -> frozenset[Channel]:
        served = [queue for queue in self._queues.values() if self._served(queue)]
        return frozenset(channel for queue in served for channel in queue.channels)

    def _listen(self, event: Event) -> None:
        if not isinstance(event, AgentStateChanged) or event.agent not in self._agents:
            return
        here = event.state in HERE
        if here == (event.agent in self._here):
            return  # from contact to contact, all day
        if here:
            self._here.add(event.agent)
        else:
            self._here.discard(event.agent)
        channels = self._channels()
        if channels != self._open:
            self._open = channels
            self._changed()
