"""How contacts enter queues, what time does to them there, and how they move on: rules 9.9 and 10."""

from __future__ import annotations

from collections.abc import Iterable

from acd_core.checks import NS_PER_MS
from acd_core.decisions import ContactMoved
from acd_core.hashing import draw_permille
from acd_core.limits import HOPS_MAX, MEASURED
from acd_core.reference.hands import Hands
from acd_core.reference.records import Contact, Queue
from acd_core.states import AgentState, ContactState


class Flow(Hands):
    def _in_line(self, queue: Queue, besides: Contact | None = None) -> list[Contact]:
        """Who waits in the queue and is not held, by arrival."""
        found = (one for one in self._contacts.values() if one.queue is queue and one.is_in_line and one is not besides)
        return sorted(found, key=lambda one: one.place)

    def _split(self, contact: Contact) -> None:
        """Rule 8.3."""
        drawn, bound = draw_permille(self._matching.seed, contact.name), 0
        for split in contact.queue.settings.splits:
            bound += split.permille
            if drawn < bound:
                if split.to in self._queues:
                    self._move(contact, self._queues[split.to], "split")
                return

    def _move(self, contact: Contact, queue: Queue, reason: str) -> None:
        if queue is not contact.queue:
            self._decisions.append(ContactMoved(contact.name, contact.queue.name, queue.name, reason))
            contact.queue = queue

    def _enter(self, contact: Contact) -> None:
        contact.entered_ns, contact.step = self._now_ns, 0
        contact.preferring = contact.preferred is not None and contact.preferred_ms > 0
        contact.charged = contact.overflow_tried = False
        contact.held, contact.held_until_ns = "", None
        queue = contact.queue
        if queue.closed:
            if not self._overflow(contact, "closed"):
                contact.held = "closed"
            return
        for when in ("unstaffed", "size", "estimate"):
            if self._is_full(contact, when) and self._overflow(contact, when):
                return
        self._join(contact)

    def _is_full(self, contact: Contact, when: str) -> bool:
        rule = contact.queue.rule(when)
        if rule is None:
            return False
        agents = [agent for agent in self._agents.values() if contact.queue.name in agent.queues]
        ahead = len(self._in_line(contact.queue, besides=contact))
        if when == "unstaffed":
            return not agents
        if when == "size":
            return ahead >= rule.value
        if any(agent.state is AgentState.AVAILABLE for agent in agents):
            return False
        at_work = sum(agent.at_work for agent in agents)
        return at_work == 0 or (ahead + 1) * contact.queue.settings.handle_ms // at_work > rule.value

    def _overflow(self, contact: Contact, when: str) -> bool:
        rule = contact.queue.rule(when)
        target = self._queues.get(rule.to) if rule is not None else None
        if target is None or target is contact.queue or contact.hops >= HOPS_MAX:
            return False
        contact.hops += 1
        self._move(contact, target, f"overflow: {when}")
        self._enter(contact)
        return True

    def _join(self, contact: Contact) -> None:
        """The contact has come to be in line: a queue that nobody waited in has no credit from that time (rule 7.4)."""
        queue = contact.queue
        if queue.settings.order.toll and not self._in_line(queue, besides=contact):
            queue.passed = max(queue.passed, self._passed)

    def _come_back(self, contact: Contact) -> None:
        """It waits again, at its old place, if it does."""
        if contact.is_in_line:
            self._join(contact)
            self._catch_up(contact)

    def _catch_up(self, contact: Contact) -> None:
        """Do what is due by the time since it entered the queue (rule 10.2)."""
        waited_ns = self._now_ns - contact.entered_ns
        if waited_ns >= contact.preferred_ms * NS_PER_MS:
            contact.preferring = False
        contact.step = sum(step.after_ms * NS_PER_MS <= waited_ns for step in contact.queue.settings.steps)
        rule = contact.queue.rule("wait")
        if contact.state is not ContactState.WAITING or rule is None or contact.overflow_tried:
            return
        if waited_ns >= rule.value * NS_PER_MS:
            contact.overflow_tried = True
            self._overflow(contact, "wait")

    def _lost_agent(self, queues: Iterable[str]) -> None:
        """Overflow of queues that have nobody left."""
        for name in sorted(queues):
            queue = self._queues.get(name)
            if queue is None or any(name in agent.queues for agent in self._agents.values()):
                continue
            for contact in self._in_line(queue):
                self._overflow(contact, "unstaffed")

    def _measure(self, contact: Contact, *, served: bool) -> None:
        """Against the service objective (rule 7.3)."""
        queue = contact.queue
        objective_ns = queue.settings.order.objective_ms * NS_PER_MS
        good = self._now_ns - contact.arrival_ns <= objective_ns
        if objective_ns and (served or not good):
            queue.measured = [*queue.measured, good][-MEASURED:]
