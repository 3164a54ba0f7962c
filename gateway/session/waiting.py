"""What a caller hears while waiting: music, and now and then the place in the queue.

A contact's timer is set here only while it is WAITING, and every move to another state ends it.
"""

from __future__ import annotations

import logging

from gateway.config.schema import QueueConfig
from gateway.model.errors import ZentraleError
from gateway.model.media import Background
from gateway.session.contact import Contact
from gateway.session.floor import Floor
from gateway.session.speech import say_position, say_wait

log = logging.getLogger(__name__)


def music_of(queue: QueueConfig) -> tuple[str, ...]:
    return queue.music, *queue.playlist


class WaitingRoom:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def music(self, contact: Contact) -> None:
        """Hold music, where this caller last left it.  Harmless for who hears nothing, such as a chat."""
        if contact.line is not None:
            self._floor.media.play(contact.line.leg, *music_of(contact.queue), loop=True)

    def enter(self, contact: Contact) -> None:
        """The contact is WAITING from now on, or in another queue: music, and the first announcement in due time."""
        self.music(contact)
        self.announce_later(contact)

    def announce_later(self, contact: Contact) -> None:
        """Begin to count anew until the next announcement, by the queue that the contact waits in."""
        if contact.timer is not None:
            contact.timer.cancel()
            contact.timer = None
        every_ms = contact.queue.announce_position_every_ms
        if contact.line is not None and every_ms:
            contact.timer = self._floor.scheduler.call_later(every_ms, lambda: self._announce(contact))

    def _announce(self, contact: Contact) -> None:
        self.announce_later(contact)
        position = self._floor.position(contact)
        if position is None or contact.line is None:
            return
        language = contact.queue.announce_language
        sounds = say_position(language, position)
        wait_ms = self._estimate_ms(contact, position)
        if wait_ms is not None:
            sounds += say_wait(language, wait_ms)
        try:
            self._floor.media.announce(contact.line.leg, *sounds, background=Background.SILENT)
        except ZentraleError as error:
            log.warning("contact %s is not told its place: %s", contact.id, error)

    def _estimate_ms(self, contact: Contact, position: int) -> int | None:
        """All before this one, and this one, by the queue's handling time and the agents at work; None: don't tell."""
        queue = contact.queue
        agents = self._floor.queue_view(queue.name).agents_signed_in
        if not queue.announce_wait or not queue.handle_ms or not agents:
            return None
        return position * queue.handle_ms // agents
