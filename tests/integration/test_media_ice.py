"""ICE on the plane's browser ports: restarts that keep the sound, several addresses, IPv4 and IPv6 side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.media import MediaPlane
from gateway.media.addresses import expand, told
from gateway.model.errors import InternalError, UnreachableError
from gateway.model.ids import Codec, LegId
from gateway.model.media import ConsentLost, DtlsReceived, IceConnected, RtpPeer, WebRtcPeer
from tests.support.media_peers import Browser, Phone, StunResponse, stun_request
from tests.support.media_world import MediaWorld, sound_flows
from tests.support.ports import free_port_range

NEW_UFRAG, NEW_PWD = "afterwards", "the password after the restart"


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    running = MediaWorld()
    yield running
    await running.close()


def restart(
    world: MediaWorld, leg: LegId, browser: Browser, *, ufrag: str = NEW_UFRAG, remote_ufrag: str = "them2"
) -> None:
    world.plane.restart_ice(leg, ufrag=ufrag, pwd=NEW_PWD)
    peer = WebRtcPeer(
        codec=Codec.PCMA, payload_type=8, dtmf_payload_type=126, remote_ufrag=remote_ufrag, remote_pwd=browser.pwd
    )
    world.plane.set_webrtc_peer(leg, peer)


async def answer(browser: Browser, request: bytes, pwd: str) -> StunResponse:
    seen = len(browser.stun)
    browser.socket.sendto(request, browser.to)
    await browser.until(lambda: len(browser.stun) > seen, "an answer to the check")
    return StunResponse.parse(browser.stun[-1], None if pwd == "" else pwd)


async def test_a_restart_keeps_keys_and_sound(world: MediaWorld) -> None:
    phone_leg, phone = world.phone(Codec.PCMA)
    leg, browser = await world.browser(Codec.PCMA)
    world.plane.bridge(phone_leg, leg)
    await sound_flows(phone, browser, 1)
    restart(world, leg, browser)
    # The way in use holds until another one is nominated, and so does consent under the credentials of before.
    await browser.connect()
    await sound_flows(phone, browser, 2)
    moved = world.moved(browser)
    moved.server_ufrag, moved.server_pwd, moved.ufrag = NEW_UFRAG, NEW_PWD, "them2"
    moved.check()
    await moved.until(lambda: bool(moved.stun), "an answer to the check")
    await sound_flows(phone, browser, 3)
    await moved.connect()
    event = await world.event(leg, IceConnected, 2)
    assert (event.address, event.port) == (moved.host, moved.port)
    moved.sequence, moved.timestamp = browser.sequence, browser.timestamp
    await sound_flows(phone, moved, 4)
    # It is complete: the credentials of before are worth nothing.
    old = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd)
    assert (await answer(browser, old, "")).error == 401
    closed = await world.close_leg(leg)
    assert closed.statistics.packets_rejected == 0
    assert closed.statistics.packets_received == 4
    assert closed.statistics.packets_lost == 0


async def test_a_restart_that_is_superseded_leaves_the_first_way_as_it_is(world: MediaWorld) -> None:
    leg, browser = await world.browser(Codec.PCMA)
    restart(world, leg, browser, ufrag="never used", remote_ufrag="them1")
    restart(world, leg, browser)
    for ufrag, remote, code in (("never used", "them1", 401), (NEW_UFRAG, "them1", 401), (NEW_UFRAG, "them2", None)):
        request = stun_request(f"{ufrag}:{remote}", NEW_PWD)
        assert (await answer(browser, request, NEW_PWD if code is None else "")).error == code
    await browser.connect()
    assert len(world.events_of(leg, IceConnected)) == 1
    await answer(browser, stun_request(f"{NEW_UFRAG}:them2", NEW_PWD, use_candidate=True), NEW_PWD)
    old = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd)
    assert (await answer(browser, old, "")).error == 401


async def test_a_restart_before_any_pair_was_nominated(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    world.plane.set_webrtc_peer(leg, WebRtcPeer(codec=Codec.PCMA, payload_type=8, remote_ufrag="them"))
    restart(world, leg, browser)
    # What the browser sent before it heard of the restart is still on its way.
    browser.check()
    await browser.until(lambda: bool(browser.stun))
    browser.server_ufrag, browser.server_pwd, browser.ufrag = NEW_UFRAG, NEW_PWD, "them2"
    await browser.connect()
    await world.event(leg, IceConnected)


async def test_a_restart_after_consent_was_lost_brings_the_browser_back() -> None:
    world = MediaWorld(consent_ms=700)  # waited for once, and long enough that what follows a check at once is in time
    try:
        leg, browser = await world.browser(Codec.PCMA)
        await world.event(leg, ConsentLost)
        restart(world, leg, browser)
        browser.server_ufrag, browser.server_pwd, browser.ufrag = NEW_UFRAG, NEW_PWD, "them2"
        await browser.connect()
        await world.event(leg, IceConnected, 2)
        world.plane.send_dtls(leg, b"\x16 back")
        await browser.until(lambda: browser.dtls == [b"\x16 back"])
    finally:
        await world.close()


async def test_many_restarts_leave_nothing_behind(world: MediaWorld) -> None:
    leg, browser = await world.browser(Codec.PCMA)
    for number in range(300):
        restart(world, leg, browser, ufrag=f"number{number}")
        if number % 3 == 0:
            await answer(browser, stun_request(f"number{number}:them2", NEW_PWD, use_candidate=True), NEW_PWD)
    await world.close_leg(leg)
    assert (await answer(browser, stun_request("number299:them2", NEW_PWD), "")).error == 401


# --- addresses --------------------------------------------------------------------------------------------------------


async def test_each_address_has_a_port_and_answers_from_it() -> None:
    world = MediaWorld(addresses=["127.0.0.1", "::1", "127.0.0.2"])
    try:
        leg, addresses = world.plane.open_webrtc_leg(world.listener, ufrag="usus", pwd=NEW_PWD)
        assert [address for address, _ in addresses] == ["127.0.0.1", "::1", "127.0.0.2"]
        world.plane.set_webrtc_peer(leg, WebRtcPeer(codec=Codec.PCMA, payload_type=8, remote_ufrag="them"))
        for number, (address, port) in enumerate(addresses, 1):
            browser: Browser = Browser.open("::1" if ":" in address else "127.0.0.1")
            world.peers.append(browser)
            browser.to, browser.server_pwd = (address, port), NEW_PWD
            # Only what comes from the address that was asked reaches a connected socket.
            browser.socket.connect(browser.to)
            browser.socket.send(stun_request("usus:them", NEW_PWD, use_candidate=True))
            await browser.until(lambda browser=browser: bool(browser.stun), f"an answer from {address}")  # type: ignore[misc]
            assert StunResponse.parse(browser.stun[0], NEW_PWD).kind == 0x0101
            await world.event(leg, IceConnected, number)
            world.plane.send_dtls(leg, b"\x16 %d" % number)
            await browser.until(lambda browser=browser: bool(browser.dtls), f"DTLS from {address}")  # type: ignore[misc]
            browser.socket.send(b"\x16 from you %d" % number)
            assert (await world.event(leg, DtlsReceived, number)).datagram == b"\x16 from you %d" % number
    finally:
        await world.close()


async def test_one_source_at_two_of_our_addresses_is_two_paths() -> None:
    """A browser's socket may reach both; which pair it nominates decides where our packets leave."""
    world = MediaWorld(addresses=["127.0.0.1", "127.0.0.2"])
    try:
        leg, browser = world.open_browser()
        world.plane.set_webrtc_peer(leg, WebRtcPeer(codec=Codec.PCMA, payload_type=8, remote_ufrag="them"))
        first, second = world.plane.webrtc_addresses
        for number, address in enumerate((first, second, first), 1):
            browser.to = address
            await browser.connect()
            await world.event(leg, IceConnected, number)
            world.plane.send_dtls(leg, b"\x16 whence")
            await browser.until(lambda number=number: len(browser.dtls) == number)  # type: ignore[misc]
            assert browser.source == address
    finally:
        await world.close()


async def test_a_telephone_leg_is_of_its_carriers_family() -> None:
    world = MediaWorld(addresses=["127.0.0.1", "::1"])
    try:
        for towards, own in (("192.0.2.1", "127.0.0.1"), ("2001:db8::1", "::1"), (None, "127.0.0.1")):
            assert world.plane.open_rtp_leg(world.listener, towards=towards)[1] == own
        leg, _, port = world.plane.open_rtp_leg(world.listener, towards="::1")
        with pytest.raises(UnreachableError):
            world.plane.set_rtp_peer(leg, RtpPeer(address="127.0.0.1", port=9, codec=Codec.PCMA, payload_type=8))
        phone: Phone = Phone.open("::1")
        world.peers.append(phone)
        phone.to = ("::1", port)
        world.plane.set_rtp_peer(leg, RtpPeer(address="::1", port=phone.port, codec=Codec.PCMA, payload_type=8))
        await phone.until(lambda: bool(phone.packets), "silence over IPv6")
    finally:
        await world.close()


async def test_a_telephone_leg_without_a_public_address_behind_it_is_told_its_own() -> None:
    """A socket of one family is worth nothing under an address of another."""
    world = MediaWorld(addresses=["127.0.0.1", "::1"], public_addresses=["203.0.113.1"])
    try:
        for towards, own in (("192.0.2.1", "203.0.113.1"), ("2001:db8::1", "::1")):
            assert world.plane.open_rtp_leg(world.listener, towards=towards)[1] == own
    finally:
        await world.close()


async def test_a_family_that_we_do_not_have_is_told(world: MediaWorld) -> None:
    with pytest.raises(UnreachableError, match="2001:db8::1"):
        world.plane.open_rtp_leg(world.listener, towards="2001:db8::1")


async def test_threads_share_addresses_and_count_up_ports() -> None:
    first, second = free_port_range(1)
    world = MediaWorld(addresses=["127.0.0.1", "::1"], threads=2, webrtc_port=first)
    try:
        assert world.plane.webrtc_addresses == [
            ("127.0.0.1", first),
            ("::1", first),
            ("127.0.0.1", second),
            ("::1", second),
        ]
    finally:
        await world.close()


async def test_the_wildcard_becomes_what_the_machine_has() -> None:
    world = MediaWorld(addresses=["0.0.0.0"], public_addresses=["203.0.113.9"])
    try:
        assert {address for address, _ in world.plane.webrtc_addresses} == {"203.0.113.9"}
    finally:
        await world.close()
    with pytest.raises(InternalError, match="no IPv6 address behind"):
        MediaPlane(addresses=["127.0.0.1"], public_addresses=["2001:db8::1"])


def test_wildcards_expand_once() -> None:
    def machine(ipv6: bool) -> list[str]:
        return ["2001:db8::5"] if ipv6 else ["10.0.0.5", "10.0.1.5"]

    assert expand(["::", "0.0.0.0"], machine) == ["2001:db8::5", "10.0.0.5", "10.0.1.5"]
    assert expand(["10.0.1.5", "0.0.0.0"], machine) == ["10.0.1.5", "10.0.0.5"]
    with pytest.raises(ValueError, match="no address for ::"):
        expand(["::"], lambda ipv6: [])


def test_public_addresses_stand_for_those_behind_them() -> None:
    bound = ["10.0.0.5", "2001:db8::5", "10.0.1.5"]
    assert told(bound, []) == [("10.0.0.5", 0), ("2001:db8::5", 1), ("10.0.1.5", 2)]
    assert told(bound, ["203.0.113.1", "203.0.113.2", "203.0.113.3", "2001:db8::1"]) == [
        ("203.0.113.1", 0),
        ("203.0.113.2", 2),
        ("203.0.113.3", 2),
        ("2001:db8::1", 1),
    ]
    assert told(bound, ["203.0.113.1", "10.0.0.5"]) == [("203.0.113.1", 0), ("10.0.0.5", 0)]
