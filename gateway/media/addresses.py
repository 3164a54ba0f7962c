"""Which addresses the plane binds, and which it tells to the other side.

Behind a 1:1 NAT the two differ: packets to the public address arrive at a private one.  A public address belongs to a
bound one of its own family: the first to the first, the second to the second, and any further ones to the last.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

ADDRESSES_MAX = 16


def expand(addresses: Sequence[str], of_machine: Callable[[bool], list[str]]) -> list[str]:
    """``0.0.0.0`` and ``::`` replaced by the machine's addresses; none twice, order kept.

    ``of_machine`` gives the machine's addresses, IPv6 ones for True.  A socket on each, and not one for all: an answer
    has to leave from the address that was asked, or ICE takes it for a stranger's.  Raises `ValueError` for what is no
    address, and when none is left.
    """
    expanded: dict[str, None] = {}
    for text in addresses:
        address = _read(text)
        found = of_machine(address.version == 6) if address.is_unspecified else [text]
        expanded.update(dict.fromkeys(str(ipaddress.ip_address(one)) for one in found))
    if not expanded:
        raise ValueError(f"the machine has no address for {', '.join(addresses)}")
    return list(expanded)[:ADDRESSES_MAX]


def told(addresses: Sequence[str], public_addresses: Sequence[str]) -> list[tuple[str, int]]:
    """What is told to the other side, in order of preference, each with the number of the bound address behind it.

    Without public addresses that is what is bound.  A bound address that is named among the public ones is told, too.
    Raises `ValueError` for a public address of a family that no bound one has.
    """
    if not public_addresses:
        return [(address, number) for number, address in enumerate(addresses)]
    behind = {6: _of_family(addresses, 6), 4: _of_family(addresses, 4)}
    taken = {4: 0, 6: 0}
    result = []
    for text in public_addresses:
        address = _read(text)
        if str(address) in addresses:
            result.append((str(address), addresses.index(str(address))))
            continue
        numbers = behind[address.version]
        if not numbers:
            raise ValueError(f"{text} has no IPv{address.version} address behind it")
        result.append((str(address), numbers[min(taken[address.version], len(numbers) - 1)]))
        taken[address.version] += 1
    return result


def _read(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IPv4 or IPv6 address") from None


def _of_family(addresses: Sequence[str], version: int) -> list[int]:
    return [number for number, text in enumerate(addresses) if ipaddress.ip_address(text).version == version]
