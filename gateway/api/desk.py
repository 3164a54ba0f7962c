"""From the session's views to what an agent's page is shown."""

from __future__ import annotations

from collections.abc import Callable

from gateway.api.frames import (
    Colleague,
    ContactInfo,
    ContactState,
    Desk,
    Line,
    MediaPlace,
    OfferInfo,
    QueueInfo,
    StateInfo,
    Target,
    TransferTargets,
    VideoInfo,
)
from gateway.config.schema import Config, QueueConfig
from gateway.model.clock import MS
from gateway.model.events import LineWritten, Party
from gateway.model.ids import AgentId, ContactId
from gateway.session.states import ContactState as Phase
from gateway.session.views import ContactView, DeskView, OfferView, QueueView, TransferView

_STATES = {
    Phase.CONNECTING: ContactState.CONNECTING,
    Phase.TALKING: ContactState.TALKING,
    Phase.HELD: ContactState.HELD,
    Phase.PARTED: ContactState.PARTED,
    Phase.ENDED: ContactState.WRAP_UP,
}


def ms(at_ns: int) -> int:
    return at_ns // MS


def ms_or_none(at_ns: int | None) -> int | None:
    return None if at_ns is None else at_ns // MS


class Names:
    """Titles and names from the configuration."""

    def __init__(self, config: Config) -> None:
        self.company = config.server.name
        self.line_chars_max = config.limits.chat_line_chars_max
        self._agents = {agent.login: agent.name for agent in config.agents}
        self._queues: dict[str, QueueConfig] = {queue.name: queue for queue in config.queues}

    def agent(self, agent: AgentId | None) -> str | None:
        """The agent's name; the login of one who is no longer in the configuration."""
        return None if agent is None else self._agents.get(agent, agent)

    def knows(self, agent: AgentId) -> bool:
        return agent in self._agents

    def queue_title(self, name: str) -> str:
        queue = self._queues.get(name)
        return name if queue is None else queue.title

    def outcomes(self, name: str) -> list[str]:
        queue = self._queues.get(name)
        return [] if queue is None else queue.outcomes

    def line(self, event: LineWritten, customer_name: str) -> Line:
        name = customer_name if event.author is Party.CUSTOMER else self.agent(event.agent) or ""
        return Line(line=event.line, author=event.author, name=name, text=event.text, at_ms=ms(event.at_ns))


def state_info(view: DeskView) -> StateInfo:
    return StateInfo(
        state=view.state, reason=view.reason, since_ms=ms(view.since_ns), until_ms=ms_or_none(view.until_ns)
    )


def offer_info(view: OfferView) -> OfferInfo:
    contact = view.contact
    return OfferInfo(
        offer=view.offer,
        contact=contact.contact,
        channel=contact.channel,
        queue=contact.queue,
        queue_title=contact.queue_title,
        customer_name=contact.customer.name,
        customer_address=contact.customer.address,
        waiting_since_ms=ms(view.offered_ns) - view.waited_ms,
        offered_ms=ms(view.offered_ns),
        expires_ms=ms(view.expires_ns),
        why=view.why,
    )


def contact_info(contact: ContactView, media: MediaPlace) -> ContactInfo | None:
    """None for a contact that is not in the agent's hands (any more)."""
    state = _STATES.get(contact.state)
    if state is None:
        return None
    return ContactInfo(
        contact=contact.contact,
        channel=contact.channel,
        queue=contact.queue,
        queue_title=contact.queue_title,
        customer_name=contact.customer.name,
        customer_address=contact.customer.address,
        state=state,
        opened_ms=ms(contact.opened_ns),
        answered_ms=ms_or_none(contact.answered_ns),
        until_ms=ms_or_none(contact.until_ns) if state is ContactState.WRAP_UP else None,
        customer_connected=contact.customer_connected,
        outcomes=contact.outcomes,
        outcome=contact.outcome,
        media=media,
        video=VideoInfo(allowed=contact.video_allowed, own=contact.agent_shows, other=contact.customer_shows),
        recording=contact.recording,
    )


def queue_info(view: QueueView, names: Names) -> QueueInfo:
    return QueueInfo(
        name=view.queue,
        title=view.title,
        outcomes=names.outcomes(view.queue),
        waiting=view.waiting,
        longest_since_ms=ms_or_none(view.oldest_arrival_ns),
        open=view.open,
    )


def contact_infos(view: DeskView, place: Callable[[ContactId], MediaPlace]) -> list[ContactInfo]:
    infos = (contact_info(contact, place(contact.contact)) for contact in view.contacts)
    return [info for info in infos if info is not None]


def transfer_targets(contact: ContactId, view: TransferView, names: Names) -> TransferTargets:
    return TransferTargets(
        contact=contact,
        queues=[Target(name=queue, title=names.queue_title(queue)) for queue in view.queues],
        agents=[Colleague(name=seat.agent, title=seat.name, state=seat.state) for seat in view.agents],
    )


def desk_frame(view: DeskView, names: Names, place: Callable[[ContactId], MediaPlace]) -> Desk:
    return Desk(
        now_ms=ms(view.now_ns),
        agent=view.agent,
        agent_name=view.name,
        company=names.company,
        line_chars_max=names.line_chars_max,
        state=state_info(view),
        queues=[queue_info(queue, names) for queue in view.queues],
        offer=None if view.offer is None else offer_info(view.offer),
        contacts=contact_infos(view, place),
    )
