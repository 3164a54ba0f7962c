"""A native media plane with telephones and browsers on loopback round it."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gateway.media import MediaPlane
from gateway.media._stages import encode_g711
from gateway.model.ids import Codec, LegId
from gateway.model.media import IceConnected, LegClosed, MediaEvent, RtpPeer, SrtpKeys, WebRtcPeer
from tests.support.audio_probe import sine
from tests.support.media_peers import Browser, Peer, Phone
from tests.support.patience import PATIENCE_S

PCMU, PCMA, G722, OPUS, EVENT = 0, 8, 9, 111, 101
NUMBERS = {Codec.PCMU: PCMU, Codec.PCMA: PCMA, Codec.G722: G722, Codec.OPUS: OPUS}
PROFILE = "SRTP_AEAD_AES_128_GCM"

Event = TypeVar("Event", bound=MediaEvent)


def tone_frames(frequency_hz: float, count: int, codec: str = "pcma") -> list[bytes]:
    """20 ms payloads of G.711 with a tone that goes on from one to the next."""
    return [
        encode_g711("pcma" if codec == "pcma" else "pcmu", sine(frequency_hz, 8000, 160, start=160 * i).tobytes())
        for i in range(count)
    ]


def write_tone(path: Path, frequency_hz: float, duration_ms: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(sine(frequency_hz, 8000, 8 * duration_ms).tobytes())
    return path


async def sound_flows(phone: Phone, browser: Browser, mark: int) -> None:
    """One packet each way, told apart by their payload."""
    payload = bytes([mark]) * 160
    browser.send(payload, PCMA, ticks=160)
    await phone.until(lambda: payload in phone.payloads(PCMA), f"packet {mark} at the telephone")
    phone.send(payload[::-1])
    await browser.until(lambda: payload in browser.payloads(PCMA), f"packet {mark} at the browser")


class MediaWorld:
    """One plane; legs come with their counterparts."""

    def __init__(self, **options: Any) -> None:
        self.plane = MediaPlane(**{"rtp_ports": (44000, 45599), **options})
        self.plane.start(asyncio.get_running_loop())
        self.events: list[MediaEvent] = []
        self.peers: list[Peer] = []
        self._news = asyncio.Event()

    def listener(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._news.set()

    def events_of(self, leg: LegId, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if event.leg == leg and isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool], what: str = "an event") -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE_S} s in vain for {what}; had {self.events}") from None

    async def event(self, leg: LegId, kind: type[Event], count: int = 1) -> Event:
        await self.until(lambda: len(self.events_of(leg, kind)) >= count, kind.__name__)
        return self.events_of(leg, kind)[count - 1]

    def phone(
        self, codec: Codec = Codec.PCMA, *, negotiate: bool = True, near: LegId | None = None, **peer: Any
    ) -> tuple[LegId, Phone]:
        phone: Phone = Phone.open()
        self.peers.append(phone)
        leg, address, port = self.plane.open_rtp_leg(self.listener, near=near)
        phone.to = (address, port)
        if negotiate:
            self.negotiate_phone(leg, phone, codec, **peer)
        return leg, phone

    def negotiate_phone(self, leg: LegId, phone: Phone, codec: Codec = Codec.PCMA, **peer: Any) -> None:
        fields: dict[str, Any] = {
            "address": phone.host,
            "port": phone.port,
            "codec": codec,
            "payload_type": NUMBERS[codec],
            "dtmf_payload_type": EVENT,
        }
        self.plane.set_rtp_peer(leg, RtpPeer(**{**fields, **peer}))

    def open_browser(self, near: LegId | None = None) -> tuple[LegId, Browser]:
        """A browser leg of which the plane knows no more than our own credentials."""
        browser: Browser = Browser.open()
        self.peers.append(browser)
        browser.server_ufrag = f"us{browser.port}"
        leg, addresses = self.plane.open_webrtc_leg(
            self.listener, ufrag=browser.server_ufrag, pwd=browser.server_pwd, near=near
        )
        browser.to = addresses[0]
        return leg, browser

    def key_browser(self, leg: LegId, browser: Browser, profile: str = PROFILE) -> None:
        browser.key(profile)
        self.plane.set_srtp_keys(leg, SrtpKeys(profile=profile, send=browser.receive_key, receive=browser.send_key))

    async def browser(
        self, codec: Codec = Codec.OPUS, *, profile: str = PROFILE, dtmf: int | None = 126, near: LegId | None = None
    ) -> tuple[LegId, Browser]:
        """A browser leg that is connected and keyed."""
        leg, browser = self.open_browser(near)
        payload_type = NUMBERS[codec]
        self.plane.set_webrtc_peer(
            leg,
            WebRtcPeer(
                codec=codec,
                payload_type=payload_type,
                dtmf_payload_type=dtmf,
                dtmf_clock_hz=48000 if codec is Codec.OPUS else 8000,
                remote_ufrag=browser.ufrag,
                remote_pwd=browser.pwd,
            ),
        )
        self.key_browser(leg, browser, profile)
        await browser.connect()
        await self.event(leg, IceConnected)  # it is known to be there
        return leg, browser

    def moved(self, browser: Browser, host: str = "127.0.0.1") -> Browser:
        """The same browser with another address: same keys and stream, another socket."""
        moved: Browser = Browser.open(host)
        self.peers.append(moved)
        same = ("to", "ufrag", "pwd", "server_ufrag", "server_pwd", "ssrc", "sequence", "timestamp", "_in", "_out")
        for name in same:
            setattr(moved, name, getattr(browser, name))
        return moved

    async def close_leg(self, leg: LegId) -> LegClosed:
        self.plane.close_leg(leg)
        return await self.event(leg, LegClosed)

    async def close(self) -> None:
        await self.plane.close()
        for peer in self.peers:
            peer.close()
