"""SRTP against libsrtp2 (through pylibsrtp) and against a plain second implementation, packet by packet."""

from __future__ import annotations

import os
import random
import struct

import pylibsrtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media._wire import Srtp, srtp_key_len
from tests.support.plain_srtp import CounterModeSrtp, derive

LIBSRTP = {
    b"SRTP_AES128_CM_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    b"SRTP_AES128_CM_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    b"SRTP_AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    b"SRTP_AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
PLAIN = {
    b"AES_CM_128_HMAC_SHA1_80": 10,
    b"AES_CM_128_HMAC_SHA1_32": 4,
    b"AES_256_CM_HMAC_SHA1_80": 10,
    b"AES_256_CM_HMAC_SHA1_32": 4,
}
ALL = [*LIBSRTP, *PLAIN, b"AEAD_AES_128_GCM", b"AEAD_AES_256_GCM"]
SSRC = 0x1234ABCD


def rtp(
    sequence: int, payload: bytes = b"sound" * 32, *, ssrc: int = SSRC, csrcs: int = 0, extended: bool = False
) -> bytes:
    header = struct.pack("!BBHII", 0x80 | csrcs | (0x10 if extended else 0), 8, sequence & 0xFFFF, sequence * 160, ssrc)
    header += os.urandom(4 * csrcs)
    if extended:
        header += struct.pack("!HH", 0xBEDE, 2) + os.urandom(8)
    return header + payload


def rtcp(ssrc: int = SSRC, octets: int = 24) -> bytes:
    return struct.pack("!BBHI", 0x81, 201, 1 + octets // 4, ssrc) + os.urandom(octets)


def libsrtp(profile: bytes, key: bytes, *, outbound: bool) -> pylibsrtp.Session:
    kind = pylibsrtp.Policy.SSRC_ANY_OUTBOUND if outbound else pylibsrtp.Policy.SSRC_ANY_INBOUND
    policy = pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=LIBSRTP[profile])
    policy.window_size = 1024
    return pylibsrtp.Session(policy)


def pair(profile: bytes) -> tuple[Srtp, Srtp]:
    key = os.urandom(srtp_key_len(profile))
    return Srtp(profile, key, outbound=True), Srtp(profile, key, outbound=False)


def sealed(srtp: Srtp, packet: bytes) -> bytes:
    protected = srtp.protect(packet)
    assert isinstance(protected, bytes)
    return protected


def test_keys_have_the_lengths_of_their_profiles():
    assert [srtp_key_len(profile) for profile in ALL] == [30, 30, 28, 44, 30, 30, 46, 46, 28, 44]
    assert srtp_key_len(b"SRTP_NULL_SHA1_80") == 0


def test_the_plain_implementation_derives_keys_as_rfc_3711_b_3_has_them():
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    assert derive(master, salt, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert derive(master, salt, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert derive(master, salt, 1, 20).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_the_plain_implementation_derives_256_bit_keys_as_rfc_6188_7_2_has_them():
    master = bytes.fromhex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6")
    salt = bytes.fromhex("3b04803de51ee7c96423ab5b78d2")
    assert derive(master, salt, 0, 32).hex() == "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"
    assert derive(master, salt, 2, 14).hex() == "fa31791685ca444a9e07c6c64e93"


@pytest.mark.parametrize("profile", LIBSRTP)
def test_libsrtp_reads_what_we_protect_and_we_what_it_does(profile: bytes):
    key = os.urandom(srtp_key_len(profile))
    ours, theirs = Srtp(profile, key, outbound=True), libsrtp(profile, key, outbound=False)
    theirs_out, ours_in = libsrtp(profile, key, outbound=True), Srtp(profile, key, outbound=False)
    for sequence in range(0x7FF0, 0x7FF0 + 140_000, 331):  # the sequence number rolls over twice
        packet = rtp(sequence, csrcs=sequence % 3, extended=sequence % 2 == 0)
        assert theirs.unprotect(sealed(ours, packet)) == packet
        assert ours_in.unprotect(theirs_out.protect(packet)) == packet
    for _ in range(5):
        report = rtcp()
        protected = ours.protect_rtcp(report)
        assert isinstance(protected, bytes)
        assert theirs.unprotect_rtcp(protected) == report
        assert ours_in.unprotect_rtcp(theirs_out.protect_rtcp(report)) == report


@pytest.mark.parametrize("profile", PLAIN)
def test_counter_mode_is_that_of_the_plain_implementation(profile: bytes):
    key = os.urandom(srtp_key_len(profile))
    plain = CounterModeSrtp(key, PLAIN[profile])
    ours, ours_in = Srtp(profile, key, outbound=True), Srtp(profile, key, outbound=False)
    for sequence in range(0x7F00, 0x7F00 + 140_000, 331):
        packet = rtp(sequence)
        expected = plain.protect(packet[:12], packet[12:], sequence >> 16)
        assert ours.protect(packet) == expected
        assert ours_in.unprotect(expected) == packet
    for index in range(1, 4):
        report = rtcp()
        assert ours.protect_rtcp(report) == plain.protect_rtcp(report, index)
        assert ours_in.unprotect_rtcp(plain.protect_rtcp(report, index)) == report


@pytest.mark.parametrize("profile", ALL)
def test_whatever_is_changed_is_noticed_and_a_forgery_changes_no_state(profile: bytes):
    out, into = pair(profile)
    packet = rtp(100, b"0123456789")
    protected = sealed(out, packet)
    for at in range(len(protected)):
        forged = protected[:at] + bytes([protected[at] ^ 1]) + protected[at + 1 :]
        assert into.unprotect(forged) == "failed"
    for length in range(len(protected)):
        assert into.unprotect(protected[:length]) == "failed"
    assert into.unprotect(protected + b"\0") == "failed"
    assert into.unprotect(protected) == packet
    report = out.protect_rtcp(rtcp())
    assert isinstance(report, bytes)
    for at in range(len(report)):
        assert into.unprotect_rtcp(report[:at] + bytes([report[at] ^ 0x80]) + report[at + 1 :]) == "failed"
    for length in range(len(report)):
        assert into.unprotect_rtcp(report[:length]) == "failed"
    assert isinstance(into.unprotect_rtcp(report), bytes)


@pytest.mark.parametrize("profile", ALL)
def test_a_packet_is_taken_once(profile: bytes):
    out, into = pair(profile)
    protected = [sealed(out, rtp(sequence)) for sequence in range(2000)]
    for packet in protected:
        assert isinstance(into.unprotect(packet), bytes)
        assert into.unprotect(packet) == "replayed"
    assert {into.unprotect(packet) for packet in protected} == {"replayed"}
    report = out.protect_rtcp(rtcp())
    assert isinstance(report, bytes)
    assert isinstance(into.unprotect_rtcp(report), bytes)
    assert into.unprotect_rtcp(report) == "replayed"


def test_a_number_is_never_encrypted_twice():
    out, _ = pair(b"AEAD_AES_128_GCM")
    assert isinstance(out.protect(rtp(7)), bytes)
    assert out.protect(rtp(7, b"other")) == "replayed"
    assert isinstance(out.protect(rtp(6)), bytes)


@given(st.integers(0, 2**32 - 1), st.integers(0, 0xFFFF))
def test_the_replay_window_is_that_of_a_set(seed: int, first: int):
    """Packets in any order within some hundred: each is taken once, and none that is new is refused."""
    out, into = pair(b"AES_CM_128_HMAC_SHA1_32")
    order = random.Random(seed)
    numbers = list(range(first, first + 700, order.choice([1, 1, 3, 50])))
    protected = {number: sealed(out, rtp(number)) for number in numbers}
    sent = [number for number in sorted(numbers, key=lambda number: number + order.randrange(400)) if number >= first]
    assert isinstance(into.unprotect(protected[first]), bytes)  # what comes before the first has no roll-over counter
    taken = {first}
    for number in [*sent, *order.sample(sent, min(30, len(sent)))]:
        result = into.unprotect(protected[number])
        assert (result == "replayed") == (number in taken), number
        taken.add(number)


def test_old_packets_beyond_the_window_are_refused():
    out, into = pair(b"SRTP_AES128_CM_SHA1_80")
    protected = [sealed(out, rtp(sequence)) for sequence in range(1200)]
    assert isinstance(into.unprotect(protected[0]), bytes)
    assert isinstance(into.unprotect(protected[1199]), bytes)
    assert into.unprotect(protected[1]) == "replayed"
    assert isinstance(into.unprotect(protected[1199 - 900]), bytes)


def test_sources_beyond_the_limit_make_room_and_the_busiest_stays():
    out, into = pair(b"SRTP_AEAD_AES_128_GCM")
    for sequence in range(0xFFF0, 0x10010):  # rolls over while others come and go
        assert isinstance(into.unprotect(sealed(out, rtp(sequence))), bytes)
        for other in range(3):
            assert isinstance(into.unprotect(sealed(out, rtp(1, ssrc=1000 + sequence * 3 + other))), bytes)
