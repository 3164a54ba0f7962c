"""Pictures in browser calls: who may show them, who does, and that it is told.

They flow between the visitor's browser and the agent's, while the two talk, in queues that allow it (``video``).  The
descriptions that pages and edges exchange are the truth of who shows something; a page only adds whether it is a camera
or a screen.  Nothing of it is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.model.events import Party, VideoSource, VideoStarted, VideoStopped
from gateway.model.ids import VideoCodec
from gateway.model.media import VideoPeer
from gateway.session.contact import Contact
from gateway.session.floor import Floor


class VideoWish(msgspec.Struct, frozen=True):
    """What one side's connection may be answered."""

    codecs: tuple[VideoCodec, ...]
    """In order of preference; none: no pictures."""
    transport_cc: bool


NO_VIDEO = VideoWish((), True)

CHANGES_MAX = 200
"""Of what is shown, in one contact: each is an event that is kept, and a page could cause them at will."""


class Videos:
    def __init__(self, floor: Floor, codecs: Sequence[VideoCodec]) -> None:
        self._floor = floor
        self._codecs = tuple(codecs)

    def wish(self, contact: Contact, party: Party) -> VideoWish:
        """What this side may be answered: when the other has pictures already, only what it has."""
        # What was agreed stays while the agent's connection is away: it will be back in a moment.
        agreed = contact.with_agent and contact.video[party].codec is not None
        if contact.video_changes >= CHANGES_MAX or not (contact.may_show or agreed):
            return NO_VIDEO
        other = contact.video[_other(party)]
        if other.codec is None:
            return VideoWish(self._codecs, True)
        return VideoWish((other.codec,), other.transport_cc)

    def negotiated(self, contact: Contact, party: Party, peer: VideoPeer | None) -> None:
        """This side's connection was answered so."""
        showing = contact.video[party]
        showing.codec = None if peer is None else peer.codec
        showing.transport_cc = peer is None or peer.transport_cc_id != 0
        self._set(contact, party, showing.wished if peer is not None and peer.receive else None)

    def wished(self, contact: Contact, party: Party, source: VideoSource) -> None:
        """This side's page says what it shows, or is about to show."""
        showing = contact.video[party]
        showing.wished = source
        if showing.source is not None and contact.video_changes < CHANGES_MAX:
            self._set(contact, party, source)

    def forget(self, contact: Contact, *parties: Party) -> None:
        """Their connections are gone, or they no longer talk with each other."""
        for party in parties:
            self.negotiated(contact, party, None)

    def _set(self, contact: Contact, party: Party, source: VideoSource | None) -> None:
        showing = contact.video[party]
        if source is showing.source:
            return
        showing.source = source
        contact.video_changes += 1
        now_ns = self._floor.clock.now_ns()
        agent = contact.agent if party is Party.AGENT else None
        if source is None:
            self._floor.log.emit(VideoStopped(at_ns=now_ns, contact=contact.id, by=party, agent=agent))
        else:
            self._floor.log.emit(VideoStarted(at_ns=now_ns, contact=contact.id, by=party, agent=agent, source=source))


def _other(party: Party) -> Party:
    return Party.AGENT if party is Party.CUSTOMER else Party.CUSTOMER
