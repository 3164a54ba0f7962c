"""The agent's side: the use cases behind the buttons of an agent's page, and what happens when the page goes away."""

from __future__ import annotations

from acd_core import events as acd
from acd_core.errors import AcdError
from acd_core.states import AgentState as AcdAgentState
from gateway.model.errors import NotAllowedError
from gateway.model.events import (
    AgentState,
    EndCause,
    LineWritten,
    OutcomeChosen,
    Party,
    TypingNoticed,
    VideoSource,
)
from gateway.model.ids import AgentId, Channel, ContactId, LegId, OfferId, QueueName
from gateway.model.media import VideoPeer
from gateway.model.ports import VoiceLine
from gateway.routing.settings import agent_signed_in
from gateway.session.contact import Contact
from gateway.session.contacts import ContactService
from gateway.session.conversation import Conversations
from gateway.session.decisions import DecisionHandler
from gateway.session.floor import AT_WORK, Floor, Seat, Work
from gateway.session.states import ContactState, RecordingState
from gateway.session.video import NO_VIDEO, Videos, VideoWish
from gateway.session.views import ColleagueView, DeskView, TransferView

AWAY = "connection lost"
"""Why an agent is paused whose last page went away."""

SIGNED_IN = "signed in"
"""Why the distributor pauses an agent who has just signed in."""

AWAY_MS_MIN = 5000
"""A page reload takes a second or two; nobody is signed out for one, whatever the queues say."""


class AgentService:
    def __init__(
        self,
        floor: Floor,
        conversations: Conversations,
        decisions: DecisionHandler,
        contacts: ContactService,
        videos: Videos,
    ) -> None:
        self._floor = floor
        self._conversations = conversations
        self._decisions = decisions
        self._contacts = contacts
        self._videos = videos

    # Presence

    def sign_in(self, agent: AgentId) -> None:
        """Begin a shift, paused until `ready`.  Harmless when signed in."""
        seat = self._floor.seat(agent)
        if seat.state is AgentState.SIGNED_OUT:
            self._submit(agent_signed_in(seat.config))

    def sign_out(self, agent: AgentId) -> None:
        """End the shift; while busy it takes effect after the contact and its wrap-up."""
        seat = self._floor.seat(agent)
        seat.was_ready = False
        if seat.state is not AgentState.SIGNED_OUT:
            self._submit(acd.AgentSignedOut(agent=agent))

    def ready(self, agent: AgentId) -> None:
        self.sign_in(agent)
        self._submit(acd.AgentReady(agent=agent))

    def pause(self, agent: AgentId, reason: str) -> None:
        """Take no more contacts; while busy it takes effect after the contact."""
        self._submit(acd.AgentPaused(agent=agent, reason=reason))

    def page_connected(self, agent: AgentId) -> None:
        """A page of the agent is there (again)."""
        seat = self._floor.seat(agent)
        seat.pages += 1
        if seat.away_timer is not None:
            seat.away_timer.cancel()
            seat.away_timer = None
        self.sign_in(agent)
        for contact in seat.in_hand():
            if contact.channel is Channel.CHAT and contact.state is ContactState.PARTED:
                self._conversations.rejoin_chat(contact, agent)
        if seat.was_ready:
            seat.was_ready = False
            # Not when somebody paused them meanwhile.
            if seat.state is AgentState.BUSY or (seat.state is AgentState.PAUSED and seat.reason in (AWAY, SIGNED_IN)):
                self._submit(acd.AgentReady(agent=agent))

    def page_disconnected(self, agent: AgentId) -> None:
        """A page went away.  With the last one the agent gets nothing new; what is in hand waits for the grace time."""
        seat = self._floor.seat(agent)
        seat.pages = max(seat.pages - 1, 0)
        if seat.pages or seat.state is AgentState.SIGNED_OUT:
            return
        if seat.offer is not None:
            seat.was_ready = True
            self._submit(acd.OfferRevoked(offer=seat.offer.offer, reason=AWAY, agent_state=AcdAgentState.PAUSED))
        if seat.state is AgentState.AVAILABLE or (seat.config.lanes and seat.state is AgentState.BUSY):
            # Who may have several contacts in hand would get more while busy.
            seat.was_ready = True
            self._submit(acd.AgentPaused(agent=agent, reason=AWAY))
        for contact in seat.in_hand():
            if contact.channel is Channel.CHAT and contact.state is ContactState.TALKING:
                self._conversations.part(contact, agent)
        self._wait_for_page(seat)

    def _wait_for_page(self, seat: Seat) -> None:
        grace_ms = max(self._grace_ms(seat), AWAY_MS_MIN)
        seat.away_timer = self._floor.scheduler.call_later(grace_ms, lambda: self._stayed_away(seat))

    def _grace_ms(self, seat: Seat) -> int:
        if seat.works:
            return max(work.queue.reconnect_ms for work in seat.works.values())
        return max((self._floor.queues[name].reconnect_ms for name in seat.config.queues), default=0)

    def _stayed_away(self, seat: Seat) -> None:
        seat.away_timer = None
        in_hand = seat.in_hand()
        for contact in in_hand:
            if contact.agent_leg is None:
                self._decisions.requeue(contact, "the agent's page did not come back")
        if any(contact.agent_leg is not None for contact in in_hand):
            # The sound still flows, so the two are left to their call; after it nothing new comes.
            if not seat.was_ready:
                seat.was_ready = True
                self._submit(acd.AgentPaused(agent=seat.config.login, reason=AWAY))
            self._wait_for_page(seat)
            return
        self.sign_out(seat.config.login)

    # Offers

    async def accept(self, agent: AgentId, offer: OfferId) -> ContactId:
        """Take the offered contact.  Raises `NotAllowedError` when the offer has ended, however closely."""
        seat = self._floor.seat(agent)
        ringing = seat.offer
        if ringing is None or ringing.offer != offer:
            raise NotAllowedError("this offer has ended; the contact went on to another agent or was given up")
        self._submit(acd.OfferAccepted(offer=offer, agent=agent))
        return ContactId(ringing.contact)

    def reject(self, agent: AgentId, offer: OfferId) -> None:
        self._submit(acd.OfferRejected(offer=offer, agent=agent, reason="rejected by the agent"))

    # Conversation

    def customer_line(self, agent: AgentId, contact: ContactId) -> VoiceLine:
        """The customer's call, for the edge that makes the agent's leg (same thread, same codec)."""
        found = self._in_hand(agent, contact)
        if found.line is None:
            raise NotAllowedError("a chat has no audio")
        return found.line

    def attach_leg(self, agent: AgentId, contact: ContactId, leg: LegId) -> None:
        """The agent's audio is connected; it replaces an earlier one (page reload)."""
        found = self._in_hand(agent, contact)
        if found.line is None:
            raise NotAllowedError("a chat has no audio")
        self._conversations.connect(found, agent, leg)

    def detach_leg(self, agent: AgentId, contact: ContactId, leg: LegId) -> None:
        """The agent's audio went away by itself.  Harmless for a leg that has been replaced."""
        found = self._floor.contacts.get(contact)
        if found is None or found.agent != agent or found.agent_leg != leg:
            return
        if found.state in (ContactState.TALKING, ContactState.HELD):
            self._conversations.part(found, agent)
            found.timer = self._floor.scheduler.call_later(
                found.queue.reconnect_ms, lambda: self._decisions.requeue(found, "the agent's audio did not come back")
            )

    def video_wish(self, agent: AgentId, contact: ContactId, leg: LegId) -> VideoWish:
        """What pictures the agent's browser may be answered now, over this leg."""
        found = self._in_hand(agent, contact)
        return self._videos.wish(found, Party.AGENT) if found.agent_leg == leg else NO_VIDEO

    def video_negotiated(self, agent: AgentId, contact: ContactId, leg: LegId, peer: VideoPeer | None) -> None:
        """The agent's browser was answered so.  Harmless for a leg that is not in use."""
        found = self._in_hand(agent, contact)
        if found.agent_leg == leg:
            self._videos.negotiated(found, Party.AGENT, peer)

    def agent_shows(self, agent: AgentId, contact: ContactId, source: VideoSource) -> None:
        """The agent's page says what it shows, or is about to show."""
        self._videos.wished(self._in_hand(agent, contact), Party.AGENT, source)

    def hold(self, agent: AgentId, contact: ContactId) -> None:
        self._conversations.hold(self._call_in(agent, contact, ContactState.TALKING, "put on hold"), agent)

    def resume(self, agent: AgentId, contact: ContactId) -> None:
        self._conversations.resume(self._call_in(agent, contact, ContactState.HELD, "resumed"), agent)

    def pause_recording(self, agent: AgentId, contact: ContactId) -> None:
        """From here on nothing is recorded, until `resume_recording`.  Harmless when it is paused already."""
        found = self._recorded(agent, contact)
        if not found.recording_paused:
            self._conversations.pause_recording(found, agent)

    def resume_recording(self, agent: AgentId, contact: ContactId) -> None:
        found = self._recorded(agent, contact)
        if found.recording_paused:
            self._conversations.resume_recording(found, agent)

    def _recorded(self, agent: AgentId, contact: ContactId) -> Contact:
        found = self._in_hand(agent, contact)
        if found.recording is RecordingState.OFF:
            raise NotAllowedError("this contact is not recorded, so there is nothing to pause")
        return found

    def hang_up(self, agent: AgentId, contact: ContactId) -> None:
        """End the call or the chat."""
        self._contacts.end(self._in_hand(agent, contact), Party.AGENT, EndCause.HUNG_UP)

    async def write(self, agent: AgentId, contact: ContactId, text: str) -> LineWritten:
        """Keep the agent's chat line; on disk when this returns."""
        return await self._contacts.write(self._chat_in_hand(agent, contact), Party.AGENT, agent, text)

    def typing(self, agent: AgentId, contact: ContactId, typing: bool) -> None:
        found = self._chat_in_hand(agent, contact)
        self._floor.log.emit(
            TypingNoticed(at_ns=self._floor.clock.now_ns(), contact=found.id, author=Party.AGENT, typing=typing),
            stored=False,
        )

    # Sending on

    def transfer_targets(self, agent: AgentId, contact: ContactId) -> TransferView:
        """Where the agent may send this contact on to."""
        found = self._in_hand(agent, contact)
        return TransferView(
            queues=[
                queue.name
                for queue in self._floor.queues.values()
                if found.channel in queue.channels and queue is not found.queue
            ],
            agents=[
                ColleagueView(agent=seat.config.login, name=seat.config.name, state=seat.state)
                for seat in sorted(self._floor.seats.values(), key=lambda seat: seat.config.name)
                if seat.state in AT_WORK and seat.config.login != agent
            ],
        )

    def transfer(
        self, agent: AgentId, contact: ContactId, *, queue: QueueName | None = None, to_agent: AgentId | None = None
    ) -> None:
        """Send the customer on to a queue, or to a colleague (who need not serve the queue), at the old place.

        The customer waits with music, the agent wraps up.  A colleague who does not answer, or not in time
        (``transfer_wait_ms``), is passed over for the others of the queue.
        """
        found = self._in_hand(agent, contact)
        if found.state is ContactState.CONNECTING:
            raise NotAllowedError("your sound is not connected yet; wait for it, then transfer")
        target = found.queue if queue is None else self._floor.queue(queue)
        if found.channel not in target.channels:
            raise NotAllowedError(f"queue {target.name!r} takes no {found.channel.value} contacts; choose another")
        if to_agent is not None:
            seat = self._floor.seat(to_agent)
            if to_agent == agent:
                raise NotAllowedError("this contact is in your hands already; choose a colleague")
            if seat.state not in AT_WORK:
                raise NotAllowedError(f"{seat.config.name} is not at work just now; choose somebody else, or a queue")
        elif queue is None:
            raise NotAllowedError("nothing says where to; name a queue or an agent")
        try:
            self._decisions.transfer(found, target, to_agent, f"transferred by {agent}")
        except AcdError as error:
            raise NotAllowedError(str(error)) from error

    def assign(self, contact: ContactId, agent: AgentId) -> None:
        """A supervisor has a waiting contact ring at this agent now, whatever their queues and skills."""
        found = self._floor.contact(contact)
        self._floor.seat(agent)
        self._submit(acd.AssignmentOrdered(contact=found.id, agent=agent))

    # Wrap-up

    async def choose_outcome(self, agent: AgentId, contact: ContactId, outcome: str, note: str) -> None:
        """Say how the contact went, during it or in wrap-up; the last word counts."""
        work = self._at_seat(agent, contact)
        if outcome not in work.queue.outcomes:
            raise NotAllowedError(f"{outcome!r} is no outcome of this queue; it has {', '.join(work.queue.outcomes)}")
        await self._floor.log.write(
            OutcomeChosen(at_ns=self._floor.clock.now_ns(), contact=contact, agent=agent, outcome=outcome, note=note)
        )
        work.contact.outcome = outcome

    def finish_wrap_up(self, agent: AgentId, contact: ContactId) -> None:
        self._at_seat(agent, contact)
        self._submit(acd.WrapUpFinished(agent=agent, contact=contact))

    def desk(self, agent: AgentId) -> DeskView:
        return self._floor.desk_view(self._floor.seat(agent))

    # Checks

    def _at_seat(self, agent: AgentId, contact: ContactId) -> Work:
        found = self._floor.seat(agent).works.get(contact)
        if found is None:
            raise NotAllowedError(f"contact {contact!r} is not in your hands; it ended, or went to somebody else")
        return found

    def _in_hand(self, agent: AgentId, contact: ContactId) -> Contact:
        work = self._at_seat(agent, contact)
        if not work.in_hand:
            raise NotAllowedError(f"contact {contact!r} {'went on' if work.gone else 'has ended'}")
        return work.contact

    def _call_in(self, agent: AgentId, contact: ContactId, state: ContactState, what: str) -> Contact:
        found = self._in_hand(agent, contact)
        if found.line is None or found.state is not state:
            raise NotAllowedError(f"a {found.channel.value} contact that is {found.state.value} can't be {what}")
        return found

    def _chat_in_hand(self, agent: AgentId, contact: ContactId) -> Contact:
        found = self._in_hand(agent, contact)
        if found.channel is not Channel.CHAT:
            raise NotAllowedError(f"contact {contact!r} is a call; only chats have lines")
        return found

    def _submit(self, event: acd.Event) -> None:
        try:
            self._floor.router.submit(event)
        except AcdError as error:
            raise NotAllowedError(str(error)) from error
