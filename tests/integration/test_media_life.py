"""The media plane leaves nothing behind: file descriptors, threads, memory, ports, listeners."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from pathlib import Path

import pytest

from gateway.media import MediaPlane
from gateway.model.errors import CapacityError, InternalError, PeerError, RequestError
from gateway.model.ids import Codec, LegId
from gateway.model.media import LegClosed, MediaEvent, MediaListener, RtpPeer, SrtpKeys, WebRtcPeer
from tests.support.media_world import MediaWorld

KEYS = SrtpKeys(profile="SRTP_AEAD_AES_128_GCM", send=bytes(28), receive=bytes(28))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def native_threads() -> int:
    """Threads of media planes, by their names: other libraries' threads come and go."""
    names = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            names.append((task / "comm").read_text().strip())
    return sum(name == "capture" or name.startswith("media-") for name in names)


def resident_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError


def open_and_close(plane: MediaPlane, listener: MediaListener) -> None:
    """A telephone and a browser in a mixed bridge, ended in the middle of it."""
    phone, _, _ = plane.open_rtp_leg(listener)
    browser, _ = plane.open_webrtc_leg(listener, ufrag="ours", pwd="a long enough password", near=phone)
    plane.set_rtp_peer(phone, RtpPeer(address="127.0.0.1", port=9, codec=Codec.PCMA, payload_type=8))
    plane.set_webrtc_peer(browser, WebRtcPeer(codec=Codec.OPUS, payload_type=111, remote_ufrag="them"))
    plane.set_srtp_keys(browser, KEYS)
    plane.bridge(phone, browser)
    plane.close_leg(phone)
    plane.close_leg(browser)


async def cycles(plane: MediaPlane, count: int) -> None:
    closed = asyncio.Semaphore(0)

    def listener(event: MediaEvent) -> None:
        if isinstance(event, LegClosed):
            closed.release()

    async with asyncio.timeout(60):
        for _ in range(count // 20):
            for _ in range(20):
                open_and_close(plane, listener)
            for _ in range(40):
                await closed.acquire()
    assert plane._legs == {}


async def test_a_thousand_calls_leave_nothing_behind() -> None:
    world = MediaWorld()
    try:
        await cycles(world.plane, 300)  # allocators and caches have settled by then
        gc.collect()
        before = descriptors(), native_threads(), resident_kib()
        await cycles(world.plane, 1000)
        gc.collect()
        after = descriptors(), native_threads(), resident_kib()
        assert after[:2] == before[:2]
        assert after[2] - before[2] < 4096, f"{after[2] - before[2]} KiB more than before"
        assert [counted.legs for counted in world.plane.statistics()] == [0]
    finally:
        await world.close()


async def test_planes_come_and_go() -> None:
    loop = asyncio.get_running_loop()

    async def once() -> None:
        plane = MediaPlane(rtp_ports=(44000, 45599), threads=3)
        plane.start(loop)
        open_and_close(plane, lambda event: None)
        await plane.close()

    await once()
    gc.collect()
    before = descriptors(), native_threads()
    for _ in range(20):
        await once()
    gc.collect()
    assert (descriptors(), native_threads()) == before


async def test_a_plane_that_cannot_bind_says_what_and_leaves_nothing() -> None:
    plane = MediaPlane(rtp_ports=(44000, 45599))
    taken = plane.webrtc_addresses[0][1]
    before = descriptors(), native_threads()
    with pytest.raises(InternalError, match=f"port {taken} .*in use"):
        MediaPlane(rtp_ports=(44000, 45599), webrtc_port=taken)
    with pytest.raises(InternalError, match="no IPv4 or IPv6 address"):
        MediaPlane(addresses=["localhost"])
    assert (descriptors(), native_threads()) == before
    await plane.close()


async def test_a_plane_forgotten_without_close_ends_its_threads() -> None:
    before = native_threads()
    plane = MediaPlane(rtp_ports=(44000, 45599))
    assert native_threads() == before + 2  # one for media, one writes captures
    del plane
    gc.collect()
    assert native_threads() == before


async def test_legs_of_a_bridge_are_opened_on_one_thread() -> None:
    world = MediaWorld(threads=2)
    try:
        first, _ = world.phone()
        second, _ = world.phone()
        third, _ = world.phone(near=first)
        with pytest.raises(RequestError, match="near"):
            world.plane.bridge(first, second)
        world.plane.bridge(first, third)
        assert len(world.plane.webrtc_addresses) == 2
        leg, browser = world.open_browser(near=second)
        assert browser.to in world.plane.webrtc_addresses
        await world.close_leg(leg)
    finally:
        await world.close()


async def test_an_address_that_is_none_is_the_peers_fault() -> None:
    world = MediaWorld()
    try:
        leg, _ = world.phone(negotiate=False)
        for address, port in (("example.org", 4000), ("::1", 4000), ("127.0.0.1", 0), ("127.0.0.1", 65536)):
            with pytest.raises(PeerError):
                world.plane.set_rtp_peer(leg, RtpPeer(address=address, port=port, codec=Codec.PCMA, payload_type=8))
    finally:
        await world.close()


async def test_a_flood_of_commands_is_refused_by_name_and_closing_never_is() -> None:
    world = MediaWorld(commands_max=1)
    try:
        leg, _, _ = world.plane.open_rtp_leg(world.listener)

        def flood() -> None:
            for _ in range(2_000_000):
                world.plane.send_dtls(leg, b"\x16")

        with pytest.raises(CapacityError) as refusal:
            flood()
        assert refusal.value.limit == "media.commands_max"
        await world.close_leg(leg)
    finally:
        await world.close()


async def test_a_listener_that_fails_does_not_keep_events_from_others(caplog: pytest.LogCaptureFixture) -> None:
    world = MediaWorld()
    try:
        leg, _, _ = world.plane.open_rtp_leg(lambda event: 1 / 0)  # type: ignore[arg-type,return-value]
        world.plane.listen(leg, world.listener)
        await world.close_leg(leg)
        assert "listener" in caplog.text
    finally:
        await world.close()


async def test_the_public_address_is_what_the_other_side_is_told() -> None:
    plane = MediaPlane(rtp_ports=(44000, 45599), public_addresses=["192.0.2.7"])
    try:
        _, address, _ = plane.open_rtp_leg(lambda event: None)
        _, candidates = plane.open_webrtc_leg(lambda event: None, ufrag="ours", pwd="a long enough password")
        assert {address, candidates[0][0], plane.webrtc_addresses[0][0]} == {"192.0.2.7"}
    finally:
        await plane.close()


async def test_ipv6_works_too() -> None:
    world = MediaWorld(addresses=["::1"])
    try:
        leg, _, port = world.plane.open_rtp_leg(world.listener)
        world.plane.set_rtp_peer(leg, RtpPeer(address="::1", port=port, codec=Codec.PCMA, payload_type=8))
        closed = await world.close_leg(LegId(leg))
        assert closed.statistics.packets_dropped == 0
    finally:
        await world.close()
