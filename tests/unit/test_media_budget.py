"""How many answers strangers get: few for each network, not many more for all, anew each second."""

from __future__ import annotations

import pytest

from gateway.media._guards import Budget

SECOND = 1_000_000_000
OF_NETWORK, OF_ALL = 10, 100


def taken(budget: Budget, hosts: list[str], now_ns: int = 0) -> int:
    return sum(budget.take(host, now_ns) for host in hosts)


@pytest.mark.parametrize(
    "hosts",
    [["192.0.2.7"], [f"192.0.2.{n}" for n in range(50)], [f"2001:db8::{n}" for n in range(50)]],
    ids=["host", "ipv4-24", "ipv6-64"],
)
def test_a_network_has_ten_a_second(hosts: list[str]) -> None:
    budget = Budget(seed=7)
    assert taken(budget, hosts * 50) == OF_NETWORK
    assert taken(budget, hosts * 50, SECOND - 1) == 0
    assert taken(budget, hosts * 50, SECOND) == OF_NETWORK


def test_other_networks_have_their_own() -> None:
    budget = Budget(seed=7)
    taken(budget, ["192.0.2.7"] * 100)
    assert taken(budget, ["192.0.3.7", "2001:db8::1", "2001:db8:0:1::1"] * 100) == 3 * OF_NETWORK


def test_all_networks_together_have_a_hundred() -> None:
    budget = Budget(seed=7)
    assert taken(budget, [f"10.{n}.{n}.1" for n in range(256)] * 3) == OF_ALL
    assert taken(budget, ["192.0.2.7"]) == 0
    assert taken(budget, ["192.0.2.7"], SECOND) == 1
