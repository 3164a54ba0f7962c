"""The descriptions of one browser connection over its whole life: the first answer, later ones, ICE restarts.

It keeps what must not change (the session id, the browser's certificate, the audio's section), counts what must (the
version, with each description that differs: RFC 8829 5.3.2), and tells a restart, which is a new ufrag and password of
the browser (RFC 8839 4.4.1.1.1), from everything else.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence

import msgspec

from gateway.model.ids import Codec
from gateway.protocol.sdp import (
    BrowserAnswer,
    Fingerprint,
    SdpError,
    SessionDescription,
    VideoTerms,
    answer_browser,
    parse,
)
from gateway.session.video import NO_VIDEO, VideoWish

_ICE_CHARACTERS = string.ascii_letters + string.digits + "+/"
_UFRAG_CHARS = 12
_PWD_CHARS = 24
"""144 random bits; RFC 8445 5.3 wants 128."""


class Credentials(msgspec.Struct, frozen=True):
    """Our side of ICE."""

    ufrag: str
    pwd: str

    @classmethod
    def new(cls) -> Credentials:
        return cls(_random(_UFRAG_CHARS), _random(_PWD_CHARS))


class Negotiation:
    def __init__(
        self,
        credentials: Credentials,
        *,
        candidates: Sequence[tuple[str, int]],
        fingerprint: Fingerprint,
        codecs: Sequence[Codec],
    ) -> None:
        """``codecs`` in order of preference; in later answers the one in use comes first, if it is still offered."""
        self.credentials = credentials
        self._candidates = tuple(candidates)
        self._fingerprint = fingerprint
        self._codecs = tuple(codecs)
        self._session_id = secrets.randbits(62)
        self._ssrcs = secrets.SystemRandom().sample(range(1, 2**32), 3)
        """Of our sound, our pictures and their retransmissions: no two alike; 0 would mean any."""
        self._version = 1
        self._sections = 0
        self.last: BrowserAnswer | None = None
        """The answer that holds now; None before the first."""

    def answer(self, offer_sdp: str, video: VideoWish = NO_VIDEO) -> BrowserAnswer:
        """Answer an offer; pictures as ``video`` says.

        Raises `SdpError` or `NoCommonCodecError` and leaves everything as it was.

        Afterwards `credentials` are others than before when the offer restarts ICE.
        """
        offer = parse(offer_sdp)
        before = self.last
        if before is None:
            self.last = self._answer(offer, video, self.credentials)
        else:
            self._renew(offer, video, before)
        self._sections = len(offer.media)
        assert self.last is not None
        return self.last

    def _renew(self, offer: SessionDescription, video: VideoWish, before: BrowserAnswer) -> None:
        credentials = self.credentials
        answer = self._answer(offer, video, credentials)
        self._check_same(offer, answer, before)
        if is_restart(answer, before):
            credentials = Credentials.new()
            answer = self._answer(offer, video, credentials)
        if answer.sdp != before.sdp:
            self._version += 1
            answer = self._answer(offer, video, credentials)
        self.credentials, self.last = credentials, answer

    def _check_same(self, offer: SessionDescription, answer: BrowserAnswer, before: BrowserAnswer) -> None:
        """What can't change without a new connection."""
        if set(answer.fingerprints) != set(before.fingerprints):
            # RFC 8842 5.1: another certificate would be another DTLS association.
            raise SdpError("a=fingerprint is another one than before; that is a new connection, begin a new call")
        if len(offer.media) < self._sections:
            raise SdpError(
                f"{len(offer.media)} m= sections, {self._sections} before; they may only grow (RFC 8829 5.2.2)"
            )
        if answer.audio != before.audio:
            raise SdpError("the m=audio in use was taken away; end the call instead")

    def _answer(self, offer: SessionDescription, video: VideoWish, credentials: Credentials) -> BrowserAnswer:
        codecs = self._codecs
        if self.last is not None:
            current = self.last.peer.codec
            codecs = (current, *(codec for codec in codecs if codec is not current))
        sound, pictures, resent = self._ssrcs
        return answer_browser(
            offer,
            ufrag=credentials.ufrag,
            pwd=credentials.pwd,
            fingerprints=[self._fingerprint],
            candidates=self._candidates,
            codecs=codecs,
            session_id=self._session_id,
            version=self._version,
            video=VideoTerms(
                codecs=video.codecs,
                ssrc=pictures,
                rtx_ssrc=resent,
                transport_cc=video.transport_cc,
            ),
            ssrc=sound,
        )


def is_restart(answer: BrowserAnswer, before: BrowserAnswer) -> bool:
    """Whether the browser's side of ICE is new."""
    now = (answer.peer.remote_ufrag, answer.peer.remote_pwd)
    return now != (before.peer.remote_ufrag, before.peer.remote_pwd)


def _random(chars: int) -> str:
    return "".join(secrets.choice(_ICE_CHARACTERS) for _ in range(chars))
