"""Whether anybody is there: which queues are open and have an agent who is signed in and not away.

What it says is for visitors before they call or write: whether it makes sense.  Who then gets the contact is the
distributor's matter.
"""

from __future__ import annotations

from collections.abc import Callable

from acd_core.limits import HOPS_MAX
from gateway.config.schema import Config, QueueConfig
from gateway.model.errors import NotFoundError
from gateway.model.events import AgentState, AgentStateChanged, Event, QueueChanged
from gateway.model.ids import AgentId, Channel, QueueName
from gateway.routing.settings import find_servers
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus

HERE = frozenset({AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})


class Presence:
    """Follows the agents' states.  ``changed`` is called when a channel opens or closes."""

    def __init__(self, config: Config, agents: AgentService, bus: EventBus, changed: Callable[[], None]) -> None:
        self._queues = {queue.name: queue for queue in config.queues}
        self._agents = {agent.login for agent in config.agents}
        self._servers = find_servers(config.queues, config.agents)
        self._here: set[AgentId] = {agent for agent in self._agents if agents.desk(agent).state in HERE}
        self._closed: set[QueueName] = {
            view.queue for agent in self._agents for view in agents.desk(agent).queues if not view.open
        }
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
        return next((queue.name for queue in takers if self._served(queue, channel)), takers[0].name)

    def _served(self, queue: QueueConfig, channel: Channel, hops: int = HOPS_MAX) -> bool:
        """Somebody may take a contact that comes now, here or where it flows over to."""
        closed = queue.name in self._closed
        if not closed and not self._here.isdisjoint(self._servers[queue.name, channel]):
            return True
        ways = {rule.when: rule.to for rule in queue.overflow}
        to = ways.get("closed" if closed else "unstaffed")
        return to is not None and hops > 0 and self._served(self._queues[to], channel, hops - 1)

    def _channels(self) -> frozenset[Channel]:
        return frozenset(
            channel for queue in self._queues.values() for channel in queue.channels if self._served(queue, channel)
        )

    def _listen(self, event: Event) -> None:
        if isinstance(event, QueueChanged):
            if event.open is not (event.queue in self._closed):
                return
            (self._closed.discard if event.open else self._closed.add)(event.queue)
        elif isinstance(event, AgentStateChanged) and event.agent in self._agents:
            here = event.state in HERE
            if here == (event.agent in self._here):
                return  # from contact to contact, all day
            (self._here.add if here else self._here.discard)(event.agent)
        else:
            return
        channels = self._channels()
        if channels != self._open:
            self._open = channels
            self._changed()
