"""One live contact: what it is, how it stands, and what is held for it.

Only `move` changes the state.  The object lives from the edge's first word until the contact has ended and, when agents
had it, until their wrap-ups are over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gateway.config.schema import QueueConfig
from gateway.model.clock import Timer
from gateway.model.events import Customer, EndCause, Party
from gateway.model.ids import AgentId, Channel, ContactId, LegId, RecordingId
from gateway.model.ports import VoiceLine
from gateway.session.showing import Showing
from gateway.session.states import TOGETHER, WITH_AGENT, ContactState, RecordingState, check_transition


class Contact:
    __slots__ = (
        "agent",
        "agent_leg",
        "answered_ns",
        "bonus_ms",
        "called",
        "capture",
        "channel",
        "customer",
        "customer_connected",
        "disconnect_timer",
        "ended_early",
        "holders",
        "id",
        "line",
        "lines",
        "moved",
        "on_hold",
        "opened_ns",
        "outcome",
        "preferred",
        "queue",
        "recording_paused",
        "state",
        "timer",
        "video",
        "video_changes",
    )

    def __init__(
        self,
        contact: ContactId,
        *,
        channel: Channel,
        queue: QueueConfig,
        customer: Customer,
        called: str,
        opened_ns: int,
        line: VoiceLine | None,
        moved: Callable[[Contact, ContactState], None],
    ) -> None:
        """``moved`` is told of each change of state, with the state before."""
        self.id = contact
        self.channel = channel
        self.queue = queue
        """Where it waits, or last waited: overflow and transfers change it."""
        self.customer = customer
        self.called = called
        self.opened_ns = opened_ns
        """Also the key of its place in the queue: who calls first is served first, however long the greeting."""
        self.line = line
        """The customer's call; None for a chat."""
        self.state = ContactState.OPENING
        self.moved = moved
        self.agent: AgentId | None = None
        self.agent_leg: LegId | None = None
        self.on_hold = False
        """By the agent's wish; stays so while the agent's connection is away."""
        self.preferred: AgentId | None = None
        """Who spoke with this customer last."""
        self.bonus_ms = 0
        """For an earlier contact on another channel."""
        self.holders = 0
        """Agents who have it in hand or wrap it up: one, or more after a transfer."""
        self.answered_ns: int | None = None
        self.outcome: str | None = None
        self.lines = 0
        """Chat lines written so far."""
        self.capture: Capture | None = None
        self.video = {Party.CUSTOMER: Showing(), Party.AGENT: Showing()}
        """What pictures each side may see and shows."""
        self.video_changes = 0
        self.recording_paused = False
        """By the agent's wish, which outlives a lost connection but no transfer."""
        self.customer_connected = True
        self.timer: Timer | None = None
        """Ends CONNECTING and PARTED when nobody comes; tells who is WAITING their place."""
        self.ended_early: tuple[Party, EndCause] | None = None
        """By whom and why, when it ended while it was being written to disk."""
        self.disconnect_timer: Timer | None = None
        """Ends a chat whose visitor does not come back."""

    def move(self, state: ContactState) -> None:
        before = self.state
        check_transition(before, state)
        self.state = state
        self.moved(self, before)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def cancel_disconnect_timer(self) -> None:
        if self.disconnect_timer is not None:
            self.disconnect_timer.cancel()
            self.disconnect_timer = None

    @property
    def ended(self) -> bool:
        return self.state is ContactState.ENDED

    @property
    def may_show(self) -> bool:
        """Whether either side may begin to show pictures."""
        return self.queue.video and self.channel is Channel.WEB_CALL and self.state in TOGETHER

    @property
    def with_agent(self) -> bool:
        return self.state in WITH_AGENT

    @property
    def recording(self) -> RecordingState:
        if self.line is None or not self.queue.record:
            return RecordingState.OFF
        if self.capture is not None and self.capture.failed:
            return RecordingState.FAILED
        return RecordingState.PAUSED if self.recording_paused else RecordingState.ON


class Capture:
    """The stretch of a conversation that is being captured: from one agent's audio to its end."""

    __slots__ = ("agent", "failed", "path", "recording", "started_ns")

    def __init__(self, recording: RecordingId, agent: AgentId, path: Path, started_ns: int) -> None:
        self.recording = recording
        self.agent = agent
        self.path = path
        self.started_ns = started_ns
        self.failed = False
        """What is said gets lost; see `RecordingInterrupted`."""
