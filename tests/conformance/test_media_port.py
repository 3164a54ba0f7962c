"""One suite for both media planes, the native one and the fake: what `gateway.model.media.MediaPlane` promises.

Sound and packets are the integration tests' matter; here it is about names, limits, order and ends.
"""

from __future__ import annotations

import asyncio
import errno
import os
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.media import MediaPlane
from gateway.model.errors import CapacityError, NotFoundError, RequestError, UnreachableError
from gateway.model.ids import Codec, ConferenceId, LegId, VideoCodec
from gateway.model.media import (
    AnnouncementFinished,
    Background,
    CaptureFailed,
    CaptureFinished,
    DigitDue,
    DigitReceived,
    DtmfPolicy,
    DtmfWay,
    LegClosed,
    MediaEvent,
    RtpPeer,
    SoundFinished,
    SrtpKeys,
    VideoPeer,
    VideoStatistics,
    WebRtcPeer,
)
from gateway.model.media import MediaPlane as MediaPort
from tests.support.fake_media import FakeMediaPlane
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port_range

VIDEO = VideoPeer(codec=VideoCodec.VP8, payload_type=96, rtx_payload_type=97, ssrc=1, rtx_ssrc=2)
CREDENTIALS = {"ufrag": "ours", "pwd": "a password with enough letters"}


class World:
    """A plane, the events it raised, and the means to make things happen to it."""

    def __init__(self, make: Callable[..., Any], **options: Any) -> None:
        self.plane: Any = make(**options)
        self.port: MediaPort = self.plane
        self.events: list[MediaEvent] = []
        self._news = asyncio.Event()

    def listener(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._news.set()

    def of(self, leg: LegId) -> list[MediaEvent]:
        return [event for event in self.events if event.leg == leg]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_closed(self, leg: LegId) -> None:
        await self.until(lambda: any(isinstance(event, LegClosed) for event in self.of(leg)))

    def rtp(self, near: LegId | None = None) -> LegId:
        return self.port.open_rtp_leg(self.listener, near=near)[0]

    def connected_rtp(self) -> LegId:
        """A leg that sends to a port where nobody listens."""
        leg = self.rtp()
        self.port.set_rtp_peer(leg, RtpPeer(address="127.0.0.1", port=9, codec=Codec.PCMA, payload_type=8))
        return leg

    def let_sound_end(self, leg: LegId) -> None:
        if isinstance(self.plane, FakeMediaPlane):
            self.plane.finish_sound(leg)

    def let_announcement_end(self, leg: LegId) -> None:
        if isinstance(self.plane, FakeMediaPlane):
            self.plane.finish_announcement(leg)

    async def close(self) -> None:
        await self.plane.close()


def write_silence(path: Path, duration_ms: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16 * duration_ms))


@pytest.fixture(params=["fake", "native"])
async def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[..., World]]:
    worlds: list[World] = []

    def make_native(**options: Any) -> MediaPlane:
        plane = MediaPlane(**{"rtp_ports": (46000, 47999), **options})
        for name, duration_ms in (("busy", 60), ("music", 200), ("greeting", 60_000)):
            write_silence(tmp_path / f"{name}.wav", duration_ms)
            plane.add_sound(name, tmp_path / f"{name}.wav")
        plane.start(asyncio.get_running_loop())
        return plane

    def make(**options: Any) -> World:
        worlds.append(World(FakeMediaPlane if request.param == "fake" else make_native, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        await world.close()


@pytest.fixture
async def world(make_world: Callable[..., World]) -> World:
    return make_world()


async def test_legs_have_names_of_their_own_and_even_ports(world: World) -> None:
    opened = [world.port.open_rtp_leg(world.listener) for _ in range(5)]
    assert len({leg for leg, _, _ in opened}) == 5
    assert len({port for _, _, port in opened}) == 5
    assert all(address == "127.0.0.1" and port % 2 == 0 for _, address, port in opened)


async def test_browser_legs_share_the_browser_ports(world: World) -> None:
    _, first = world.port.open_webrtc_leg(world.listener, **CREDENTIALS)
    _, second = world.port.open_webrtc_leg(world.listener, ufrag="else", pwd=CREDENTIALS["pwd"])
    assert first == second
    assert set(first) <= set(world.port.webrtc_addresses)


async def test_browsers_are_told_every_address_and_telephones_the_one_of_their_family(
    make_world: Callable[..., World],
) -> None:
    world = make_world(addresses=("127.0.0.1", "::1"))
    _, candidates = world.port.open_webrtc_leg(world.listener, **CREDENTIALS)
    assert [address for address, _ in candidates] == ["127.0.0.1", "::1"]
    for towards, own in ((None, "127.0.0.1"), ("192.0.2.1", "127.0.0.1"), ("2001:db8::1", "::1")):
        assert world.port.open_rtp_leg(world.listener, towards=towards)[1] == own
    with pytest.raises(UnreachableError):
        make_world().port.open_rtp_leg(world.listener, towards="::1")


async def test_a_name_never_comes_again(world: World) -> None:
    seen: set[LegId] = set()
    for _ in range(20):
        leg = world.rtp()
        assert leg not in seen
        seen.add(leg)
        world.port.close_leg(leg)
        await world.until_closed(leg)


async def test_closed_is_the_last_event_and_never_comes_from_within_the_call(world: World) -> None:
    leg = world.connected_rtp()
    world.port.play(leg, "music", loop=True)
    world.port.close_leg(leg)
    assert not any(isinstance(event, LegClosed) for event in world.of(leg))
    await world.until_closed(leg)
    world.port.play(leg, "music")
    other = world.rtp()
    world.port.close_leg(other)
    await world.until_closed(other)
    assert isinstance(world.of(leg)[-1], LegClosed)
    assert sum(isinstance(event, LegClosed) for event in world.of(leg)) == 1


async def test_listeners_hear_in_the_order_they_came(world: World) -> None:
    heard: list[str] = []
    leg, _, _ = world.port.open_rtp_leg(lambda event: heard.append("edge"))
    world.port.listen(leg, lambda event: heard.append("session"))
    world.port.listen(leg, world.listener)
    world.port.close_leg(leg)
    await world.until_closed(leg)
    assert heard == ["edge", "session"]


COMMANDS: list[Callable[[MediaPort, LegId], None]] = [
    lambda plane, leg: plane.listen(leg, lambda event: None),
    lambda plane, leg: plane.set_rtp_peer(
        leg, RtpPeer(address="127.0.0.1", port=9, codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
    ),
    lambda plane, leg: plane.set_webrtc_peer(leg, WebRtcPeer(codec=Codec.OPUS, payload_type=111, remote_ufrag="them")),
    lambda plane, leg: plane.restart_ice(leg, ufrag="again", pwd=CREDENTIALS["pwd"]),
    lambda plane, leg: plane.set_srtp_keys(
        leg, SrtpKeys(profile="SRTP_AEAD_AES_128_GCM", send=bytes(28), receive=bytes(28))
    ),
    lambda plane, leg: plane.set_video(leg, VIDEO),
    lambda plane, leg: plane.set_video(leg, None),
    lambda plane, leg: plane.send_dtls(leg, b"\x16datagram"),
    lambda plane, leg: plane.send_digits(leg, "12"),
    lambda plane, leg: plane.say_digit(leg, "1", 100),
    lambda plane, leg: plane.set_dtmf_policy(leg, DtmfPolicy.BLOCK),
    lambda plane, leg: plane.play(leg, "music", loop=True),
    lambda plane, leg: plane.stop(leg),
    lambda plane, leg: plane.announce(leg, "busy"),
    lambda plane, leg: plane.unbridge(leg),
    lambda plane, leg: plane.join(plane.name_conference(near=leg), leg),
    lambda plane, leg: plane.leave(leg),
    lambda plane, leg: plane.pause_capture(leg),
    lambda plane, leg: plane.resume_capture(leg),
    lambda plane, leg: plane.stop_capture(leg),
    lambda plane, leg: plane.close_leg(leg),
]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_for_a_leg_that_is_gone_is_dropped(
    world: World, command: Callable[[MediaPort, LegId], None]
) -> None:
    leg = world.rtp()
    world.port.close_leg(leg)
    command(world.port, leg)  # the closing may be under way
    await world.until_closed(leg)
    command(world.port, leg)
    command(world.port, LegId(2**40 + 1))
    assert len(world.of(leg)) == 1


async def test_a_bridge_or_capture_with_a_leg_that_is_gone_is_dropped(world: World, tmp_path: Path) -> None:
    first, second = world.rtp(), world.rtp()
    world.port.close_leg(second)
    await world.until_closed(second)
    world.port.bridge(first, second)
    world.port.bridge(second, first)
    world.port.start_capture(second, first, str(tmp_path / "none.cap"))
    world.port.close_leg(first)
    await world.until_closed(first)
    assert len(world.events) == 2


async def test_a_limit_of_legs_is_told_by_name_and_holds_until_one_closes(make_world: Callable[..., World]) -> None:
    world = make_world(legs_max=3)
    legs = [world.rtp(), world.rtp(), world.port.open_webrtc_leg(world.listener, **CREDENTIALS)[0]]
    with pytest.raises(CapacityError) as refusal:
        world.rtp()
    assert refusal.value.limit == "media.legs_max"
    assert refusal.value.retry_after_s > 0
    with pytest.raises(CapacityError):
        world.port.open_webrtc_leg(world.listener, **CREDENTIALS)
    world.port.close_leg(legs[0])
    await world.until_closed(legs[0])
    world.rtp()


async def test_a_limit_of_ports_is_told_by_name_and_holds_until_one_is_free(make_world: Callable[..., World]) -> None:
    world = make_world(rtp_ports=free_port_range(2))
    legs = [world.rtp(), world.rtp()]
    with pytest.raises(CapacityError) as refusal:
        world.rtp()
    assert refusal.value.limit == "media.rtp_ports"
    world.port.open_webrtc_leg(world.listener, **CREDENTIALS)
    world.port.close_leg(legs[1])
    await world.until_closed(legs[1])
    world.rtp()


async def test_an_unknown_sound_is_refused(world: World) -> None:
    leg = world.rtp()
    with pytest.raises(NotFoundError, match="yodel"):
        world.port.play(leg, "yodel")
    with pytest.raises(NotFoundError, match="yodel"):
        world.port.play(leg, "busy", "yodel", loop=True)
    with pytest.raises(NotFoundError, match="yodel"):
        world.port.announce(leg, "yodel")


@pytest.mark.parametrize("count", [0, 65])
async def test_no_sounds_and_too_many_are_refused(world: World, count: int) -> None:
    leg = world.rtp()
    with pytest.raises(RequestError, match=str(count)):
        world.port.play(leg, *["busy"] * count)
    with pytest.raises(RequestError, match=str(count)):
        world.port.announce(leg, *["busy"] * count)


async def test_a_digit_of_the_signalling_is_reported_and_so_is_that_it_is_blocked(world: World) -> None:
    leg = world.connected_rtp()
    world.port.say_digit(leg, "5", 120)
    world.port.set_dtmf_policy(leg, DtmfPolicy.BLOCK)
    world.port.say_digit(leg, "6", 120)
    expected = [
        DigitReceived(leg=leg, digit="5", duration_ms=120),
        DigitReceived(leg=leg, digit="6", duration_ms=120, blocked=True),
    ]
    await world.until(lambda: world.of(leg) == expected)


async def test_digits_for_the_signalling_come_back_one_by_one(world: World) -> None:
    leg = world.rtp()
    peer = RtpPeer(address="127.0.0.1", port=9, codec=Codec.PCMA, payload_type=8, dtmf=DtmfWay.SIGNALLING)
    world.port.set_rtp_peer(leg, peer)
    world.port.send_digits(leg, "1#", tone_ms=120)
    expected = [DigitDue(leg=leg, digit=digit, duration_ms=120) for digit in "1#"]
    await world.until(lambda: world.of(leg) == expected)


@pytest.mark.parametrize("digits", ["x", "1x", "é"])
async def test_what_is_no_digit_is_refused(world: World, digits: str) -> None:
    leg = world.connected_rtp()
    with pytest.raises(ValueError, match="digit"):
        world.port.send_digits(leg, digits)
    with pytest.raises(ValueError, match="digit"):
        world.port.say_digit(leg, digits, 100)


async def test_a_sound_reports_its_end_once(world: World) -> None:
    leg = world.connected_rtp()
    world.port.play(leg, "busy")
    world.let_sound_end(leg)
    await world.until(lambda: SoundFinished(leg=leg, sound="busy") in world.events)
    world.port.close_leg(leg)
    await world.until_closed(leg)
    assert sum(isinstance(event, SoundFinished) for event in world.events) == 1


async def test_a_replaced_or_stopped_sound_reports_no_end(world: World) -> None:
    replaced, stopped, bridged, marker = (world.connected_rtp() for _ in range(4))
    for leg in (replaced, stopped, bridged):
        world.port.play(leg, "greeting")
    world.port.play(replaced, "music", loop=True)
    world.port.stop(stopped)
    world.port.bridge(bridged, stopped)
    world.port.play(marker, "busy")
    world.let_sound_end(marker)
    await world.until(lambda: SoundFinished(leg=marker, sound="busy") in world.events)
    assert not [event for event in world.events if isinstance(event, SoundFinished) and event.leg != marker]


async def test_several_sounds_report_one_end_with_the_last_name(world: World) -> None:
    leg = world.connected_rtp()
    world.port.play(leg, "busy", "busy", "music")
    for _ in range(3):
        world.let_sound_end(leg)
    await world.until(lambda: any(isinstance(event, SoundFinished) for event in world.events))
    world.port.close_leg(leg)
    await world.until_closed(leg)
    assert [event for event in world.events if isinstance(event, SoundFinished)] == [
        SoundFinished(leg=leg, sound="music")
    ]


@pytest.mark.parametrize("background", list(Background))
@pytest.mark.parametrize("beneath", ["music", "bridge", "conference", "nothing"])
async def test_an_announcement_reports_its_end_once(world: World, background: Background, beneath: str) -> None:
    leg, other = world.connected_rtp(), world.connected_rtp()
    if beneath == "music":
        world.port.play(leg, "music", loop=True)
    elif beneath == "bridge":
        world.port.bridge(leg, other)
    elif beneath == "conference":
        conference = world.port.name_conference(near=leg)
        for member in (leg, other, world.connected_rtp()):
            world.port.join(conference, member)
    world.port.announce(leg, "busy", "busy", background=background)
    world.let_announcement_end(leg)
    finished = AnnouncementFinished(leg=leg, sound="busy")
    await world.until(lambda: finished in world.events)
    world.port.announce(leg, "busy")  # and the leg can hear another one
    world.let_announcement_end(leg)
    await world.until(lambda: world.events.count(finished) == 2)
    world.port.close_leg(leg)
    await world.until_closed(leg)
    assert not [event for event in world.events if isinstance(event, SoundFinished)]


async def test_a_replaced_or_interrupted_announcement_reports_no_end(world: World) -> None:
    replaced, stopped, played, bridged, joined, marker = (world.connected_rtp() for _ in range(6))
    for leg in (replaced, stopped, played, bridged, joined):
        world.port.announce(leg, "greeting")
    world.port.announce(replaced, "busy")
    world.port.stop(stopped)
    world.port.play(played, "music", loop=True)
    world.port.bridge(bridged, stopped)
    world.port.join(world.port.name_conference(near=joined), joined)
    world.port.announce(marker, "music")
    world.let_announcement_end(replaced)
    world.let_announcement_end(marker)
    await world.until(lambda: AnnouncementFinished(leg=marker, sound="music") in world.events)
    assert [event for event in world.events if event.leg != marker] == [
        AnnouncementFinished(leg=replaced, sound="busy")
    ]


async def test_names_of_conferences_never_come_again(world: World) -> None:
    leg = world.rtp()
    assert len({world.port.name_conference(near=leg) for _ in range(20)} | {world.port.name_conference()}) == 21


async def test_a_conference_is_full_with_32_and_has_room_when_one_goes(make_world: Callable[..., World]) -> None:
    world = make_world(legs_max=40)
    conference, other = world.port.name_conference(), world.port.name_conference()
    legs = [world.rtp() for _ in range(38)]
    for leg in legs[:32]:
        world.port.join(conference, leg)

    def assert_full() -> None:
        with pytest.raises(CapacityError) as refusal:
            world.port.join(conference, legs[32])
        assert refusal.value.limit == "conference members"

    assert_full()
    world.port.join(conference, legs[0], heard_by=[])  # who is in it may change
    world.port.join(other, legs[33])  # another one has room
    leaving: list[Callable[[], None]] = [
        lambda: world.port.leave(legs[0]),
        lambda: world.port.close_leg(legs[1]),
        lambda: world.port.unbridge(legs[2]),
        lambda: world.port.join(other, legs[3]),
        lambda: world.port.bridge(legs[4], legs[3]),
    ]
    for newcomer, leave in zip((legs[32], *legs[34:38]), leaving, strict=True):
        leave()
        world.port.join(conference, newcomer)
        with pytest.raises(CapacityError):
            world.port.join(conference, legs[33])


async def test_who_is_gone_takes_no_place_in_a_conference(world: World) -> None:
    conference = world.port.name_conference()
    for _ in range(40):
        leg = world.rtp()
        world.port.close_leg(leg)
        world.port.join(conference, leg)
        await world.until_closed(leg)
        world.port.join(conference, leg)
    world.port.join(conference, world.rtp())


async def test_members_may_go_in_any_order(world: World) -> None:
    conference: ConferenceId = world.port.name_conference()
    legs = [world.connected_rtp() for _ in range(5)]
    for leg in legs:
        world.port.join(conference, leg, heard_by=None if leg != legs[3] else [legs[0]])
    for leg in (legs[2], legs[0], legs[4], legs[3], legs[1]):
        world.port.close_leg(leg)
        await world.until_closed(leg)
    assert [type(event) for event in world.events] == [LegClosed] * 5


async def test_a_capture_ends_with_its_event(world: World, tmp_path: Path) -> None:
    left, right = world.connected_rtp(), world.connected_rtp()
    path = str(tmp_path / "one.cap")
    world.port.start_capture(left, right, path)
    world.port.pause_capture(left)
    world.port.resume_capture(left)
    world.port.stop_capture(left)
    await world.until(lambda: any(isinstance(event, CaptureFinished) for event in world.events))
    (finished,) = [event for event in world.events if isinstance(event, CaptureFinished)]
    assert (finished.leg, finished.path, finished.frames_dropped, finished.error) == (left, path, 0, "")


async def test_a_capture_that_has_no_place_fails_at_once_and_the_legs_go_on(world: World, tmp_path: Path) -> None:
    left, right = world.connected_rtp(), world.connected_rtp()
    path = str(tmp_path / "no such folder" / "one.cap")
    world.port.start_capture(left, right, path)
    await world.until(lambda: any(isinstance(event, CaptureFailed) for event in world.of(left)))
    world.port.bridge(left, right)
    world.port.stop_capture(left)
    await world.until(lambda: any(isinstance(event, CaptureFinished) for event in world.of(left)))
    told = [event for event in world.of(left) if isinstance(event, CaptureFailed | CaptureFinished)]
    assert [(type(event), event.path, event.error) for event in told] == [
        (CaptureFailed, path, os.strerror(errno.ENOENT)),
        (CaptureFinished, path, os.strerror(errno.ENOENT)),
    ]


async def test_closing_the_left_leg_finishes_its_capture(world: World, tmp_path: Path) -> None:
    left, right = world.rtp(), world.rtp()
    world.port.start_capture(left, right, str(tmp_path / "two.cap"))
    world.port.close_leg(left)
    await world.until(lambda: {type(event) for event in world.of(left)} == {CaptureFinished, LegClosed})
    assert len(world.of(left)) == 2


async def test_closing_the_right_leg_leaves_the_capture_running(world: World, tmp_path: Path) -> None:
    left, right = world.rtp(), world.rtp()
    world.port.start_capture(left, right, str(tmp_path / "three.cap"))
    world.port.close_leg(right)
    await world.until_closed(right)
    assert world.of(left) == []
    world.port.stop_capture(left)
    await world.until(lambda: any(isinstance(event, CaptureFinished) for event in world.of(left)))


async def test_a_second_capture_finishes_the_first(world: World, tmp_path: Path) -> None:
    left, right = world.rtp(), world.rtp()
    paths = [str(tmp_path / "a.cap"), str(tmp_path / "b.cap")]
    for path in paths:
        world.port.start_capture(left, right, path)
    world.port.stop_capture(left)
    await world.until(lambda: len(world.of(left)) == 2)
    assert [event.path for event in world.of(left) if isinstance(event, CaptureFinished)] == paths


async def test_closing_the_plane_closes_its_legs(world: World, tmp_path: Path) -> None:
    legs = [world.rtp(), world.connected_rtp(), world.port.open_webrtc_leg(world.listener, **CREDENTIALS)[0]]
    world.port.start_capture(legs[0], legs[1], str(tmp_path / "four.cap"))
    await world.close()
    assert {event.leg for event in world.events if isinstance(event, LegClosed)} == set(legs)
    assert any(isinstance(event, CaptureFinished) for event in world.of(legs[0]))
    await world.close()


async def test_pictures_are_taken_changed_and_given_up_at_any_time(world: World) -> None:
    leg, _ = world.port.open_webrtc_leg(world.listener, **CREDENTIALS)
    world.port.set_video(leg, None)
    for video in (VIDEO, msgspec.structs.replace(VIDEO, send=False, receive=False), None, VIDEO):
        world.port.set_video(leg, video)
    world.port.close_leg(leg)
    await world.until_closed(leg)
    (closed,) = world.of(leg)
    assert isinstance(closed, LegClosed)
    assert closed.statistics.video == VideoStatistics()
