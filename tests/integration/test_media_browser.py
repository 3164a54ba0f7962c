"""The media plane's browser port: ICE-lite checks good and forged, DTLS, consent, and SRTP against pylibsrtp."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import AsyncIterator

import pytest

from gateway.media._stages import dtmf_packets
from gateway.model.errors import RequestError
from gateway.model.ids import Codec, LegId
from gateway.model.media import (
    ConsentLost,
    DigitReceived,
    DtlsReceived,
    IceConnected,
    MediaStarted,
    SrtpKeys,
    WebRtcPeer,
)
from tests.support.media_peers import PROFILES, Browser, Rtp, StunResponse, stun_request
from tests.support.media_world import OPUS, PCMA, MediaWorld

SUCCESS, ERROR = 0x0101, 0x0111
CONSENT_MS = 700
"""Waited for once, and long enough that what follows a check at once is in time."""


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


async def answer(browser: Browser, request: bytes, password: str | None = None) -> StunResponse:
    seen = len(browser.stun)
    browser.socket.sendto(request, browser.to)
    await browser.until(lambda: len(browser.stun) > seen, "an answer")
    response = StunResponse.parse(browser.stun[-1], password)
    assert response.transaction == request[8:20]
    return response


async def assert_silence(world: MediaWorld, browser: Browser, request: bytes) -> None:
    """Nothing comes back: what follows is answered first."""
    seen = len(browser.stun)
    browser.socket.sendto(request, browser.to)
    marker = stun_request("nobody:x", "y")
    browser.socket.sendto(marker, browser.to)
    await browser.until(lambda: len(browser.stun) > seen)
    assert [datagram[8:20] for datagram in browser.stun[seen:]] == [marker[8:20]]


def tell_peer(world: MediaWorld, leg: LegId, codec: Codec = Codec.OPUS) -> None:
    payload_type = OPUS if codec is Codec.OPUS else PCMA
    world.plane.set_webrtc_peer(leg, WebRtcPeer(codec=codec, payload_type=payload_type, remote_ufrag="them"))


# --- ICE --------------------------------------------------------------------------------------------------------------


async def test_a_right_check_is_answered_with_the_address_it_came_from(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    response = await answer(
        browser, stun_request(f"{browser.server_ufrag}:them", browser.server_pwd), browser.server_pwd
    )
    assert response.kind == SUCCESS
    assert 0x0008 in response.attributes
    assert response.mapped == (browser.host, browser.port)
    assert world.events == []


async def test_a_nomination_connects_once(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    for _ in range(3):
        await browser.connect()
    await world.event(leg, IceConnected)
    assert world.events == [IceConnected(leg=leg, address=browser.host, port=browser.port)]


async def test_a_check_may_overtake_the_signalling(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    response = await answer(browser, stun_request(f"{browser.server_ufrag}:them", browser.server_pwd))
    assert response.kind == SUCCESS
    tell_peer(world, leg)
    response = await answer(browser, stun_request(f"{browser.server_ufrag}:others", browser.server_pwd))
    assert response.error == 401


@pytest.mark.parametrize(
    ("username", "password", "error"),
    [
        ("{ours}:them", "a wrong password of somebody", 401),
        ("{ours}:wrong", None, 401),
        ("unknown:them", None, 401),
        ("{ours}", None, 401),
        (":", None, 401),
        ("{ours}:them", "", 400),
        ("", None, 400),
    ],
)
async def test_a_wrong_check_is_refused_and_verifies_nothing(
    world: MediaWorld, username: str, password: str | None, error: int
) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    name = username.format(ours=browser.server_ufrag) or None
    key = {None: browser.server_pwd, "": None}.get(password, password)
    response = await answer(browser, stun_request(name, key, use_candidate=True))
    assert (response.kind, response.error) == (ERROR, error)
    assert 0x0008 not in response.attributes
    browser.socket.sendto(b"\x16 no hello", browser.to)
    await assert_silence(world, browser, b"\x14 nothing")
    assert world.events == []


async def test_two_controlled_agents_are_a_role_conflict(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    request = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd, controlled=True)
    assert (await answer(browser, request, browser.server_pwd)).error == 487


async def test_an_unknown_mandatory_attribute_is_named(world: MediaWorld) -> None:
    _, browser = world.open_browser()
    extra = struct.pack("!HHI", 0x7777, 4, 0) + struct.pack("!HHI", 0xC057, 4, 0)
    request = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd, extra=extra)
    response = await answer(browser, request, browser.server_pwd)
    assert response.error == 420
    assert response.attributes[0x000A] == b"\x77\x77"


async def test_what_is_no_proper_check_gets_no_answer(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    good = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd, use_candidate=True)
    without = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd, use_candidate=True, fingerprint=False)
    wrong_crc = good[:-1] + bytes([good[-1] ^ 1])
    for datagram in (without, wrong_crc, good[:-4], good + b"\0\0\0\0", b"\0\1", b"\0\1\0\0" + bytes(16)):
        await assert_silence(world, browser, datagram)
    assert world.events == []


async def test_each_damaged_octet_of_a_check_is_noticed(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    good = stun_request(f"{browser.server_ufrag}:them", browser.server_pwd, use_candidate=True)
    for at in range(len(good)):
        browser.socket.sendto(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :], browser.to)
    await assert_silence(world, browser, b"\0\1")
    assert world.events == []


async def test_dtls_goes_up_from_a_verified_address_only(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    forger: Browser = Browser.open()
    world.peers.append(forger)
    forger.socket.sendto(b"\x16 forged", browser.to)
    browser.socket.sendto(b"\x16 too early", browser.to)
    await browser.connect()
    forger.socket.sendto(b"\x16 forged again", browser.to)
    browser.socket.sendto(b"\x16 hello", browser.to)
    assert (await world.event(leg, DtlsReceived)).datagram == b"\x16 hello"
    world.plane.send_dtls(leg, b"\x16 hello from us")
    await browser.until(lambda: browser.dtls == [b"\x16 hello from us"])
    assert len(world.events_of(leg, DtlsReceived)) == 1
    assert world.plane.statistics()[0].rejected == 3


async def test_a_browser_that_moves_is_followed(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    await browser.connect()
    moved: Browser = Browser.open()
    world.peers.append(moved)
    moved.to, moved.server_ufrag = browser.to, browser.server_ufrag
    moved.check()
    await moved.until(lambda: bool(moved.stun))
    world.plane.send_dtls(leg, b"\x16 to the nominated")
    await browser.until(lambda: bool(browser.dtls))
    await moved.connect()
    event = await world.event(leg, IceConnected, 2)
    assert (event.address, event.port) == (moved.host, moved.port)
    world.plane.send_dtls(leg, b"\x16 to the new one")
    await moved.until(lambda: moved.dtls == [b"\x16 to the new one"])


async def test_consent_is_lost_in_silence_and_nothing_is_sent_until_it_returns() -> None:
    world = MediaWorld(consent_ms=CONSENT_MS)
    try:
        leg, browser = await world.browser(Codec.PCMA)
        await world.event(leg, ConsentLost)
        browser.socket.sendto(b"\x16 stranger by now", browser.to)
        world.plane.send_dtls(leg, b"\x16 nobody")
        await browser.connect()
        await world.event(leg, IceConnected, 2)
        world.plane.send_dtls(leg, b"\x16 back")
        await browser.until(lambda: bool(browser.dtls))
        assert browser.dtls == [b"\x16 back"]
        assert world.events_of(leg, DtlsReceived) == []
    finally:
        await world.close()


async def test_two_browsers_on_one_port_do_not_meet(world: MediaWorld) -> None:
    first, one = world.open_browser()
    second, two = world.open_browser()
    assert one.to == two.to
    for leg, browser in ((first, one), (second, two)):
        tell_peer(world, leg)
        await browser.connect()
    one.socket.sendto(b"\x16 one", one.to)
    two.socket.sendto(b"\x16 two", two.to)
    assert (await world.event(first, DtlsReceived)).datagram == b"\x16 one"
    assert (await world.event(second, DtlsReceived)).datagram == b"\x16 two"
    await world.close_leg(first)
    one.socket.sendto(b"\x16 late", one.to)
    assert (await answer(one, stun_request(f"{one.server_ufrag}:them", one.server_pwd))).error == 401


async def test_a_flood_of_dtls_is_cut(world: MediaWorld) -> None:
    leg, browser = world.open_browser()
    tell_peer(world, leg)
    await browser.connect()
    began_s = time.monotonic()
    for _ in range(100):
        for _ in range(20):
            browser.socket.sendto(b"\x17 flood", browser.to)
        seen = len(browser.stun)
        browser.check()
        await browser.until(lambda seen=seen: len(browser.stun) > seen)  # type: ignore[misc]
    closed = await world.close_leg(leg)
    raised = len(world.events_of(leg, DtlsReceived))
    # So many a second; one of the first second was for the nomination.
    assert 499 <= raised <= min(1999, 500 * (2 + time.monotonic() - began_s))
    assert raised + closed.statistics.packets_dropped == 2000


# --- SRTP -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
async def test_srtp_both_ways(world: MediaWorld, profile: str) -> None:
    phone_leg, phone = world.phone(Codec.PCMA)
    leg, browser = await world.browser(Codec.PCMA, profile=profile)
    world.plane.bridge(phone_leg, leg)
    sent = [bytes([i + 1]) * 160 for i in range(20)]
    for payload in sent:
        browser.send(payload, PCMA, ticks=160)
        phone.send(payload[::-1])
    await browser.until(lambda: len(browser.packets) >= 20)
    assert browser.payloads(PCMA) == sent
    await phone.until(lambda: set(sent) <= set(phone.payloads(PCMA)))
    await world.event(leg, MediaStarted)
    assert browser.unreadable == 0
    closed = await world.close_leg(leg)
    await browser.until(lambda: bool(browser.reports), "a goodbye that we can read")
    assert (closed.statistics.packets_rejected, closed.statistics.packets_sent) == (0, len(browser.packets))


async def test_opus_between_two_browsers_is_relayed(world: MediaWorld) -> None:
    first, one = await world.browser()
    second, two = await world.browser()
    world.plane.bridge(first, second)
    sent = [os.urandom(40 + i) for i in range(20)]
    for payload in sent:
        one.send(payload)
    await two.until(lambda: len(two.packets) >= 20)
    assert two.payloads(OPUS) == sent
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(two.packets, two.packets[1:], strict=False)} == {
        960
    }


async def test_nothing_flows_before_the_keys(world: MediaWorld) -> None:
    phone_leg, phone = world.phone(Codec.PCMA)
    leg, browser = world.open_browser()
    tell_peer(world, leg, Codec.PCMA)
    await browser.connect()
    world.plane.bridge(phone_leg, leg)
    phone.send(b"1" * 160)
    browser.key("SRTP_AEAD_AES_128_GCM")
    browser.send(b"2" * 160, PCMA, ticks=160)
    await phone.until(lambda: len(phone.packets) > 3)
    world.plane.set_srtp_keys(
        leg, SrtpKeys(profile="SRTP_AEAD_AES_128_GCM", send=browser.receive_key, receive=browser.send_key)
    )
    browser.send(b"3" * 160, PCMA, ticks=160)
    await phone.until(lambda: b"3" * 160 in phone.payloads(PCMA))
    assert b"2" * 160 not in phone.payloads(PCMA)
    assert browser.packets == []


async def test_forged_and_replayed_packets_go_nowhere(world: MediaWorld) -> None:
    phone_leg, phone = world.phone(Codec.PCMA)
    leg, browser = await world.browser(Codec.PCMA)
    world.plane.bridge(phone_leg, leg)
    assert browser._out is not None
    rtp = browser.send(b"1" * 160, PCMA, ticks=160)
    packet = browser._out.protect(
        struct.pack("!BBHII", 0x80, PCMA, rtp.sequence + 1, rtp.timestamp + 160, rtp.ssrc) + b"2" * 160
    )
    browser.socket.sendto(packet[:-1] + bytes([packet[-1] ^ 1]), browser.to)
    browser.socket.sendto(packet, browser.to)
    browser.socket.sendto(packet, browser.to)
    browser.socket.sendto(Rtp(PCMA, rtp.sequence + 2, 0, rtp.ssrc, b"3" * 160).pack(), browser.to)
    await phone.until(lambda: b"2" * 160 in phone.payloads(PCMA))
    closed = await world.close_leg(leg)
    assert phone.payloads(PCMA).count(b"2" * 160) == 1
    assert closed.statistics.packets_received == 2
    assert closed.statistics.rejected_by == {"forged": 2, "replayed": 1}


async def test_a_changing_source_is_followed_without_end(world: MediaWorld) -> None:
    """More SSRCs than the plane remembers: each is heard, and the far side hears one source."""
    phone_leg, phone = world.phone(Codec.PCMA)
    leg, browser = await world.browser(Codec.PCMA)
    world.plane.bridge(phone_leg, leg)
    for number in range(1, 31):
        browser.ssrc = number
        browser.send(bytes([number]) * 160, PCMA, ticks=160)
        await phone.until(lambda number=number: bytes([number]) * 160 in phone.payloads(PCMA))  # type: ignore[misc]
    assert len({packet.ssrc for packet in phone.packets}) == 1
    sequences = [packet.sequence for packet in phone.packets]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


async def test_digits_of_a_browser(world: MediaWorld) -> None:
    leg, browser = await world.browser(Codec.OPUS, dtmf=110)
    for timestamp, marker, payload in dtmf_packets("9", 120, 70000, 48000):
        browser.timestamp = timestamp
        browser.send(payload, 110, ticks=0, marker=marker)
    digit = await world.event(leg, DigitReceived)
    assert digit.digit == "9"
    assert 100 <= digit.duration_ms <= 140


async def test_srtcp_is_understood_and_sent(world: MediaWorld) -> None:
    leg, browser = await world.browser(Codec.PCMA)
    browser.send(b"1" * 160, PCMA, ticks=160)
    await world.event(leg, MediaStarted)
    browser.send_rtcp(struct.pack("!BBHI", 0x80, 201, 1, browser.ssrc))
    await browser.until(lambda: bool(browser.reports), "a report")
    kind, about = struct.unpack_from("!xBxx4xI", browser.reports[0])
    assert (kind, about) == (201, browser.ssrc)
    assert (await world.close_leg(leg)).statistics.packets_rejected == 0


@pytest.mark.parametrize(("profile", "size"), [("SRTP_NULL_NULL", 30), ("SRTP_AEAD_AES_128_GCM", 30)])
async def test_keys_that_fit_no_profile_are_refused(world: MediaWorld, profile: str, size: int) -> None:
    leg, _ = world.open_browser()
    with pytest.raises(RequestError, match=profile):
        world.plane.set_srtp_keys(leg, SrtpKeys(profile=profile, send=bytes(size), receive=bytes(size)))
