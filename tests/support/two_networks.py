"""A visitor's machine with two ways to the server, WLAN and mobile, in network namespaces of the test's own.

    with two_networks() as networks:
        with networks.at_server():
            ...                       # what is started here listens on `SERVER`
        with networks.at_visitor():
            ...                       # what is started here reaches it over WLAN
        networks.open_mobile()        # the second way, while the first is there, or when it is gone
        networks.cut_wlan()

Who starts a process inside one of the blocks puts it into that namespace.  It takes root.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVER = "10.213.0.1"
WLAN, MOBILE = "10.213.1.2", "10.213.2.2"
LINKS = {"wlan": ("10.213.1", "10"), "mobile": ("10.213.2", "20")}
"""Network and metric of the way: the lower one is preferred."""
IP = "/usr/sbin/ip"

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*words: str) -> None:
    subprocess.run([IP, *words], check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=10)


class TwoNetworks:
    def __init__(self, name: str) -> None:
        self.server, self.visitor = f"{name}s", f"{name}v"

    def at_server(self) -> contextlib.AbstractContextManager[None]:
        return _inside(self.server)

    def at_visitor(self) -> contextlib.AbstractContextManager[None]:
        return _inside(self.visitor)

    def cut_wlan(self) -> None:
        _ip("-n", self.visitor, "link", "set", "wlan", "down")

    def open_mobile(self) -> None:
        self._open("mobile")

    def _build(self) -> None:
        _ip("netns", "add", self.server)
        _ip("netns", "add", self.visitor)
        for namespace in (self.server, self.visitor):
            _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", self.server, "addr", "add", f"{SERVER}/32", "dev", "lo")
        for link, (net, _) in LINKS.items():
            # Made inside the visitor's namespace: names of links don't meet those of the machine.
            _ip("-n", self.visitor, "link", "add", link, "type", "veth", "peer", "name", link, "netns", self.server)
            _ip("-n", self.server, "addr", "add", f"{net}.1/24", "dev", link)
            _ip("-n", self.server, "link", "set", link, "up")
        self._open("wlan")

    def _open(self, link: str) -> None:
        net, metric = LINKS[link]
        _ip("-n", self.visitor, "addr", "add", f"{net}.2/24", "dev", link)
        _ip("-n", self.visitor, "link", "set", link, "up")
        _ip("-n", self.visitor, "route", "add", "default", "via", f"{net}.1", "dev", link, "metric", metric)

    def _destroy(self) -> None:
        for namespace in (self.visitor, self.server):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", namespace)


@contextmanager
def two_networks() -> Iterator[TwoNetworks]:
    """Both namespaces, gone at the end with all their links.  At first there is only WLAN."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces take root")
    networks = TwoNetworks(f"zt{os.getpid()}")
    try:
        networks._build()
        yield networks
    finally:
        networks._destroy()


@contextmanager
def _inside(namespace: str) -> Iterator[None]:
    """The calling thread, and every process it starts, in that namespace."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(Path(f"/run/netns/{namespace}"))
        try:
            yield
        finally:
            _enter(Path(f"/proc/self/fd/{before}"))
    finally:
        os.close(before)


def _enter(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(fd)
