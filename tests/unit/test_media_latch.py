"""The rule against stolen streams: who may send to a leg, before and after it has learned where its peer is."""

from __future__ import annotations

import pytest

from gateway.media._guards import Latch

SECOND = 1_000_000_000
SDP = ("192.0.2.1", 4000)
SAME_HOST = ("192.0.2.1", 4999)
NAT = ("198.51.100.7", 31000)
THIEF = ("203.0.113.9", 4000)


def strict() -> Latch:
    latch = Latch()
    latch.set(SDP)
    return latch


def learning(signalling: tuple[str, int] | None = ("198.51.100.7", 5060)) -> Latch:
    latch = Latch()
    latch.set(SDP, learns=True, signalling=signalling)
    return latch


def test_a_strict_leg_knows_one_address_and_port():
    latch = strict()
    assert not latch.take(SAME_HOST)
    assert not latch.take(THIEF)
    assert latch.take(SDP)
    assert not latch.take(SAME_HOST)
    assert latch.peer == SDP


def test_a_strict_leg_takes_rtcp_from_the_next_port_or_the_one_that_was_named():
    latch = strict()
    assert latch.rtcp_peer == ("192.0.2.1", 4001)
    assert not latch.take_rtcp(SDP)
    assert not latch.take_rtcp(("192.0.2.1", 4002))
    assert latch.take_rtcp(("192.0.2.1", 4001))
    latch.set(SDP, rtcp_port=4010)
    assert latch.take_rtcp(("192.0.2.1", 4010))
    assert not latch.take_rtcp(("192.0.2.1", 4001))


@pytest.mark.parametrize("source", [SDP, SAME_HOST, NAT])
def test_a_learning_leg_takes_the_first_good_packet_s_source_and_holds_it(source: tuple[str, int]):
    latch = learning()
    assert latch.take(source)
    assert latch.peer == source
    for other in {SDP, SAME_HOST, NAT, THIEF} - {source}:
        assert not latch.take(other, 10 * SECOND), other
    assert latch.peer == source


def test_a_stranger_is_never_learned():
    assert not learning().take(THIEF)
    assert not learning(signalling=None).take(NAT)


def test_a_packet_that_is_not_good_teaches_nothing():
    latch = learning()
    assert latch.take(SAME_HOST, good=False)
    assert latch.take(NAT)
    assert latch.peer == NAT


def test_the_address_of_the_description_displaces_who_was_quicker_but_not_for_long():
    latch = learning()
    assert latch.take(SAME_HOST, 0)
    assert latch.take(SDP, SECOND)
    assert latch.peer == SDP
    assert not latch.take(SAME_HOST, SECOND)
    late = learning()
    assert late.take(NAT, 0)
    assert not late.take(SDP, 2 * SECOND)
    assert late.peer == NAT


def test_a_re_invite_with_the_same_address_changes_nothing_while_packets_come():
    latch = learning()
    latch.take(NAT, 0)
    latch.take(NAT, 5 * SECOND)
    latch.set(SDP, learns=True, signalling=NAT, now_ns=5 * SECOND + SECOND // 2)
    assert latch.peer == NAT
    assert not latch.take(SAME_HOST, 6 * SECOND)


def test_a_re_invite_lets_a_leg_learn_anew_whose_peer_fell_silent():
    latch = learning()
    latch.take(NAT, 0)
    latch.set(SDP, learns=True, signalling=NAT, now_ns=3 * SECOND)
    moved = ("198.51.100.7", 32000)
    assert latch.take(moved, 3 * SECOND)
    assert not latch.take(NAT, 3 * SECOND)


def test_a_re_invite_with_another_address_lets_a_leg_learn_anew():
    latch = learning()
    latch.take(NAT, 0)
    latch.set(("192.0.2.2", 6000), learns=True, now_ns=0)
    assert not latch.take(NAT)
    assert latch.take(("192.0.2.2", 6002))


def test_rtcp_follows_the_host_that_rtp_comes_from():
    latch = learning()
    assert not latch.take_rtcp(THIEF)
    latch.take(NAT)
    assert not latch.take_rtcp(("192.0.2.1", 4001))
    assert latch.take_rtcp(("198.51.100.7", 31055))
    assert not latch.take_rtcp(("198.51.100.7", 31056))


def test_a_re_invite_may_bring_rtcp_onto_the_port_of_rtp():
    latch = strict()
    assert not latch.rtcp_mux
    latch.set(SDP, rtcp_mux=True)
    assert latch.rtcp_mux


def test_ipv6():
    latch = Latch()
    latch.set(("2001:db8::1", 4000))
    assert latch.take(("2001:db8::1", 4000))
    assert not latch.take(("2001:db8::2", 4000))
