"""Attacks on the media plane's sockets: stolen streams (rtpbleed, CVE-2025-53399), injected RTP and RTCP, replays,
wrong keys, forged checks.  Each is dropped, counted by its cause, and the call hears nothing of it."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import pylibsrtp
import pytest

from gateway.model.ids import LegId
from gateway.model.media import MediaStarted
from tests.support.media_attackers import KEY_OCTETS, SUITE, SUITES, Attacker, SecurePhone, session
from tests.support.media_peers import Peer, Phone, stun_request
from tests.support.media_world import MediaWorld

GOOD = b"g" * 160
RR = struct.pack("!BBHI", 0x80, 201, 1, 7)


def bye(ssrc: int) -> bytes:
    return RR + struct.pack("!BBHI", 0x81, 203, 1, ssrc)


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


def attacker(world: MediaWorld, host: str = "127.0.0.1") -> Attacker:
    made: Attacker = Attacker.open(host=host)
    world.peers.append(made)
    return made


def call(world: MediaWorld, **peer: Any) -> tuple[LegId, Phone, Phone]:
    """The victim's leg and telephone, and who listens to it."""
    leg, victim = world.phone(**peer)
    other, listener = world.phone(near=leg)
    world.plane.bridge(leg, other)
    return leg, victim, listener


def secure(world: MediaWorld, suite: str = SUITE, **peer: Any) -> tuple[LegId, SecurePhone, Phone]:
    victim: SecurePhone = SecurePhone.open()
    world.peers.append(victim)
    octets = SUITES[suite][1]
    victim.key(os.urandom(octets), os.urandom(octets), suite)
    leg, address, port = world.plane.open_rtp_leg(world.listener)
    victim.to = (address, port)
    world.negotiate_phone(leg, victim, srtp=victim.keys, **peer)
    other, listener = world.phone(near=leg)
    world.plane.bridge(leg, other)
    return leg, victim, listener


async def fence(victim: Phone, listener: Phone, payload: bytes = GOOD) -> None:
    """All that was sent to the victim's leg before has been dealt with: a socket keeps order.  Each time with a
    ``payload`` that was not sent before."""
    victim.send(payload)
    await listener.until(lambda: payload in listener.payloads(8), "the victim's own sound")


async def causes(world: MediaWorld, leg: LegId) -> dict[str, int]:
    closed = (await world.close_leg(leg)).statistics
    assert closed.packets_rejected == sum(closed.rejected_by.values())
    return closed.rejected_by


def forged_in(listener: Phone) -> list[bytes]:
    return [payload for payload in listener.payloads(8) if payload.startswith(b"!")]


# --- telephones in clear ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"], ids=["same-host", "other-host"])
@pytest.mark.parametrize("learns", [False, True], ids=["strict", "learned"])
async def test_injected_rtp(world: MediaWorld, host: str, learns: bool) -> None:
    leg, victim, listener = call(world, learns=learns)
    thief = attacker(world, host)
    if learns:
        await fence(victim, listener, b"0" * 160)  # it must know its peer first, see the next test
    for ahead in range(1, 6):
        thief.inject(victim, ahead=ahead)
    await fence(victim, listener)
    assert forged_in(listener) == []
    assert thief.packets == []
    assert await causes(world, leg) == {"source": 5}


async def test_who_was_quicker_than_the_peer_at_a_learning_leg_loses_it_again(world: MediaWorld) -> None:
    """The window before the first packet can't be closed without keys; the SDP's own address takes it back."""
    leg, victim, listener = call(world, learns=True)
    thief, stranger = attacker(world), attacker(world, "127.0.0.2")
    stranger.inject(victim)
    thief.inject(victim)
    await world.event(leg, MediaStarted)
    await fence(victim, listener)
    heard = len(thief.packets)
    await victim.until(lambda: len(victim.packets) > 3, "its own stream again")
    thief.inject(victim)
    await fence(victim, listener, b"h" * 160)
    assert len(thief.packets) <= heard + 1
    assert await causes(world, leg) == {"source": 2}


async def test_nobody_is_sent_a_stream_by_asking_for_it(world: MediaWorld) -> None:
    """rtpbleed: an open port answered whoever sent a packet."""
    leg, victim, listener = call(world)
    for number in range(20):
        thief = attacker(world, f"127.0.0.{2 + number % 3}")
        thief.inject(victim)
        thief.send_raw(b"", victim.to)
        thief.send_raw(b"\x80", victim.to)
    await fence(victim, listener)
    assert all(peer.packets == [] for peer in world.peers if isinstance(peer, Attacker))
    assert (await causes(world, leg))["source"] == 20


async def test_a_flood_from_elsewhere_costs_the_call_nothing(world: MediaWorld) -> None:
    leg, victim, listener = call(world)
    thief = attacker(world)
    for round_ in range(20):
        for ahead in range(40):
            thief.inject(victim, ahead=ahead)
        await fence(victim, listener, bytes([round_]) * 160)
    assert forged_in(listener) == []
    rejected = await causes(world, leg)
    assert set(rejected) == {"source"}
    assert rejected["source"] == 800
    assert world.plane.statistics()[0].rejected_by["source"] == 800


@pytest.mark.parametrize("to_port", [0, 1], ids=["muxed", "own-port"])
async def test_injected_rtcp(world: MediaWorld, to_port: int) -> None:
    leg, victim, listener = call(world)
    await fence(victim, listener, b"0" * 160)
    thief = attacker(world)
    place = (victim.to[0], victim.to[1] + to_port)
    for packet in (RR, bye(victim.ssrc), b"\x81\xc9\x00\x07" + bytes(28)):
        thief.send_raw(packet, place)
    await fence(victim, listener)
    victim.socket.sendto(RR, victim.to)
    await fence(victim, listener, b"h" * 160)
    assert await causes(world, leg) == {"source": 3}


async def test_a_goodbye_of_the_peer_does_not_end_the_call(world: MediaWorld) -> None:
    leg, victim, listener = call(world)
    await fence(victim, listener, b"0" * 160)
    victim.socket.sendto(bye(victim.ssrc), victim.to)
    await fence(victim, listener)
    victim.ssrc ^= 1
    await fence(victim, listener, b"h" * 160)
    closed = (await world.close_leg(leg)).statistics
    assert (closed.packets_received, closed.packets_rejected) == (3, 0)


async def test_datagrams_of_no_proper_size_or_shape(world: MediaWorld) -> None:
    leg, victim, listener = call(world)
    await fence(victim, listener, b"0" * 160)
    for datagram in (b"", b"\x80", b"\x80" * 7, os.urandom(2000)):
        victim.socket.sendto(datagram, victim.to)
    victim.socket.sendto(b"\x80\x08" + bytes(6), victim.to)  # RTP whose header is cut
    victim.socket.sendto(b"\x40\x08" + bytes(30), victim.to)
    victim.socket.sendto(b"\x80\xc9\x00\x09" + bytes(8), victim.to)
    victim.send(GOOD, 77)
    await fence(victim, listener)
    assert await causes(world, leg) == {"size": 4, "malformed": 3, "payload": 1}


async def test_before_the_description_nothing_is_taken(world: MediaWorld) -> None:
    leg, phone = world.phone(negotiate=False)
    phone.send(GOOD)
    phone.send(GOOD)
    _, clock = world.phone()  # hears silence every 20 ms: nothing else tells of packets that are thrown away
    await clock.until(lambda: world.plane.statistics()[0].packets_in >= 2, "both packets")
    world.negotiate_phone(leg, phone)
    phone.send(GOOD)
    await world.event(leg, MediaStarted)
    assert await causes(world, leg) == {"early": 2}


# --- SRTP -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", SUITES)
async def test_srtp_with_keys_from_the_description(world: MediaWorld, suite: str) -> None:
    leg, victim, listener = secure(world, suite)
    await fence(victim, listener)
    await victim.until(lambda: len(victim.packets) > 2, "our SRTP")
    victim.send_rtcp(RR, port=0)
    await fence(victim, listener, b"h" * 160)
    assert victim.unreadable == 0
    assert await causes(world, leg) == {}
    await victim.until(lambda: bool(victim.reports), "our SRTCP")


async def test_srtp_that_is_replayed_cut_changed_or_of_another_key(world: MediaWorld) -> None:
    leg, victim, listener = secure(world)
    await fence(victim, listener, b"0" * 160)
    victim.socket.sendto(victim.sent[0], victim.to)
    following = victim.packet(b"!" * 160).pack()
    protected = victim.protect(following)
    for forged in (
        protected[:-1],
        protected[:-10],
        protected[:20] + bytes([protected[20] ^ 1]) + protected[21:],
        following,  # in clear
        session(os.urandom(KEY_OCTETS), pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect(following),
    ):
        victim.socket.sendto(forged, victim.to)
    await fence(victim, listener)
    assert forged_in(listener) == []
    assert await causes(world, leg) == {"replayed": 1, "forged": 5}


async def test_srtcp_that_is_replayed_or_forged(world: MediaWorld) -> None:
    leg, victim, listener = secure(world)
    await fence(victim, listener, b"0" * 160)
    protected = victim.send_rtcp(RR, port=0)
    victim.socket.sendto(protected, victim.to)
    victim.socket.sendto(bye(victim.ssrc), victim.to)
    unsent = victim.protect_rtcp(bye(victim.ssrc))
    victim.socket.sendto(unsent[:-4] + bytes(4), victim.to)
    await fence(victim, listener)
    assert await causes(world, leg) == {"replayed": 1, "forged": 2}


async def test_only_authentic_packets_teach_a_learning_leg(world: MediaWorld) -> None:
    """CVE-2025-53399: a forged packet must not move the stream, not even as the first."""
    victim: SecurePhone = SecurePhone.open()
    world.peers.append(victim)
    leg, address, port = world.plane.open_rtp_leg(world.listener)
    victim.to = (address, port)
    world.negotiate_phone(leg, victim, srtp=victim.keys, learns=True, port=victim.port ^ 1)
    other, listener = world.phone(near=leg)
    world.plane.bridge(leg, other)
    thief = attacker(world)
    for ahead in range(1, 4):
        thief.inject(victim, ahead=ahead)
    await fence(victim, listener)
    await victim.until(lambda: len(victim.packets) > 2, "the stream at its own address")
    thief.inject(victim)
    await fence(victim, listener, b"h" * 160)
    assert thief.packets == []
    assert thief.datagrams == []
    assert await causes(world, leg) == {"forged": 3, "source": 1}


async def test_a_re_invite_with_the_same_keys_goes_on_and_still_knows_what_it_has_seen(world: MediaWorld) -> None:
    leg, victim, listener = secure(world)
    await fence(victim, listener, b"0" * 160)
    world.negotiate_phone(leg, victim, srtp=victim.keys, send=True)
    victim.socket.sendto(victim.sent[0], victim.to)
    await fence(victim, listener)
    before = len(victim.packets)
    await victim.until(lambda: len(victim.packets) > before + 2, "our stream, whose index goes on")
    assert victim.unreadable == 0
    assert await causes(world, leg) == {"replayed": 1}


@pytest.mark.parametrize("suite", SUITES)
async def test_new_keys_in_a_re_invite_cut_nothing(world: MediaWorld, suite: str) -> None:
    leg, victim, listener = secure(world, suite)
    await fence(victim, listener, b"0" * 160)
    under_way = [victim.packet(bytes([65 + n]) * 160).pack() for n in range(3)]
    late = [victim.protect(packet) for packet in under_way]
    octets = SUITES[suite][1]
    victim.key(os.urandom(octets), os.urandom(octets), suite)
    world.negotiate_phone(leg, victim, srtp=victim.keys)
    for packet in late:
        victim.socket.sendto(packet, victim.to)
    await fence(victim, listener)
    assert [bytes([65 + n]) * 160 for n in range(3)] == [p for p in listener.payloads(8) if p[0] in b"ABC"]
    before = len(victim.packets)
    await victim.until(lambda: len(victim.packets) > before + 2, "our stream with the new key")
    assert await causes(world, leg) == {}


async def test_from_srtp_to_clear_and_back(world: MediaWorld) -> None:
    leg, victim, listener = secure(world)
    await fence(victim, listener, b"0" * 160)
    world.negotiate_phone(leg, victim)
    victim.socket.sendto(victim.packet(GOOD).pack(), victim.to)
    await listener.until(lambda: GOOD in listener.payloads(8), "sound in clear")
    victim.key(os.urandom(KEY_OCTETS), os.urandom(KEY_OCTETS))
    world.negotiate_phone(leg, victim, srtp=victim.keys)
    await fence(victim, listener, b"h" * 160)
    assert await causes(world, leg) == {}


# --- the browser port -------------------------------------------------------------------------------------------------


async def test_forged_checks_dtls_and_media_at_the_browser_port(world: MediaWorld) -> None:
    leg, browser = await world.browser()
    thief = attacker(world)
    right = f"{browser.server_ufrag}:{browser.ufrag}"
    for check in (
        stun_request(right, "a wrong password"),
        stun_request(right, None),
        stun_request("nobody:them", browser.server_pwd),
        stun_request(f"{browser.server_ufrag}:somebody", browser.server_pwd),
    ):
        thief.send_raw(check, browser.to)
    thief.send_raw(stun_request(right, browser.server_pwd, fingerprint=False), browser.to)
    thief.send_raw(b"\x16\xfe\xfd" + bytes(20), browser.to)
    thief.send_raw(b"\x80\x6f" + bytes(60), browser.to)
    thief.send_raw(os.urandom(1800), browser.to)
    browser.check()
    seen = len(browser.stun)
    await browser.until(lambda: len(browser.stun) > seen, "the answer that comes after all that")
    assert world.plane.statistics()[0].rejected_by == {"stun": 4, "malformed": 1, "source": 2, "size": 1}
    assert world.events_of(leg, MediaStarted) == []


async def test_a_flood_of_checks_without_credentials_is_hardly_answered(world: MediaWorld) -> None:
    """RFC 8489 21.1: whoever forges its source has us send to another."""
    _, browser = await world.browser()
    began = time.monotonic()
    thieves: list[Peer] = [Peer.open(f"127.0.{network}.1") for network in range(20)]
    world.peers += thieves
    check = stun_request("nobody:them", "a password")
    for round_ in range(4):
        for thief in thieves:
            for _ in range(10):
                thief.socket.sendto(check, browser.to)
        seen = len(browser.stun)
        browser.check()
        await browser.until(lambda seen=seen: len(browser.stun) > seen, f"an answer in round {round_}")  # type: ignore[misc]
    counted = world.plane.statistics()[0]
    assert counted.rejected_by == {"stun": 800}
    answered = 800 - counted.unanswered
    assert 100 <= answered <= 100 * (2 + int(time.monotonic() - began))
    await thieves[0].until(lambda: sum(len(thief.datagrams) for thief in thieves) == answered, "all refusals")
