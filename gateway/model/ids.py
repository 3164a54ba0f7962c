"""Names for the things that are passed around, so that a leg can't be given where a contact is meant."""

from __future__ import annotations

import enum
from typing import NewType

import uuid_utils

ContactId = NewType("ContactId", str)
"""One customer's concern from first ring to last word: a UUIDv7 in text form, so ids sort by time."""

AgentId = NewType("AgentId", str)
"""An agent's login name as written in the configuration."""

QueueName = NewType("QueueName", str)
"""A queue's name as written in the configuration."""

OfferId = NewType("OfferId", int)
"""One lease given by the distributor; never used twice in one journal."""

LegId = NewType("LegId", int)
"""One media stream in the media plane; never used twice in one process."""

ConferenceId = NewType("ConferenceId", int)
"""One conference in the media plane; never used twice in one process."""

RecordingId = NewType("RecordingId", str)
"""One recording: a UUIDv7 in text form."""


class Channel(enum.StrEnum):
    """How a customer reaches the company."""

    PHONE = "phone"
    WEB_CALL = "web_call"
    CHAT = "chat"

    @property
    def has_voice(self) -> bool:
        return self is not Channel.CHAT


class Codec(enum.StrEnum):
    """The audio codecs of the media plane, by their SDP encoding names (RFC 3551, RFC 7587) in lower case."""

    PCMU = "pcmu"
    PCMA = "pcma"
    G722 = "g722"
    OPUS = "opus"


class VideoCodec(enum.StrEnum):
    """The codecs of pictures, by their SDP encoding names (RFC 7741, RFC 6184) in lower case; only relayed."""

    VP8 = "vp8"
    H264 = "h264"


def new_contact_id() -> ContactId:
    return ContactId(str(uuid_utils.uuid7()))


def new_recording_id() -> RecordingId:
    return RecordingId(str(uuid_utils.uuid7()))
