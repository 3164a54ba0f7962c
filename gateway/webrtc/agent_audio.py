"""Agents' audio: the browser leg that an agent's page opens for the call in hand.

One leg per agent and contact.  A page that reloads offers again; the new leg takes over once it is connected, and the
old one (whose page is gone) is closed then.  Legs end with their contact: this listens to the session's events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gateway.model.errors import NotFoundError, ZentraleError
from gateway.model.events import ContactEnded, ContactRequeued, ContactTransferred, Event
from gateway.model.ids import AgentId, Codec, ContactId, LegId
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus
from gateway.webrtc.edge import WebRtcEdge
from gateway.webrtc.leg import Loss

log = logging.getLogger(__name__)

CODECS = (Codec.OPUS, Codec.G722, Codec.PCMA, Codec.PCMU)


class _Ear:
    """One leg of an agent for a contact."""

    def __init__(self, agent: AgentId, contact: ContactId) -> None:
        self.agent = agent
        self.contact = contact
        self.leg: LegId | None = None
        self.attached = False


class AgentAudio:
    def __init__(self, edge: WebRtcEdge, agents: AgentService, bus: EventBus) -> None:
        self._edge = edge
        self._agents = agents
        self._bus = bus
        self._ears: dict[tuple[AgentId, ContactId], list[_Ear]] = {}
        """Of each agent and contact: the one in use, and behind it the one that is being connected."""
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._event)

    async def stop(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for ears in list(self._ears.values()):
            for ear in list(ears):
                self._close(ear)

    async def offer(self, agent: AgentId, contact: ContactId, offer_sdp: str) -> str:
        """Answer the page's offer for the contact in the agent's hands.  Returns our SDP.

        Raises `NotAllowedError` when the contact is not in their hands or has no sound, and as `WebRtcEdge.answer`.
        """
        line = self._agents.customer_line(agent, contact)
        # The customer's codec first: then the bridge relays packets and needs neither decoder nor jitter buffer.
        codecs = sorted(CODECS, key=lambda codec: codec is not line.codec)
        ear = _Ear(agent, contact)
        answer = await self._edge.answer(
            offer_sdp,
            codecs=codecs,
            near=line.leg,
            stranger=False,
            on_connected=lambda: self._connected(ear),
            on_lost=lambda loss: self._lost(ear, loss),
        )
        ear.leg = answer.leg
        ears = self._ears.setdefault((agent, contact), [])
        for older in [older for older in ears if not older.attached]:
            self._close(older)
        self._ears.setdefault((agent, contact), []).append(ear)
        return answer.answer_sdp

    async def renegotiate(self, agent: AgentId, contact: ContactId, offer_sdp: str) -> str:
        """Answer a further offer of the page that offered last.  Raises as `WebRtcEdge.renegotiate`."""
        ears = self._ears.get((agent, contact), [])
        if not ears or ears[-1].leg is None:
            raise NotFoundError("there is no sound for this contact; offer it anew")
        leg = ears[-1].leg
        wish = self._agents.video_wish(agent, contact, leg)
        answer = await self._edge.renegotiate(leg, offer_sdp, video=wish)
        self._agents.video_negotiated(agent, contact, leg, answer.video)
        return answer.answer_sdp

    @property
    def legs(self) -> int:
        return sum(len(ears) for ears in self._ears.values())

    def _connected(self, ear: _Ear) -> None:
        assert ear.leg is not None, "a leg connects after it was answered"
        try:
            self._agents.attach_leg(ear.agent, ear.contact, ear.leg)
        except ZentraleError as error:
            log.info("audio of agent %s for contact %s came too late: %s", ear.agent, ear.contact, error)
            self._close(ear)
            return
        ear.attached = True
        for older in [older for older in self._ears[ear.agent, ear.contact] if older is not ear and older.attached]:
            self._close(older)

    def _lost(self, ear: _Ear, loss: Loss) -> None:
        log.info("audio of agent %s for contact %s was lost: %s", ear.agent, ear.contact, loss.value)
        if ear.attached and ear.leg is not None:
            self._agents.detach_leg(ear.agent, ear.contact, ear.leg)
        self._forget(ear)

    def _close(self, ear: _Ear) -> None:
        self._forget(ear)
        if ear.leg is not None:
            self._edge.close(ear.leg)

    def _forget(self, ear: _Ear) -> None:
        key = (ear.agent, ear.contact)
        ears = self._ears.get(key, [])
        if ear in ears:
            ears.remove(ear)
        if not ears:
            self._ears.pop(key, None)

    def _event(self, event: Event) -> None:
        if isinstance(event, ContactEnded | ContactRequeued | ContactTransferred):
            for key in [key for key in self._ears if key[1] == event.contact]:
                for ear in list(self._ears[key]):
                    self._close(ear)
