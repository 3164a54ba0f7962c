"""What happens between an agent and a customer once one has accepted the other: the moves of a conversation.

Each function makes one move: contact state, media plane, event, in this order.  Who may ask for it, and what the
distributor must know, is the services' matter.
"""

from __future__ import annotations

from gateway.config.schema import QueueConfig
from gateway.model.events import (
    AgentConnectionLost,
    AgentConnectionRestored,
    ContactHeld,
    ContactResumed,
    ConversationStarted,
    Party,
    RecordingPaused,
    RecordingResumed,
)
from gateway.model.ids import AgentId, LegId
from gateway.model.media import DtmfPolicy
from gateway.session.contact import Contact
from gateway.session.floor import Floor
from gateway.session.quality import QualityWatch
from gateway.session.recording import Recorder
from gateway.session.states import ContactState
from gateway.session.video import Videos
from gateway.session.waiting import WaitingRoom, music_of

DIGITS = {"pass": DtmfPolicy.TRANSLATE, "block": DtmfPolicy.BLOCK}


class Conversations:
    def __init__(
        self, floor: Floor, recorder: Recorder, quality: QualityWatch, waiting: WaitingRoom, *, videos: Videos
    ) -> None:
        self._floor = floor
        self._recorder = recorder
        self._quality = quality
        self._waiting = waiting
        self._videos = videos

    def start_chat(self, contact: Contact, agent: AgentId) -> None:
        contact.move(ContactState.TALKING)
        self._started(contact, agent)

    def connect(self, contact: Contact, agent: AgentId, leg: LegId) -> None:
        """The agent's audio is there: for the first time, after it was lost, or anew after a page reload."""
        state = contact.state
        then = ContactState.HELD if contact.on_hold else ContactState.TALKING
        if state is not then:
            contact.move(then)
        self._stop_capture(contact)
        self._videos.forget(contact, Party.AGENT)
        contact.agent_leg = leg
        if contact.line is not None:
            self._floor.media.set_dtmf_policy(contact.line.leg, DIGITS[contact.queue.digits])
            if not contact.on_hold:
                self._floor.media.bridge(contact.line.leg, leg)
        self._floor.media.listen(leg, lambda event: self._quality.media_event(contact, Party.AGENT, event))
        self._start_capture(contact, agent, leg)
        if contact.on_hold or contact.recording_paused:
            # The customer goes on hearing music, and the recording goes on pausing, until the agent resumes.
            self._pause_capture(contact)
        if state is ContactState.CONNECTING:
            self._started(contact, agent)
        elif state is ContactState.PARTED:
            now_ns = self._floor.clock.now_ns()
            self._floor.log.emit(AgentConnectionRestored(at_ns=now_ns, contact=contact.id, agent=agent))

    def hold(self, contact: Contact, agent: AgentId) -> None:
        contact.move(ContactState.HELD)
        contact.on_hold = True
        self._pause_capture(contact)
        self._music(contact)
        self._floor.log.emit(ContactHeld(at_ns=self._floor.clock.now_ns(), contact=contact.id, agent=agent))

    def resume(self, contact: Contact, agent: AgentId) -> None:
        contact.move(ContactState.TALKING)
        contact.on_hold = False
        if contact.line is not None and contact.agent_leg is not None:
            self._floor.media.bridge(contact.line.leg, contact.agent_leg)
        self._resume_capture(contact)
        self._floor.log.emit(ContactResumed(at_ns=self._floor.clock.now_ns(), contact=contact.id, agent=agent))

    def pause_recording(self, contact: Contact, agent: AgentId) -> None:
        contact.recording_paused = True
        self._pause_capture(contact)
        self._floor.log.emit(RecordingPaused(at_ns=self._floor.clock.now_ns(), contact=contact.id, agent=agent))

    def resume_recording(self, contact: Contact, agent: AgentId) -> None:
        contact.recording_paused = False
        self._resume_capture(contact)
        self._floor.log.emit(RecordingResumed(at_ns=self._floor.clock.now_ns(), contact=contact.id, agent=agent))

    def part(self, contact: Contact, agent: AgentId) -> None:
        """The agent's connection is gone; the customer hears music until it is back."""
        contact.move(ContactState.PARTED)
        self._stop_capture(contact)
        self._videos.forget(contact, Party.AGENT)
        contact.agent_leg = None
        if not contact.on_hold:
            self._music(contact)
        self._floor.log.emit(AgentConnectionLost(at_ns=self._floor.clock.now_ns(), contact=contact.id, agent=agent))

    def rejoin_chat(self, contact: Contact, agent: AgentId) -> None:
        contact.move(ContactState.TALKING)
        now_ns = self._floor.clock.now_ns()
        self._floor.log.emit(AgentConnectionRestored(at_ns=now_ns, contact=contact.id, agent=agent))

    def back_to_queue(self, contact: Contact) -> None:
        """No agent any more; the customer goes on waiting, with music."""
        contact.move(ContactState.WAITING)
        self._stop_capture(contact)
        self._no_pictures(contact)
        contact.agent, contact.agent_leg, contact.on_hold = None, None, False
        contact.recording_paused = False
        self._music(contact)
        self._waiting.announce_later(contact)

    def change_queue(self, contact: Contact, queue: QueueConfig) -> None:
        """It waits in another queue from now on, with that queue's music."""
        music = music_of(contact.queue)
        self._floor.change_queue(contact, queue)
        if contact.state is not ContactState.WAITING:
            return
        if music_of(queue) != music:
            self._waiting.music(contact)
        self._waiting.announce_later(contact)

    def finish(self, contact: Contact) -> None:
        """The contact is over: nothing is captured from here on.  The legs are closed by their edges."""
        self._stop_capture(contact)
        self._videos.forget(contact, Party.CUSTOMER, Party.AGENT)
        contact.agent_leg = None

    def _no_pictures(self, contact: Contact) -> None:
        """Who comes next sees nothing of the customer until the customer shows it anew."""
        if contact.line is not None and contact.video[Party.CUSTOMER].codec is not None:
            self._floor.media.set_video(contact.line.leg, None)
        self._videos.forget(contact, Party.CUSTOMER, Party.AGENT)

    def _started(self, contact: Contact, agent: AgentId) -> None:
        now_ns = self._floor.clock.now_ns()
        if contact.answered_ns is None:
            contact.answered_ns = now_ns
        self._floor.log.emit(ConversationStarted(at_ns=now_ns, contact=contact.id, agent=agent))

    def _music(self, contact: Contact) -> None:
        if contact.line is not None:
            self._floor.media.unbridge(contact.line.leg)
            self._waiting.music(contact)

    def _start_capture(self, contact: Contact, agent: AgentId, leg: LegId) -> None:
        if contact.line is None or not contact.queue.record:
            return
        contact.capture = self._recorder.begin(contact, agent)
        self._floor.media.start_capture(contact.line.leg, leg, str(contact.capture.path))

    def _pause_capture(self, contact: Contact) -> None:
        if contact.capture is not None and contact.line is not None:
            self._floor.media.pause_capture(contact.line.leg)

    def _resume_capture(self, contact: Contact) -> None:
        if contact.capture is None or contact.line is None or contact.on_hold or contact.recording_paused:
            return
        self._floor.media.resume_capture(contact.line.leg)

    def _stop_capture(self, contact: Contact) -> None:
        if contact.capture is not None and contact.line is not None:
            self._floor.media.stop_capture(contact.line.leg)
            contact.capture = None


def connect_limit_ms(contact: Contact) -> int:
    """How long an agent who accepted may take until their audio is there.

    ICE, DTLS and a question for the microphone take well under a second; a person who must click one takes some.
    """
    return max(contact.queue.reconnect_ms, 10_000)
