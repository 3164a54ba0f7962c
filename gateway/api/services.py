"""What the API asks of the rest: the session's services as they are, and the browser's audio by narrow protocols, so
that tests of pages and frames need no browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.config.schema import Config
from gateway.model.clock import Clock
from gateway.model.events import Customer, EndCause
from gateway.model.ids import AgentId, ContactId, QueueName
from gateway.model.ports import Accounts, Store, VoiceLine
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus
from gateway.session.contacts import ContactService


class WebLine(VoiceLine, Protocol):
    """A visitor's call as its page holds it (`gateway.webrtc.calls.WebCallLine`)."""

    async def renegotiate(self, offer_sdp: str) -> str:
        """Answer a further offer of the page: an ICE restart, another direction or codec.  Returns our SDP."""
        ...

    def hang_up(self) -> None:
        """The visitor's button."""
        ...

    def page_lost(self) -> None:
        """The page went away without a goodbye."""
        ...


class WebCallsPort(Protocol):
    """Visitors' calls from a browser (`gateway.webrtc.calls.WebCalls`)."""

    async def start(
        self,
        *,
        customer: Customer,
        queue: QueueName,
        called: str,
        offer_sdp: str,
        on_ended: Callable[[EndCause, str], None],
        on_opened: Callable[[ContactId], None],
    ) -> tuple[str, WebLine]:
        """Answer the offer. ``on_opened`` follows when sound flows and the contact is there, ``on_ended`` once."""
        ...


class AgentAudioPort(Protocol):
    """Agents' audio in a browser (`gateway.webrtc.agent_audio.AgentAudio`)."""

    async def offer(self, agent: AgentId, contact: ContactId, offer_sdp: str) -> str:
        """Take the page's SDP offer for the contact; an earlier leg of it is replaced. Returns our answer."""
        ...

    async def renegotiate(self, agent: AgentId, contact: ContactId, offer_sdp: str) -> str:
        """Answer a further offer of the page that has the contact's sound; the leg stays. Returns our answer."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the API."""

    config: Config
    clock: Clock
    contacts: ContactService
    agents: AgentService
    bus: EventBus
    store: Store
    accounts: Accounts
    web_calls: WebCallsPort
    agent_audio: AgentAudioPort
    recordings: Path
    """The folder that `RecordingRecord.path` is relative to."""
    secret: bytes
    """32 bytes that sign-in cookies are sealed with; the same at each start, so that a restart signs nobody out."""
