"""What visitors are told before they call or write: by who is there, what they can do, opening hours and overflow."""

from __future__ import annotations

from typing import cast

import pytest

from gateway.api.presence import Presence
from gateway.config.loader import parse
from gateway.model.events import AgentState, AgentStateChanged, QueueChanged
from gateway.model.ids import AgentId, Channel, QueueName
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus
from gateway.session.views import DeskView

CONFIG = """\
[[queues]]
name = "q"
title = "Q"
channels = ["chat", "web_call"]
needs = ["german>=50"]
{queue}
[[queues]]
name = "other"
title = "Other"
[[agents]]
login = "anna"
name = "Anna"
queues = ["q"]
{agent}
[[agents]]
login = "ben"
name = "Ben"
queues = ["other"]
lanes = [{{ channel = "phone" }}]
"""


class NobodyHere:
    def desk(self, agent: AgentId) -> DeskView:
        return DeskView(
            agent=agent,
            name="",
            state=AgentState.SIGNED_OUT,
            reason="",
            since_ns=0,
            until_ns=None,
            offer=None,
            contacts=[],
            queues=[],
            now_ns=0,
        )


class Scene:
    def __init__(self, queue: str = "", agent: str = "levels = { german = 60 }") -> None:
        self.bus = EventBus()
        self.changes = 0
        config = parse(CONFIG.format(queue=queue, agent=agent), file="z.toml")
        self.presence = Presence(config, cast(AgentService, NobodyHere()), self.bus, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def state(self, agent: str, state: AgentState = AgentState.AVAILABLE) -> None:
        self.bus.publish(
            AgentStateChanged(at_ns=1, agent=AgentId(agent), state=state, reason="", until_ns=None, contact=None)
        )

    def doors(self, queue: str, *, are_open: bool) -> None:
        self.bus.publish(
            QueueChanged(
                at_ns=1,
                queue=QueueName(queue),
                waiting=0,
                oldest_arrival_ns=None,
                agents_available=0,
                agents_signed_in=0,
                open=are_open,
            )
        )

    @property
    def chat_open(self) -> bool:
        return self.presence.is_open(Channel.CHAT)


def test_somebody_with_the_skill_must_be_there() -> None:
    scene = Scene()
    assert not scene.chat_open
    scene.state("anna")
    assert scene.chat_open
    scene.state("anna", AgentState.PAUSED)
    assert not scene.chat_open
    assert scene.changes == 2


@pytest.mark.parametrize(
    ("agent", "queue", "is_open"),
    [
        ("levels = { german = 40 }", "", False),
        ("levels = { german = 40 }", "steps = [{ after_ms = 10000, lower = 10 }]", True),
        ('skills = ["german"]', "", True),
        ('skills = ["german"]\nlanes = [{ channel = "phone" }]', "", False),
        ('skills = ["german"]\nlanes = [{ channel = "*" }]', "", True),
    ],
)
def test_what_the_agent_can_do_counts(agent: str, queue: str, is_open: bool) -> None:
    scene = Scene(queue, agent)
    scene.state("anna")
    assert scene.chat_open is is_open


def test_a_closed_queue_takes_nobody_whoever_is_there() -> None:
    scene = Scene()
    scene.state("anna")
    scene.doors("q", are_open=False)
    scene.doors("q", are_open=False)
    assert not scene.chat_open
    scene.doors("q", are_open=True)
    assert scene.chat_open
    assert scene.changes == 3


def test_overflow_counts_when_somebody_is_there_for_it() -> None:
    agent = 'skills = ["german"]\n[[agents]]\nlogin = "carol"\nname = "Carol"\nqueues = ["other"]'
    scene = Scene('overflow = [{ to = "other", when = "unstaffed" }]', agent)
    scene.state("ben")
    assert not scene.chat_open, "Ben takes calls only"
    scene.state("carol")
    assert scene.chat_open


def test_with_nobody_there_the_first_queue_is_named() -> None:
    scene = Scene('overflow = [{ to = "other", when = "unstaffed" }]')
    assert scene.presence.queue_for(Channel.CHAT, None) == "q"
