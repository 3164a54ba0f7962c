"""What the API asks of the rest: the services of the session and the browser audio, as it sees them.

Narrow protocols instead of the classes, so that the tests stand a fake in for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.config.schema import Config
from gateway.model.clock import Clock
from gateway.model.events import Customer, EndCause, Event, LineWritten
from gateway.model.ids import AgentId, ContactId, OfferId, QueueName
from gateway.model.ports import Accounts, Store, VoiceLine
from gateway.session.views import ContactView, DeskView, TransferView


class Bus(Protocol):
    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]: ...


class Contacts(Protocol):
    async def open_chat(self, *, queue: QueueName, customer: Customer, called: str, first_line: str) -> ContactId: ...

    async def customer_wrote(self, contact: ContactId, text: str) -> LineWritten: ...

    def customer_typing(self, contact: ContactId, typing: bool) -> None: ...

    async def customer_left(self, contact: ContactId) -> None: ...

    def customer_disconnected(self, contact: ContactId) -> None: ...

    def customer_reconnected(self, contact: ContactId) -> None: ...

    def view(self, contact: ContactId) -> ContactView | None: ...

    def digit_received(self, line: VoiceLine, digit: str, duration_ms: int) -> None: ...


class Agents(Protocol):
    def sign_in(self, agent: AgentId) -> None: ...

    def page_connected(self, agent: AgentId) -> None: ...

    def page_disconnected(self, agent: AgentId) -> None: ...

    def ready(self, agent: AgentId) -> None: ...

    def pause(self, agent: AgentId, reason: str) -> None: ...

    def sign_out(self, agent: AgentId) -> None: ...

    async def accept(self, agent: AgentId, offer: OfferId) -> ContactId: ...

    def reject(self, agent: AgentId, offer: OfferId) -> None: ...

    def hold(self, agent: AgentId, contact: ContactId) -> None: ...

    def resume(self, agent: AgentId, contact: ContactId) -> None: ...

    def hang_up(self, agent: AgentId, contact: ContactId) -> None: ...

    def transfer_targets(self, agent: AgentId, contact: ContactId) -> TransferView: ...

    def transfer(
        self, agent: AgentId, contact: ContactId, *, queue: QueueName | None = None, to_agent: AgentId | None = None
    ) -> None: ...

    async def write(self, agent: AgentId, contact: ContactId, text: str) -> LineWritten: ...

    def typing(self, agent: AgentId, contact: ContactId, typing: bool) -> None: ...

    async def choose_outcome(self, agent: AgentId, contact: ContactId, outcome: str, note: str) -> None: ...

    def finish_wrap_up(self, agent: AgentId, contact: ContactId) -> None: ...

    def desk(self, agent: AgentId) -> DeskView: ...


class WebLine(VoiceLine, Protocol):
    """A visitor's call as its page holds it (`gateway.webrtc.calls.WebCallLine`)."""

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


@dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the API."""

    config: Config
    clock: Clock
    contacts: Contacts
    agents: Agents
    bus: Bus
    store: Store
    accounts: Accounts
    web_calls: WebCallsPort
    agent_audio: AgentAudioPort
    recordings: Path
    """The folder that `RecordingRecord.path` is relative to."""
    secret: bytes
    """32 bytes that sign-in cookies are sealed with; the same at each start, so that a restart signs nobody out."""
