"""Pictures through the native plane, from one browser's socket to the other's: relayed, held, asked for, repaired."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from gateway.model.ids import LegId, VideoCodec
from gateway.model.media import VideoPeer
from tests.support.media_peers import Browser, Rtp
from tests.support.media_world import MediaWorld, write_tone

KEY, DELTA = b"\x10\x00 key picture", b"\x10\x01 delta picture"
VIDEO, RTX = 96, 97


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


@dataclass
class Camera:
    """The pictures of one browser; ``ssrc`` is its own, ``ours`` are those it is sent."""

    world: MediaWorld
    leg: LegId
    browser: Browser
    ssrc: int
    ours: int
    sequence: int = 500
    timestamp: int = 90_000
    sent: list[Rtp] = field(default_factory=list)

    def set(self, *, send: bool = True, receive: bool = True, codec: VideoCodec = VideoCodec.VP8) -> None:
        peer = VideoPeer(
            codec=codec,
            payload_type=VIDEO,
            rtx_payload_type=RTX,
            ssrc=self.ours,
            rtx_ssrc=self.ours + 1,
            nack=True,
            pli=True,
            reduced_size=True,
            send=send,
            receive=receive,
        )
        self.world.plane.set_video(self.leg, peer)

    def show(self, payload: bytes, payload_type: int = VIDEO) -> Rtp:
        self.sequence += 1
        self.timestamp += 3000
        ssrc = self.ssrc if payload_type == VIDEO else self.ssrc + 1
        return self.browser.send_rtp(Rtp(payload_type, self.sequence, self.timestamp, ssrc, payload))

    async def taken(self) -> None:
        """Until the plane has read all that was sent so far: a check behind it is answered."""
        await self.browser.connect()

    async def sees(self, payload: bytes, payload_type: int = VIDEO) -> Rtp:
        browser = self.browser
        await browser.until(lambda: payload in browser.payloads(payload_type), f"the picture {payload!r}")
        return next(rtp for rtp in browser.packets if rtp.payload == payload)

    def say(self, kind: int, count: int, body: bytes) -> None:
        """RTCP behind an empty receiver report."""
        packets = [(201, 0, struct.pack("!I", self.ssrc)), (kind, count, struct.pack("!I", self.ssrc) + body)]
        self.browser.send_rtcp(b"".join(struct.pack("!BBH", 0x80 | c, k, len(b) // 4) + b for k, c, b in packets))

    def asked(self) -> int:
        """How often a key frame was asked for."""
        pli = struct.pack("!BBHII", 0x81, 206, 2, self.ours, self.ssrc)
        return sum(report.endswith(pli) for report in self.browser.reports)

    async def is_asked(self, times: int) -> None:
        await self.browser.until(lambda: self.asked() >= times, f"the request number {times} for a key frame")


async def cameras(world: MediaWorld) -> tuple[Camera, Camera]:
    """Two, bridged, with pictures both ways."""
    first, browser = await world.browser()
    second, other = await world.browser(near=first)
    both = Camera(world, first, browser, 0x1000, 0x51), Camera(world, second, other, 0x2000, 0x61)
    for camera in both:
        camera.set()
    world.plane.bridge(first, second)
    return both


async def test_pictures_pass_from_the_first_key_frame_on(world: MediaWorld) -> None:
    anna, ben = await cameras(world)
    anna.show(DELTA + b" 0")
    await anna.is_asked(1)
    anna.show(KEY)
    anna.show(DELTA + b" 1")
    first, second = await ben.sees(KEY), await ben.sees(DELTA + b" 1")
    assert (first.ssrc, second.sequence, second.timestamp) == (0x61, first.sequence + 1, first.timestamp + 3000)
    assert ben.browser.payloads(VIDEO) == [KEY, DELTA + b" 1"]
    ben.show(KEY + b" of ben")
    assert (await anna.sees(KEY + b" of ben")).ssrc == 0x51
    closed = (await world.close_leg(anna.leg)).statistics.video
    assert (closed.packets_received, closed.packets_sent, closed.key_frames) == (3, 1, 1)
    assert closed.key_requests >= 1, "again where the answer takes long"
    assert world.plane.statistics()[0].video == 3


async def test_feedback_reaches_the_sender_in_its_own_numbers(world: MediaWorld) -> None:
    anna, ben = await cameras(world)
    anna.show(KEY)
    lost = Rtp(VIDEO, anna.sequence + 1, anna.timestamp, anna.ssrc, DELTA + b" lost")
    anna.sequence += 1
    anna.show(DELTA)
    seen = await ben.sees(KEY)
    ben.say(205, 1, struct.pack("!IHH", 0x61, seen.sequence + 1, 0))
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 0x51, anna.ssrc, lost.sequence, 0)
    # Nothing was ever sent with that number, but it lies behind the newest one.
    await anna.browser.until(lambda: nack in anna.browser.reports, "the NACK")
    anna.show(struct.pack("!H", lost.sequence) + lost.payload, RTX)
    again = await ben.sees(struct.pack("!H", seen.sequence + 1) + lost.payload, RTX)
    assert again.ssrc == 0x62
    before = anna.asked()
    ben.say(206, 1, struct.pack("!I", 0x61))
    await anna.is_asked(before + 1)


async def test_pictures_end_with_the_sound_and_begin_anew_with_a_key_frame(world: MediaWorld, tmp_path) -> None:  # type: ignore[no-untyped-def]
    anna, ben = await cameras(world)
    world.plane.add_sound("music", write_tone(tmp_path / "music.wav", 440, 1000))
    anna.show(KEY)
    before = await ben.sees(KEY)
    world.plane.unbridge(anna.leg)
    world.plane.play(anna.leg, "music", loop=True)
    await anna.browser.until(lambda: bool(anna.browser.payloads(111)), "music")
    anna.show(DELTA + b" while on hold")
    ben.show(KEY + b" while on hold")
    await anna.taken()
    await ben.taken()
    asked = anna.asked()
    world.plane.bridge(anna.leg, ben.leg)
    await anna.is_asked(asked + 1)
    anna.show(DELTA + b" too early")
    anna.show(KEY + b" again")
    after = await ben.sees(KEY + b" again")
    assert (after.sequence, after.ssrc) == (before.sequence + 1, before.ssrc)
    assert ben.browser.payloads(VIDEO) == [KEY, KEY + b" again"]
    assert anna.browser.payloads(VIDEO) == []


async def test_who_takes_pictures_away_shows_and_sees_none(world: MediaWorld) -> None:
    anna, ben = await cameras(world)
    anna.show(KEY)
    await ben.sees(KEY)
    anna.set(receive=False)
    anna.show(KEY + b" unwanted")
    await anna.taken()
    ben.show(KEY + b" of ben")
    await anna.sees(KEY + b" of ben")
    world.plane.set_video(anna.leg, None)
    ben.show(KEY + b" unseen")
    await ben.taken()
    anna.set()
    anna.show(KEY + b" once more")
    ben.show(KEY + b" of ben, again")
    seen = await anna.sees(KEY + b" of ben, again")
    await ben.sees(KEY + b" once more")
    assert seen.sequence == next(r for r in anna.browser.packets if r.payload == KEY + b" of ben").sequence + 1
    assert ben.browser.payloads(VIDEO) == [KEY, KEY + b" once more"]
    assert KEY + b" unseen" not in anna.browser.payloads(VIDEO)


async def test_another_codec_is_not_passed_on(world: MediaWorld) -> None:
    anna, ben = await cameras(world)
    ben.set(codec=VideoCodec.H264)
    anna.show(KEY)
    await anna.taken()
    ben.set()
    anna.show(KEY + b" in common")
    await ben.sees(KEY + b" in common")
    assert ben.browser.payloads(VIDEO) == [KEY + b" in common"]


async def test_requests_for_key_frames_are_few_however_often_they_are_made(world: MediaWorld) -> None:
    anna, ben = await cameras(world)
    anna.show(KEY)
    await ben.sees(KEY)
    before = anna.asked()
    for _ in range(50):
        ben.say(206, 1, struct.pack("!I", 0x61))
    await anna.is_asked(before + 1)
    anna.show(KEY + b" as asked")
    await ben.sees(KEY + b" as asked")
    assert anna.asked() <= before + 2


async def test_a_supervisor_who_listens_in_does_not_end_pictures(world: MediaWorld) -> None:
    anna, ben = await cameras(world)
    supervisor, _ = await world.browser(near=anna.leg)
    anna.show(KEY)
    await ben.sees(KEY)
    conference = world.plane.name_conference(near=anna.leg)
    world.plane.join(conference, anna.leg)
    world.plane.join(conference, ben.leg)
    world.plane.join(conference, supervisor, heard_by=[])
    number = 0
    while world.plane.statistics()[0].mixed == 0:
        number += 1
        await ben.sees(anna.show(KEY + b" %d" % number).payload)
    await ben.sees(anna.show(DELTA + b" while mixed").payload)
    await anna.sees(ben.show(KEY + b" while mixed").payload)
    assert len(ben.browser.payloads(VIDEO)) == number + 2
