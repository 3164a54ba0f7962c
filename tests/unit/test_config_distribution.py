"""The distribution's settings: what may be written, and the exact words for each mistake."""

from __future__ import annotations

import pytest

from gateway.config.errors import ConfigError
from gateway.config.loader import default_text, parse
from gateway.config.schema import Config

END = """\
[[queues]]
name = "other"
title = "Other"
channels = ["phone"]
[[agents]]
login = "anna"
name = "Anna"
queues = ["q"]
"""


def read(queue: str = "", agent: str = "", top: str = "") -> Config:
    """A file with a queue that begins on line 1 and has ``queue`` from line 4 on, and an agent with ``agent``."""
    return parse(f'[[queues]]\nname = "q"\ntitle = "Q"\n{queue}{END}{agent}{top}', file="z.toml")


def mistakes(queue: str = "", agent: str = "", top: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(queue, agent, top)
    return [line.removeprefix("z.toml:") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("queue", "report"),
    [
        ('needs = ["german > 5"]\n', "has characters that are not allowed here; use a skill, or skill>=level, or "),
        ('needs = ["german>=101"]\n', "4: queues[0].needs[0]: 101 is too large; use a level from 0 to 100"),
        (
            'strategy = "longest"\n',
            '4: queues[0].strategy: "longest" is not one of "least_occupied", "least_skilled", "longest_idle", '
            '"most_skilled", "random", "round_robin", "success"; did you mean "longest_idle"?',
        ),
        (
            'strategy = "success"\n',
            '4: queues[0].strategy: "success" compares scores for a topic, and the queue has none; add topic = "..."',
        ),
        (
            'order = "priority"\n',
            '4: queues[0].order: must be a table, not the text "priority"; write order = { ... }',
        ),
        (
            "order = { share = 3 }\n",
            '4: queues[0].order.share: does nothing with the policy "arrival"; remove it, or use policy "ratio"',
        ),
        (
            'order = { policy = "ratio" }\n',
            '4: queues[0].order.share: missing; the policy "ratio" goes by it; add share = ...',
        ),
        (
            'order = { policy = "generalised_cmu" }\n',
            '4: queues[0].order.policy: "generalised_cmu" goes by the handling time, and the queue has none; '
            "add handle_ms = ... to the queue",
        ),
        (
            "order = { target_percent = 80 }\n",
            "4: queues[0].order.target_percent: nothing says what answered in time means; add objective_ms = ...",
        ),
        (
            "order = { objective_ms = 20000 }\n",
            '4: queues[0].order.objective_ms: does nothing with the policy "arrival" and without a target; '
            "add target_percent = ..., or remove it",
        ),
        (
            "order = { blend_ms = 100 }\n",
            "4: queues[0].order.blend_ms: does nothing without a target; add target_percent = ..., or remove it",
        ),
        (
            'order = { policy = "prority", level_ms = 5 }\n',
            '4: queues[0].order.policy: "prority" is not one of "arrival", "generalised_cmu", "greatest_need", '
            '"priority", "ratio", "service_objective"; did you mean "priority"?',
        ),
        (
            "steps = [{ after_ms = 2000 }, { after_ms = 2000, lower = 5 }]\n",
            "4: queues[0].steps[1].after_ms: 2000 is not later than the step before it; write them in order",
        ),
        ("[[queues.steps]]\nlower = 5\n", "4: queues[0].steps[0].after_ms: missing; add after_ms = ..."),
        (
            "[queues.steps]\nlower = 5\n",
            "4: queues[0].steps: must be a list of tables, not a table; "
            "write [[queues.steps]] with two brackets, once for each",
        ),
        (
            'overflow = [{ to = "other", when = "wait" }]\nchannels = ["phone"]\n',
            '4: queues[0].overflow[0].after_ms: missing; "wait" goes by it; add after_ms = ...',
        ),
        (
            'overflow = [{ to = "other", when = "size", waiting = 3, after_ms = 4 }]\nchannels = ["phone"]\n',
            '4: queues[0].overflow[0].after_ms: does nothing with "size"; remove it',
        ),
        (
            'channels = ["phone"]\n[[queues.overflow]]\nto = "othr"\nwhen = "unstaffed"\n',
            '6: queues[0].overflow[0].to: there is no queue "othr"; did you mean "other"?',
        ),
        (
            '[[queues.overflow]]\nto = "q"\nwhen = "unstaffed"\n',
            "5: queues[0].overflow[0].to: leads back to the same queue; name another",
        ),
        (
            'channels = ["phone", "chat"]\n[[queues.overflow]]\nto = "other"\nwhen = "unstaffed"\n',
            '6: queues[0].overflow[0].to: queue "other" does not take all that may come from here; '
            'add "chat" to its channels, or choose another',
        ),
        (
            'channels = ["phone"]\noverflow = [{ to = "other", when = "closed" }]\n',
            "5: queues[0].overflow[0].when: the queue has no hours, so it is never closed; "
            "add [queues.hours], or remove this",
        ),
        (
            'channels = ["phone"]\noverflow = [{ to = "other", when = "estimate", after_ms = 1 }]\n',
            '5: queues[0].overflow[0].when: "estimate" goes by the handling time, and the queue has none; '
            "add handle_ms = ...",
        ),
        (
            'channels = ["phone"]\nsplits = [{ to = "other", permille = 600 }, { to = "other", permille = 500 }]\n',
            "5: queues[0].splits: the shares add up to 1100 of 1000; make them smaller",
        ),
        (
            '[queues.hours]\nmonday = ["09:00-8:00"]\n',
            '5: queues[0].hours.monday[0]: "09:00-8:00" has characters that are not allowed here; '
            "use from-to, such as 08:00-17:30, until 24:00 at most",
        ),
        (
            '[queues.hours]\nmonday = ["22:00-06:00"]\n',
            '5: queues[0].hours.monday[0]: "22:00-06:00" ends before it begins; past midnight is the next day\'s',
        ),
        (
            '[queues.hours]\nmonday = ["08:00-12:00", "11:00-13:00"]\n',
            '5: queues[0].hours.monday[1]: "11:00-13:00" begins before the one before it ends; write them in order',
        ),
        (
            '[queues.hours]\nmonday = ["08:00-12:00"]\nclosed_on = ["2026-02-30"]\n',
            '6: queues[0].hours.closed_on[0]: there is no day "2026-02-30"; write year-month-day',
        ),
        (
            "[queues.hours]\ndrain = false\n",
            '4: queues[0].hours: the queue would never be open; add monday = ["08:00-17:00"] and so on',
        ),
    ],
)
def test_mistake_in_a_queue(queue: str, report: str) -> None:
    found = mistakes(queue)
    assert len(found) == 1, found
    assert report in found[0] if report.startswith("has") else report == found[0]


@pytest.mark.parametrize(
    ("agent", "report"),
    [
        ("levels = 5\n", "agents[0].levels: must be a table, not the number 5; write levels = { name = number, ... }"),
        ("levels = { fr = 101 }\n", "agents[0].levels.fr: 101 is too large; use a number from 0 to 100"),
        (
            'skills = ["fr"]\nlevels = { fr = 50 }\n',
            "agents[0].levels.fr: stands under skills already, at 100; remove it from one of them",
        ),
        (
            'lanes = [{ channel = "phone", most = 2 }]\n',
            'agents[0].lanes[0].most: nobody can talk to several callers at once; use 1, or channel = "chat"',
        ),
        (
            'lanes = [{ channel = "*", interruptible = true }]\n',
            'agents[0].lanes[0].interruptible: a call can\'t be interrupted; remove it, or use channel = "chat"',
        ),
        (
            'lanes = [{ channel = "chat" }, { channel = "chat" }]\n',
            'agents[0].lanes[1].channel: "chat" stands there twice; remove one',
        ),
        (
            'lanes = [{ channel = "chat", weight = 3 }]\ncapacity = 2\n',
            "agents[0].lanes[0].weight: 3 is more than the agent's capacity of 2; make capacity greater",
        ),
        ("capacity = 2\n", "agents[0].capacity: does nothing without lanes; add [[agents.lanes]], or remove it"),
    ],
)
def test_mistake_in_an_agent(agent: str, report: str) -> None:
    found = mistakes(agent=agent)
    assert [line.split(": ", 1)[1] for line in found] == [report]


def test_unknown_time_zone() -> None:
    assert mistakes(top='[distribution]\ntimezone = "Europe/Berlni"\n') == [
        '13: distribution.timezone: there is no time zone "Europe/Berlni" on this machine; '
        'did you mean "Europe/Berlin"?'
    ]


def test_built_in_file_says_nothing_of_it() -> None:
    """Who does not ask for it gets first come, first served, one contact at a time."""
    for word in ("strategy", "order", "lanes", "overflow", "hours"):
        assert f"{word} =" not in default_text()
