"""The configuration in the distributor's words: read by the loader, taken by the distributor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd_core import events as ev
from acd_core.reference import Distributor
from acd_core.strategies import orders
from gateway.config.loader import load, parse
from gateway.config.schema import Config
from gateway.routing.settings import agent_signed_in, asked_for, matching_configured, queue_configured

EVERYTHING = """\
[distribution]
seed = 7
window_ms = 20

[[queues]]
name = "support"
title = "Support"
skills = ["support"]
needs = ["german>=50 | english >= 80", "team:north"]
strategy = "success"
topic = "invoices"
priority = 3
broadcast = 2
return_ms = 60000
handle_ms = 180000
order = { policy = "priority", level_ms = 30000, ageing_percent = 200, overtaking_ms = 600000 }
splits = [{ to = "second", permille = 50 }]

[[queues.steps]]
after_ms = 20000
lower = 20

[[queues.steps]]
after_ms = 40000
drop = ["team:north"]
needs = ["trained"]

[[queues.overflow]]
to = "second"
when = "wait"
after_ms = 120000

[[queues.overflow]]
to = "second"
when = "size"
waiting = 30

[[queues]]
name = "second"
title = "Second"

[[numbers]]
number = "100"
queue = "support"
priority = 9
needs = ["language:fr>=40"]
topic = "returns"

[[agents]]
login = "anna"
name = "Anna"
queues = ["support"]
skills = ["support"]
levels = { german = 60 }
scores = { invoices = 700 }
weight = 3
wrap_up_ms = 5000

[[agents.lanes]]
channel = "chat"
most = 3
interruptible = true

[[agents.lanes]]
channel = "*"
weight = 3
"""


@pytest.fixture
def config() -> Config:
    return parse(EVERYTHING, file="z.toml")


def test_every_setting_reaches_the_distributor(config: Config) -> None:
    queue = queue_configured(config.queues[0])
    assert queue == ev.QueueConfigured(
        queue="support",
        offer_ms=20_000,
        wrap_up_ms=30_000,
        skills=frozenset({"support"}),
        strategy="success",
        needs=frozenset({frozenset({("german", 50), ("english", 80)}), frozenset({("team:north", 0)})}),
        order=orders.priority(30_000, rate=2000, overtaking_ms=600_000),
        steps=(
            ev.Step(20_000, lower=20),
            ev.Step(40_000, drop=frozenset({"team:north"}), needs=frozenset({frozenset({("trained", 0)})})),
        ),
        overflow=(ev.Overflow("second", "wait", 120_000), ev.Overflow("second", "size", 30)),
        splits=(ev.Split("second", 50),),
        broadcast=2,
        return_ms=60_000,
        handle_ms=180_000,
    )
    assert agent_signed_in(config.agents[0]) == ev.AgentSignedIn(
        agent="anna",
        queues=frozenset({"support"}),
        skills=frozenset({"support"}),
        levels=frozenset({("german", 60)}),
        lanes=(ev.Lane("chat", 3, 1, interruptible=True), ev.Lane("*", 1, 3)),
        capacity=3,
        wrap_up_ms=5000,
        weight=3,
        scores=frozenset({("invoices", 700)}),
    )
    assert matching_configured(config.distribution) == ev.MatchingConfigured(seed=7, window_ms=20)


def test_the_distributor_takes_it(config: Config) -> None:
    distributor = Distributor()
    told: list[ev.Event] = [
        matching_configured(config.distribution),
        *map(queue_configured, config.queues),
        *map(agent_signed_in, config.agents),
    ]
    for event in told:
        distributor.handle(event, 1)


def test_number_and_queue_say_what_a_contact_asks_for(config: Config) -> None:
    arrived = ev.ContactArrived("c", "support")
    of_queue = asked_for(arrived, config.queues[0])
    assert (of_queue.priority, of_queue.topic, of_queue.needs) == (3, "invoices", frozenset())
    of_number = asked_for(arrived, config.queues[0], config.numbers[0])
    assert (of_number.priority, of_number.topic) == (9, "returns")
    assert of_number.needs == frozenset({frozenset({("language:fr", 40)})})


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ('policy = "arrival"', orders.arrival()),
        ('policy = "priority"', orders.priority(60_000)),
        ('policy = "greatest_need"', orders.greatest_need()),
        ('policy = "service_objective", objective_ms = 10000', orders.service_objective(10_000)),
        ('policy = "generalised_cmu", cost = 2, cost_fixed_s = 5', orders.generalised_cmu(2, 180_000, 5)),
        ('policy = "ratio", share = 3, ageing_percent = 10', orders.ratio(3, rate=100)),
        (
            'policy = "priority", objective_ms = 20000, target_percent = 90, blend_ms = 1000',
            orders.blended(orders.priority(60_000), 20_000, 900, 100_000),
        ),
    ],
)
def test_orders(order: str, expected: ev.Order) -> None:
    text = EVERYTHING.replace(EVERYTHING[EVERYTHING.index("order =") :].splitlines()[0], f"order = {{ {order} }}")
    configured = queue_configured(parse(text, file="z.toml").queues[0])
    assert configured.order == expected
    Distributor().handle(configured, 1)


def test_defaults_are_what_the_distributor_does_by_itself() -> None:
    config = load(None)
    queue, agent = config.queues[0], config.agents[0]
    assert queue_configured(queue) == ev.QueueConfigured(queue.name, queue.offer_ms, queue.wrap_up_ms)
    assert agent_signed_in(agent) == ev.AgentSignedIn(agent.login, frozenset(agent.queues), frozenset())
    assert asked_for(ev.ContactArrived("c", "q"), queue) == ev.ContactArrived("c", "q")
    assert matching_configured(config.distribution) == ev.MatchingConfigured()


def examples() -> list[str]:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "distribution.md").read_text("utf-8")
    return re.findall(r"```toml\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("number", range(len(examples())))
def test_examples_of_the_how_to(number: int) -> None:
    """Each can be put into a file as it stands, and the distributor takes what becomes of it."""
    example = examples()[number]
    begin = '[[queues]]\nname = "q"\ntitle = "Q"\n'
    named = set(re.findall(r'^name = "(\w+)"', example, re.MULTILINE))
    for queue in {"billing", "support", "tariffs", "backup"} - named:
        begin = f'[[queues]]\nname = "{queue}"\ntitle = "Q"\n{begin}'
    agent = '\n[[agents]]\nlogin = "last"\nname = "Last"\nqueues = ["q"]\n'
    config = parse(begin + example + agent, file="z.toml")
    distributor = Distributor()
    told: list[ev.Event] = [*map(queue_configured, config.queues), *map(agent_signed_in, config.agents)]
    for event in told:
        distributor.handle(event, 1)
