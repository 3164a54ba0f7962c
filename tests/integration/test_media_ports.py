"""UDP ports of telephones' legs beside other programs that have some of the same range, and when none can be had."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from gateway.media import MediaPlane
from gateway.model.errors import CapacityError
from tests.support.ports import free_port_range, udp_socket

PAIRS, OTHERS = 400, 380


def descriptors() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]


@contextmanager
def open_files_max(count: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("half", [0, 1], ids=["RTP", "RTCP"])
async def test_however_many_pairs_others_have_the_rest_is_found(half: int) -> None:
    first, last = free_port_range(PAIRS)
    plane = MediaPlane(rtp_ports=(first, last), legs_max=PAIRS)
    with ExitStack() as stack:
        stack.callback(plane._native.stop)
        for pair in range(OTHERS):
            stack.enter_context(udp_socket(first + 2 * pair + half))
        ports = [plane.open_rtp_leg(lambda event: None)[2] for _ in range(PAIRS - OTHERS)]
        assert sorted(ports) == list(range(first + 2 * OTHERS, last, 2))
        with pytest.raises(CapacityError, match="no UDP port pair is left") as refusal:
            plane.open_rtp_leg(lambda event: None)
        assert refusal.value.limit == "media.rtp_ports"


async def test_no_path_mtu_that_the_kernel_was_told_stops_a_packet() -> None:
    """IP_PMTUDISC_PROBE on each UDP socket: a forged ICMP message names any size (RFC 8899 4.6.1)."""
    mtu_discover, probe = {socket.AF_INET: 10, socket.AF_INET6: 23}, 3
    before = set(descriptors())
    plane = MediaPlane(addresses=["127.0.0.1", "::1"], rtp_ports=free_port_range(PAIRS))
    found = []
    try:
        for towards in ("127.0.0.1", "::1"):
            plane.open_rtp_leg(lambda event: None, towards=towards)
        for descriptor in set(descriptors()) - before:
            with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
                if sock.type == socket.SOCK_DGRAM:
                    level = socket.IPPROTO_IP if sock.family == socket.AF_INET else socket.IPPROTO_IPV6
                    found.append((sock.family, sock.getsockopt(level, mtu_discover[sock.family])))
    finally:
        plane._native.stop()
    assert sorted(found) == [(socket.AF_INET, probe)] * 3 + [(socket.AF_INET6, probe)] * 3


async def test_two_planes_do_not_begin_at_the_same_port() -> None:
    ports = set()
    for _ in range(4):
        plane = MediaPlane(rtp_ports=(12_000, 19_999))
        ports.add(plane.open_rtp_leg(lambda event: None)[2])
        plane._native.stop()
    assert len(ports) > 1


async def test_without_descriptors_it_is_not_the_ports_that_are_blamed() -> None:
    plane = MediaPlane(rtp_ports=free_port_range(PAIRS), legs_max=PAIRS)
    before = descriptors()
    opened: list[int] = []

    def open_all() -> None:
        for _ in range(PAIRS):  # the numbers below have gaps
            opened.append(plane.open_rtp_leg(lambda event: None)[0])

    with open_files_max(max(before) + 2), pytest.raises(CapacityError, match="ulimit") as refusal:
        open_all()
    assert refusal.value.limit == "open files"
    plane.open_rtp_leg(lambda event: None)
    assert len(descriptors()) == len(before) + 2 * (len(opened) + 1), "what was refused kept one"
    plane._native.stop()
