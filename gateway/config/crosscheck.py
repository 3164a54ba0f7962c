"""What no single value shows: names used twice, references to nothing, addresses and ports that can't work together."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from gateway.config.convert import Mistake, quoted, shown, suggestion
from gateway.config.distribution_check import distribution_mistakes
from gateway.config.errors import KeyPath
from gateway.config.schema import Config
from gateway.model.ids import Channel

SECRET_CHARS_MIN = 16
ANNOUNCE_EVERY_MS_MIN = 10_000


def cross_check(config: Config, faulty: set[KeyPath]) -> list[Mistake]:
    """Mistakes beyond those already known; values at (and below) ``faulty`` paths are placeholders."""
    checker = _Checker(config, faulty)
    checker.check_names()
    checker.check_references()
    checker.check_addresses()
    checker.check_networks()
    checker.check_turn()
    checker.check_ports()
    checker.check_announcements()
    checker.check_distribution()
    return checker.mistakes


class _Checker:
    def __init__(self, config: Config, faulty: set[KeyPath]) -> None:
        self._config = config
        self._faulty = faulty
        self.mistakes: list[Mistake] = []

    def _report(self, path: KeyPath, what: str, advice: str) -> None:
        if not self._is_faulty(path):
            self.mistakes.append((path, what, advice))

    def _is_faulty(self, path: KeyPath) -> bool:
        return any(path[:length] in self._faulty for length in range(1, len(path) + 1))

    def check_names(self) -> None:
        config = self._config
        self._unique("trunks", "name", [trunk.name for trunk in config.trunks])
        self._unique("queues", "name", [queue.name for queue in config.queues])
        self._unique("numbers", "number", [number.number for number in config.numbers])
        self._unique("agents", "login", [agent.login for agent in config.agents])
        for index, queue in enumerate(config.queues):
            self._no_repeats(("queues", index, "channels"), queue.channels)
            self._no_repeats(("queues", index, "skills"), queue.skills)
            self._no_repeats(("queues", index, "outcomes"), queue.outcomes)
        for index, agent in enumerate(config.agents):
            self._no_repeats(("agents", index, "queues"), agent.queues)
            self._no_repeats(("agents", index, "skills"), agent.skills)

    def check_distribution(self) -> None:
        for mistake in distribution_mistakes(self._config, self._faulty):
            self._report(*mistake)

    def check_announcements(self) -> None:
        for index, queue in enumerate(self._config.queues):
            path: KeyPath = ("queues", index)
            every_ms = queue.announce_position_every_ms
            if 0 < every_ms < ANNOUNCE_EVERY_MS_MIN:
                what = f"{every_ms} ms is less than an announcement takes"
                self._report((*path, "announce_position_every_ms"), what, f"use {ANNOUNCE_EVERY_MS_MIN} at least, or 0")
            if queue.announce_wait and not every_ms:
                what = "the waiting time is told with the position, and that is never told"
                self._report((*path, "announce_wait"), what, "add announce_position_every_ms = ...")
            if queue.announce_wait and not queue.handle_ms:
                what = "the waiting time goes by the handling time, and the queue has none"
                self._report((*path, "announce_wait"), what, "add handle_ms = ...")

    def _unique(self, table: str, key: str, values: Sequence[str]) -> None:
        first: dict[str, int] = {}
        for index, value in enumerate(values):
            if value and first.setdefault(value, index) != index:
                self._report(
                    (table, index, key), f"{shown(value)} is taken by {table}[{first[value]}]", "choose another"
                )

    def _no_repeats(self, path: KeyPath, values: Sequence[str]) -> None:
        seen: set[str] = set()
        for index, value in enumerate(values):
            if value in seen:
                self._report((*path, index), f"{shown(value)} is listed twice", "remove one")
            seen.add(value)

    def check_references(self) -> None:
        queues = {queue.name: queue for queue in self._config.queues}
        if not queues or "" in queues:
            return  # a queue's name is missing: what refers to it would only repeat that mistake
        for index, number in enumerate(self._config.numbers):
            path: KeyPath = ("numbers", index, "queue")
            queue = queues.get(number.queue)
            if queue is None:
                self._unknown_queue(path, number.queue, queues)
            elif Channel.PHONE not in queue.channels:
                self._report(path, f"queue {shown(number.queue)} takes no calls", 'add "phone" to its channels')
        for index, agent in enumerate(self._config.agents):
            for place, name in enumerate(agent.queues):
                if name not in queues:
                    self._unknown_queue(("agents", index, "queues", place), name, queues)

    def _unknown_queue(self, path: KeyPath, name: str, queues: Iterable[str]) -> None:
        advice = suggestion(name, queues) or f"use one of {quoted(queues)}"
        self._report(path, f"there is no queue {shown(name)}", advice)

    def check_addresses(self) -> None:
        config = self._config
        self._address(("sip", "address"), config.sip.address)
        self._address(("web", "address"), config.web.address)
        self._check_media_addresses()

    def _check_media_addresses(self) -> None:
        media = self._config.media
        for one, several in (("address", "addresses"), ("public_address", "public_addresses")):
            if getattr(media, one) is not None and getattr(media, several):
                self._report(("media", one), f"{several} is there, too", f"write all of them into {several}")
        self._no_repeats(("media", "addresses"), media.addresses)
        self._no_repeats(("media", "public_addresses"), media.public_addresses)
        bound = [self._address(path, text) for path, text in _each(media, "address", "addresses")]
        for path, text in _each(media, "public_address", "public_addresses"):
            version = self._address(path, text)
            if _is_any(text):
                what = f"{shown(text)} can't be told to the other side"
                self._report(path, what, "write the address that others reach")
            elif version is not None and version not in (*bound, *([] if bound else [4])):
                what = f"{shown(text)} has no address of media.addresses behind it"
                self._report(path, what, f"add the machine's own IPv{version} address there, or take this one away")

    def check_turn(self) -> None:
        turn = self._config.turn
        relays = any(url.startswith("turn") for url in turn.urls)
        if relays and len(turn.secret) < SECRET_CHARS_MIN:
            what = f"has {len(turn.secret)} characters; the relays of turn.urls need one that can't be guessed"
            self._report(("turn", "secret"), what, "write coturn's static-auth-secret, 16 characters or more")
        if turn.relay_only and not relays:
            self._report(("turn", "relay_only"), "there is no relay", 'add a "turn:" address to turn.urls')

    def _address(self, path: KeyPath, text: str) -> int | None:
        """4 or 6."""
        try:
            return ipaddress.ip_address(text).version
        except ValueError:
            example = '"127.0.0.1"' if text == "localhost" else '"192.0.2.10" or "2001:db8::10"'
            self._report(path, f"{shown(text)} is not an IP address", f"write it in numbers, such as {example}")
            return None

    def check_networks(self) -> None:
        owner: dict[object, str] = {}
        for index, trunk in enumerate(self._config.trunks):
            for place, text in enumerate(trunk.networks):
                path: KeyPath = ("trunks", index, "networks", place)
                try:
                    network = ipaddress.ip_network(text)
                except ValueError:
                    self._report(path, f"{shown(text)} is not a network", _network_advice(text))
                    continue
                if network in owner:
                    what = f"{shown(text)} belongs to trunk {shown(owner[network])} already"
                    self._report(path, what, "give each network to one trunk")
                owner[network] = trunk.name

    def check_ports(self) -> None:
        sip, web, media = self._config.sip, self._config.web, self._config.media
        first, last = media.rtp_ports
        rtp: KeyPath = ("media", "rtp_ports")
        if first % 2 or not last % 2:
            self._report(
                rtp, f"{first} to {last} is not whole port pairs", "begin with an even port, end with an odd one"
            )
        elif first < 1024 or last <= first:
            self._report(rtp, f"{first} to {last} is not a range", "use two ports from 1024 to 65535, lower one first")
        if sip.port and sip.port == web.port and _overlap(sip.address, web.address):
            self._report(("web", "port"), f"{web.port} is the SIP port, too", "choose another")
        shares_address = any(_overlap(sip.address, address) for address in media.bound)
        if sip.port in range(first, last + 1) and shares_address:
            self._report(("sip", "port"), f"{sip.port} lies within media.rtp_ports", "choose another")
        if media.webrtc_port:
            shared = range(media.webrtc_port, media.webrtc_port + media.threads)
            path: KeyPath = ("media", "webrtc_port")
            if shared[-1] > 65535:
                what = f"{media.webrtc_port} leaves no ports for {media.threads} threads"
                self._report(path, what, f"use at most {65536 - media.threads}")
            if shared[0] <= last and shared[-1] >= first:
                self._report(path, f"{media.webrtc_port} lies within media.rtp_ports", "choose another")
            if sip.port in shared and shares_address:
                self._report(path, f"{sip.port} is the SIP port, too", "choose another")


def _each(table: object, one: str, several: str) -> list[tuple[KeyPath, str]]:
    """The values of a key and of the one that takes a list of them, each with its place in the file."""
    single = getattr(table, one)
    listed: list[str] = getattr(table, several)
    found: list[tuple[KeyPath, str]] = [(("media", several, index), text) for index, text in enumerate(listed)]
    return found if single is None else [(("media", one), single), *found]


def _network_advice(text: str) -> str:
    try:
        return f'did you mean "{ipaddress.ip_network(text, strict=False)}"?'
    except ValueError:
        return 'write address/bits, such as "192.0.2.0/24"'


def _is_any(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


def _overlap(one: str, other: str) -> bool:
    return one == other or _is_any(one) or _is_any(other)
