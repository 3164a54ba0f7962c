"""Who was there and how they stood when a journal ended: read off it, without a distributor.

A restart wants to know this quickly and whatever version wrote the journal, so it is folded from what was decided then:
from the snapshot at the beginning of the last segment, or from nothing at the beginning of a run, up to the end.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from acd_core import events as ev
from acd_core.decisions import AgentStateChanged, ContactAssigned, ContactMoved, OfferEnded
from acd_core.journal.records import Entry, Header
from acd_core.states import AgentState, ContactState, OfferEnd

WITH_WORK = frozenset({AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})

TOO_MANY_REJECTED = "too many offers rejected"
"""The distributor's reason for it."""


class StandingAgent(msgspec.Struct, gc=False):
    agent: str
    state: AgentState
    reason: str
    until_ns: int | None
    """When the state would have ended by itself: the offer's expiry, the wrap-up's end."""
    contact: str | None
    """What was offered, in hand or being wrapped up."""
    wish: AgentState | None = None
    """What they become when nothing is in hand any more."""
    wish_reason: str = ""


class StandingContact(msgspec.Struct, gc=False):
    contact: str
    queue: str
    """Where it is now; where it arrived may be another."""
    channel: str
    arrival_ns: int
    agent: str | None = None
    """Who has it in hand; None: it waits, or rings."""
    arrived: ev.ContactArrived | None = None
    """As it was told then; None when that was before the last segment."""


class Standing:
    """Feed it one segment's entries by `take`; ``agents`` are all that are signed in, ``contacts`` all that live."""

    def __init__(self, header: Header) -> None:
        self.now_ns = header.started_ns
        self.agents: dict[str, StandingAgent] = {}
        self.contacts: dict[str, StandingContact] = {}
        self._released: dict[str, tuple[AgentState, str]] = {}
        """Agents from whom something is taken in this entry: what they are to become when nothing is in hand."""
        snapshot = header.snapshot
        if snapshot is None:
            return
        for agent in snapshot.agents:
            self.agents[agent.agent] = StandingAgent(
                agent.agent, agent.state, agent.reason, agent.until_ns, agent.contact, agent.next_state
            )
            self.agents[agent.agent].wish_reason = agent.next_reason or ""
        for contact in snapshot.contacts:
            self.contacts[contact.contact] = StandingContact(
                contact.contact,
                contact.queue,
                contact.channel,
                contact.arrival_ns,
                contact.agent if contact.state is ContactState.ASSIGNED else None,
            )

    def take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.now_ns = entry.now_ns
            self._released.clear()
            if entry.event is not None:
                self._happened(entry.event, entry.now_ns)
            for decision in entry.decisions:
                if isinstance(decision, AgentStateChanged):
                    self._agent_changed(decision)
                elif isinstance(decision, OfferEnded):
                    self._offer_ended(decision, entry.event)
                elif isinstance(decision, ContactAssigned):
                    self.contacts[decision.contact].agent = decision.agent
                elif isinstance(decision, ContactMoved):
                    self.contacts[decision.contact].queue = decision.to_queue

    def _happened(self, event: ev.Event, now_ns: int) -> None:
        match event:
            case ev.ContactArrived():
                arrival_ns = now_ns if event.arrival_ns is None else event.arrival_ns
                self.contacts[event.contact] = StandingContact(
                    event.contact, event.queue, event.channel, arrival_ns, None, event
                )
            case ev.ContactAbandoned() | ev.ContactEnded():
                self.contacts.pop(event.contact, None)
            case ev.ContactRequeued():
                contact = self.contacts[event.contact]
                if contact.agent is not None:
                    self._released[contact.agent] = (event.agent_state, event.reason)
                contact.agent = None
            case ev.ContactTransferred():
                self.contacts[event.contact].agent = None
            case ev.ContactChanged() if event.channel is not None:
                self.contacts[event.contact].channel = event.channel
            case ev.AgentPaused():
                self._wish(event.agent, AgentState.PAUSED, event.reason)
            case ev.AgentSignedOut():
                self._wish(event.agent, AgentState.SIGNED_OUT, "signed out")
            case ev.AgentReady():
                self._wish(event.agent, None, "")

    def _wish(self, agent: str, state: AgentState | None, reason: str) -> None:
        standing = self.agents[agent]
        standing.wish, standing.wish_reason = (state, reason) if standing.state in WITH_WORK else (None, "")

    def _offer_ended(self, decision: OfferEnded, event: ev.Event | None) -> None:
        if decision.end is OfferEnd.EXPIRED:
            self._released[decision.agent] = (AgentState.NOT_RESPONDING, decision.reason)
        elif isinstance(event, ev.OfferRevoked) and event.offer == decision.offer:
            self._released[decision.agent] = (event.agent_state, event.reason)

    def _agent_changed(self, decision: AgentStateChanged) -> None:
        if decision.state is AgentState.SIGNED_OUT:
            self.agents.pop(decision.agent, None)
            return
        standing = self.agents.get(decision.agent)
        if standing is None:
            standing = StandingAgent(decision.agent, decision.state, decision.reason, None, None)
            self.agents[decision.agent] = standing
        standing.state, standing.reason = decision.state, decision.reason
        standing.until_ns, standing.contact = decision.until_ns, decision.contact
        released = self._released.pop(decision.agent, None)
        if decision.state not in WITH_WORK:
            standing.wish, standing.wish_reason = None, ""
        elif decision.reason == TOO_MANY_REJECTED:
            standing.wish, standing.wish_reason = AgentState.NOT_RESPONDING, decision.reason
        elif released is not None and overrules(released[0], standing.wish):
            standing.wish, standing.wish_reason = released


def overrules(state: AgentState, wish: AgentState | None) -> bool:
    """Whether an agent with work in hand who is to become ``state`` has that as a wish now."""
    return state is not AgentState.AVAILABLE and (wish is None or state is AgentState.SIGNED_OUT)
