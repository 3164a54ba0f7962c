"""Where a browser's checks seem to come from is believed only when it has answered there: forged and repeated ones move
nothing (RFC 8445 19.5, RFC 7675 5.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.model.ids import Codec, LegId
from gateway.model.media import ConsentLost, IceConnected, WebRtcPeer
from tests.support.media_peers import Browser, Peer, Phone, stun_consent, stun_request
from tests.support.media_world import PCMA, MediaWorld, sound_flows


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


async def call(world: MediaWorld) -> tuple[LegId, Browser, Phone]:
    phone_leg, phone = world.phone()
    leg, browser = await world.browser(Codec.PCMA, near=phone_leg)
    world.plane.bridge(phone_leg, leg)
    return leg, browser, phone


def nomination(browser: Browser) -> bytes:
    return stun_request(f"{browser.server_ufrag}:{browser.ufrag}", browser.server_pwd, use_candidate=True)


def elsewhere(world: MediaWorld, host: str = "127.0.0.9") -> Browser:
    """Who never asked, or who has seen a browser's checks on their way; it answers nothing."""
    other: Browser = Browser.open(host)
    other.answers = False
    world.peers.append(other)
    return other


async def read(world: MediaWorld, browser: Browser) -> None:
    """The plane has read all that came before."""
    seen = len(browser.stun)
    browser.check()
    await browser.until(lambda: len(browser.stun) > seen, "an answer behind it")


async def test_a_check_that_is_sent_again_from_elsewhere_moves_nothing(world: MediaWorld) -> None:
    leg, browser, phone = await call(world)
    await sound_flows(phone, browser, 1)
    victim = elsewhere(world)
    for _ in range(5):
        victim.socket.sendto(nomination(browser), browser.to)
    await victim.until(lambda: bool(victim.asks), "the request for consent")
    await sound_flows(phone, browser, 2)
    assert {datagram[0] for datagram in victim.dtls} == set()
    assert (victim.unreadable, victim.packets) == (0, [])
    assert len(world.events_of(leg, IceConnected)) == 1
    assert len(victim.asks) <= 5
    closed = await world.close_leg(leg)
    assert closed.statistics.packets_lost == 0


async def test_who_answers_is_moved_to_at_once(world: MediaWorld) -> None:
    leg, browser, phone = await call(world)
    await sound_flows(phone, browser, 1)
    moved = world.moved(browser, "127.0.0.8")
    await moved.connect()
    event = await world.event(leg, IceConnected, 2)
    assert (event.address, event.port) == (moved.host, moved.port)
    await sound_flows(phone, moved, 2)
    assert bytes([2]) * 160 not in browser.payloads(PCMA)


@pytest.mark.parametrize("forged", ["password", "transaction", "source"])
async def test_consent_can_not_be_forged(world: MediaWorld, forged: str) -> None:
    leg, browser, phone = await call(world)
    victim = elsewhere(world)
    victim.socket.sendto(nomination(browser), browser.to)
    await victim.until(lambda: bool(victim.asks), "the request for consent")
    ask = victim.asks[0]
    if forged == "password":
        answer = stun_consent(ask, browser.pwd)
        victim.socket.sendto(answer[:24] + bytes(20) + answer[44:], browser.to)
        victim.socket.sendto(stun_request(None, "another", use_candidate=True), browser.to)
    elif forged == "transaction":
        victim.socket.sendto(stun_consent(ask, browser.pwd, transaction=ask[8:11] + bytes(9)), browser.to)
    else:
        browser.socket.sendto(stun_consent(ask, browser.pwd), browser.to)
    await sound_flows(phone, browser, 1)
    assert len(world.events_of(leg, IceConnected)) == 1
    assert victim.unreadable == 0
    victim.socket.sendto(stun_consent(ask, browser.pwd), browser.to)
    await world.event(leg, IceConnected, 2)


async def test_nobody_takes_the_address_of_another_leg(world: MediaWorld) -> None:
    """Who has a call of its own forges the source of its checks: they would end the paths of others."""
    leg, browser, phone = await call(world)
    await sound_flows(phone, browser, 1)
    thief_leg, thief = await world.browser(Codec.PCMA)
    asked = len(browser.asks)
    for _ in range(3):
        browser.socket.sendto(nomination(thief), browser.to)  # from there, in the name of another leg
    await browser.until(lambda: len(browser.asks) > asked, "the request for consent, which is not this browser's")
    await sound_flows(phone, browser, 2)
    assert len(world.events_of(leg, IceConnected)) == len(world.events_of(thief_leg, IceConnected)) == 1
    assert world.events_of(leg, ConsentLost) == []
    closed = await world.close_leg(leg)
    assert closed.statistics.packets_rejected == 0


async def test_an_address_may_begin_anew_with_another_leg(world: MediaWorld) -> None:
    """A page that was reloaded behind a NAT that gives it the same port."""
    _, browser, _ = await call(world)
    again, later = world.open_browser()
    peer = WebRtcPeer(codec=Codec.PCMA, payload_type=8, remote_ufrag="them", remote_pwd=browser.pwd)
    world.plane.set_webrtc_peer(again, peer)
    browser.server_ufrag = later.server_ufrag
    await browser.connect()
    event = await world.event(again, IceConnected)
    assert event.port == browser.port
    world.plane.send_dtls(again, b"\x16 hello")
    await browser.until(lambda: browser.dtls == [b"\x16 hello"])


async def test_no_leg_asks_more_than_some_times_a_second(world: MediaWorld) -> None:
    _, browser, phone = await call(world)
    victims: list[Peer] = [elsewhere(world, f"127.0.1.{number}") for number in range(60)]
    for _ in range(3):
        for victim in victims:
            victim.socket.sendto(nomination(browser), browser.to)
    await read(world, browser)
    await sound_flows(phone, browser, 1)
    asks = sum(len(victim.asks) for victim in victims if isinstance(victim, Browser))
    assert 0 < asks < 100, "20, and 20 a second, of 180"
