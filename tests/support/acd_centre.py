"""A distributor with a clock in whole seconds, and words for what is asked of it most; for short stories."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import Decision, OfferMade
from acd_core.reference import Distributor as Reference

S = 1_000_000_000
SALES = frozenset({"sales"})
NONE: frozenset[str] = frozenset()


both = pytest.mark.parametrize("make", [pytest.param(Distributor, id="core"), pytest.param(Reference, id="reference")])
"""The story runs against both distributors."""


class Centre:
    def __init__(self, make: type[Any], *, offer_ms: int = 20_000, wrap_up_ms: int = 0, **settings: Any) -> None:
        self.d: DistributorApi = make()
        self.now = 0
        self.made: list[OfferMade] = []
        self.queue("sales", offer_ms=offer_ms, wrap_up_ms=wrap_up_ms, **settings)

    def queue(self, name: str, offer_ms: int = 20_000, wrap_up_ms: int = 0, **settings: Any) -> list[Decision]:
        return self.tell(ev.QueueConfigured(name, offer_ms, wrap_up_ms, **settings))

    def at(self, second: int) -> Centre:
        """Let time pass, timers included."""
        while (due := self.d.get_timer()) is not None and due <= second * S:
            self._note(self.d.handle_timer(due))
        self.now = second
        return self

    def tell(self, event: ev.Event) -> list[Decision]:
        return self._note(self.d.handle(event, self.now * S))

    def sign_in(self, *agents: str, skills: str = "", queues: str = "sales", **settings: Any) -> None:
        """Ready in this order; skills and queues with spaces between them."""
        for agent in agents:
            self.tell(ev.AgentSignedIn(agent, frozenset(queues.split()), frozenset(skills.split()), **settings))
            self.tell(ev.AgentReady(agent))

    def arrive(self, contact: str, queue: str = "sales", skills: str = "", **settings: Any) -> list[Decision]:
        return self.tell(ev.ContactArrived(contact, queue, frozenset(skills.split()), **settings))

    def ring(self) -> dict[str, str]:
        """What rings at whom."""
        return {offer.agent: offer.contact for offer in self.d.snapshot().offers}

    def has(self, agent: str) -> str:
        """``busy c1``, ``paused``."""
        view = self.d.agent(agent)
        return f"{view.state} {view.contact}" if view.contact else str(view.state)

    def accept(self, agent: str) -> list[Decision]:
        return self.tell(ev.OfferAccepted(self._offer(agent), agent))

    def reject(self, agent: str) -> list[Decision]:
        return self.tell(ev.OfferRejected(self._offer(agent), agent))

    def serve(self, agent: str) -> str:
        """Accept what rings, and be through with it at once."""
        contact = self.ring()[agent]
        self.accept(agent)
        self.tell(ev.ContactEnded(contact))
        return contact

    def order(self, agent: str) -> list[str]:
        """Everything that the agent is offered, one after the other, at this moment."""
        self.tell(ev.AgentReady(agent))
        served = []
        while agent in self.ring():
            served.append(self.serve(agent))
        return served

    @property
    def why(self) -> str:
        """The sentence of the last offer."""
        return self.made[-1].explanation.sentence()

    def groups(self) -> dict[str, int]:
        """Who was passed over at the last offer."""
        return {group.reason: group.count for group in self.made[-1].explanation.passed_over()}

    def _offer(self, agent: str) -> int:
        offer = self.d.agent(agent).offer
        assert offer is not None, f"nothing rings at {agent}"
        return offer

    def _note(self, decisions: list[Decision]) -> list[Decision]:
        self.made += [one for one in decisions if isinstance(one, OfferMade)]
        return decisions
