"""Session descriptions (RFC 8866): a model with parser and printer, and offer/answer for telephones and browsers.

`parse` and `print_description` know the grammar and nothing else.  `answer_audio`, `offer_audio` and `accept_answer`
speak RFC 3264 with SIP trunks, `audio_host` tells of which family they are; `answer_browser` speaks RFC 8829 with
browsers.  All raise `SdpError`, a `PeerError`; `NoCommonCodecError` is the one that a SIP edge answers with 488 and
never with 400.
"""

from gateway.protocol.sdp.audio import accept_answer, answer_audio, known_formats, offer_audio
from gateway.protocol.sdp.browser import BrowserAnswer, Fingerprint, answer_browser
from gateway.protocol.sdp.codecs import NoCommonCodecError, RtpFormat
from gateway.protocol.sdp.crypto import KEY_OCTETS, NoSrtpError, SrtpTerms
from gateway.protocol.sdp.description import (
    Attribute,
    Connection,
    MediaDescription,
    Origin,
    SdpError,
    SessionDescription,
    Timing,
)
from gateway.protocol.sdp.family import audio_host
from gateway.protocol.sdp.text import parse, print_description
from gateway.protocol.sdp.video import VideoTerms

__all__ = [
    "KEY_OCTETS",
    "Attribute",
    "BrowserAnswer",
    "Connection",
    "Fingerprint",
    "MediaDescription",
    "NoCommonCodecError",
    "NoSrtpError",
    "Origin",
    "RtpFormat",
    "SdpError",
    "SessionDescription",
    "SrtpTerms",
    "Timing",
    "VideoTerms",
    "accept_answer",
    "answer_audio",
    "answer_browser",
    "audio_host",
    "known_formats",
    "offer_audio",
    "parse",
    "print_description",
]
