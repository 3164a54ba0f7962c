"""The media description of one call over its whole life: first offer or answer, re-INVITEs, holds (RFC 3264 5 and 8).

It keeps what must not change (the session id in ``o=``), counts what must (the version, with each description that
differs), and says what the media leg has to do now.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from typing import Literal

import msgspec

from gateway.model.ids import Codec
from gateway.model.media import DtmfWay, RtpPeer
from gateway.protocol import sdp

CODECS: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU, Codec.G722, Codec.OPUS)
"""What a trunk may choose from; in our own offers the first is the one we like best."""


class MediaTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a trunk's configuration says about its media, and where this call's signalling came from."""

    srtp: Literal["no", "optional", "required"] = "no"
    suites: tuple[str, ...] = tuple(sdp.KEY_OCTETS)
    codecs: tuple[Codec, ...] = ()
    """Those to use, in our order; empty: all, in the other side's."""
    learns: bool = False
    signalling_address: str | None = None
    dtmf: DtmfWay = DtmfWay.AUTO


class Negotiation:
    def __init__(
        self,
        address: str,
        port: int,
        *,
        session_id: int,
        codecs: Sequence[Codec] = CODECS,
        terms: MediaTerms = MediaTerms(),  # noqa: B008 - frozen
    ) -> None:
        """``address`` and ``port`` are the media leg's; ``session_id`` is any number not used for another call."""
        self._terms = terms
        self._keys: dict[str, bytes] = {}
        """Ours, by suite, for as long as the call lasts: a re-INVITE must not begin a key's stream anew."""
        self._srtp = sdp.SrtpTerms(use=terms.srtp, suites=terms.suites, own_key=self._own_key)
        self._address = address
        self._port = port
        self._session_id = session_id
        self._codecs = terms.codecs or tuple(codecs)
        self._version = 0
        self._known: dict[int, sdp.RtpFormat] = {}
        """What payload types mean since one of us said so: our next offer may not contradict it."""
        self._described: str | None = None
        self.local: str | None = None
        """Our description as last given out."""
        self.peer: RtpPeer | None = None
        """What the leg has to do; None until both sides have spoken."""

    @property
    def codec(self) -> Codec:
        return self._codecs[0] if self.peer is None else self.peer.codec

    def answer(self, offer: str) -> str:
        """Answer the other side's offer.  Raises `SdpError` and leaves everything as it was."""
        parsed = sdp.parse(offer)
        text, peer = self._answer(parsed, self._version)
        peer = self._of_our_family(peer)
        if text != self._described:
            self._version += 1
            text, _ = self._answer(parsed, self._version)
        self._described = self.local = text
        self._take(parsed, peer)
        return text

    def _answer(self, offer: sdp.SessionDescription, version: int) -> tuple[str, RtpPeer]:
        return sdp.answer_audio(
            offer,
            address=self._address,
            port=self._port,
            codecs=self._codecs,
            session_id=self._session_id,
            version=version,
            own_order=bool(self._terms.codecs),
            srtp=self._srtp,
        )

    def _of_our_family(self, peer: RtpPeer) -> RtpPeer:
        """The leg's socket is of one family, and nothing of the other one reaches it.  Nowhere is in both."""
        if (":" in peer.address) == (":" in self._address):
            return peer
        if ipaddress.ip_address(peer.address).is_unspecified:
            return msgspec.structs.replace(peer, address="::" if ":" in self._address else "0.0.0.0")
        raise sdp.NoCommonCodecError(f"c= says {peer.address}, and this call's media is at {self._address}")

    def _own_key(self, suite: str) -> bytes:
        if suite not in self._keys:
            self._keys[suite] = secrets.token_bytes(sdp.KEY_OCTETS[suite])
        return self._keys[suite]

    def _take(self, description: sdp.SessionDescription, peer: RtpPeer) -> None:
        terms = self._terms
        self._known = sdp.known_formats(description, peer) | self._known
        # A key that is given up never comes back: the leg would begin its stream anew and encrypt twice with it.
        in_use = peer.srtp.profile if peer.srtp else None
        self._keys = {suite: key for suite, key in self._keys.items() if suite == in_use}
        self.peer = msgspec.structs.replace(
            peer, learns=terms.learns, signalling_address=terms.signalling_address, dtmf=terms.dtmf
        )

    def offer(self) -> str:
        """Make our own offer, for an INVITE or re-INVITE that came without one (RFC 3261 14.2)."""
        text = self._offer(self._version)
        if text != self._described:
            self._version += 1
            text = self._offer(self._version)
        self._described = self.local = text
        return text

    def _offer(self, version: int) -> str:
        # In the middle of a call the codec in use comes first, so that the other side has no reason to change it.
        codecs = self._codecs
        if self.peer is not None:
            codecs = (self.peer.codec, *(codec for codec in codecs if codec is not self.peer.codec))
        return sdp.offer_audio(
            address=self._address,
            port=self._port,
            codecs=codecs,
            session_id=self._session_id,
            version=version,
            srtp=self._srtp,
            known=self._known,
        )

    def accept(self, answer: str) -> None:
        """Take the answer to our offer.  Raises `SdpError`."""
        parsed = sdp.parse(answer)
        peer = sdp.accept_answer(parsed, codecs=self._codecs, srtp=self._srtp)
        self._take(parsed, self._of_our_family(peer))
