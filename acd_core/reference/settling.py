"""The whole of the distribution: who of those waiting is offered to whom now (rules 7.5 and 11)."""

from __future__ import annotations

from acd_core.checks import NS_PER_MS
from acd_core.limits import WINDOW_AGENTS_MAX, WINDOW_CONTACTS_MAX
from acd_core.reference.flow import Flow
from acd_core.reference.joint import assign
from acd_core.reference.records import Agent, Contact


class Settling(Flow):
    def _settle(self) -> None:
        if not self._matching.window_ms:
            self._match_greedily()
        elif self._window_ns is None and self._somebody_can_be_served():
            self._window_ns = self._now_ns + self._matching.window_ms * NS_PER_MS
            self._window_sequence = self._next()

    def _line(self) -> list[Contact]:
        """All who want an agent, in the order in which they are served."""
        return sorted((one for one in self._contacts.values() if one.wants_agent), key=self._order)

    def _match_greedily(self) -> None:
        agents = self._open_agents()
        line = self._line() if agents else []
        while line and agents:
            contact = line[0]
            candidates = self._candidates(contact, agents)
            if not candidates:
                del line[0]
                continue
            self._make_offer(candidates[0], contact)
            agents.remove(candidates[0])
            if not contact.wants_agent:
                del line[0]
            if contact.queue.settings.order.toll:
                line.sort(key=self._order)

    def _somebody_can_be_served(self) -> bool:
        agents = self._open_agents()
        return any(self._candidates(contact, agents) for contact in self._contacts.values() if contact.wants_agent)

    def _end_window(self) -> None:
        self._window_ns = self._window_sequence = None
        while pairs := self._joint_round():
            for contact, agent in pairs:
                best = self._candidates(contact, self._open_agents())[0]
                self._make_offer(agent, contact, "" if agent is best else "joint")

    def _joint_round(self) -> list[tuple[Contact, Agent]]:
        contacts: list[Contact] = []
        choices: list[list[Agent]] = []
        agents: list[Agent] = []
        free = self._open_agents()
        for contact in self._line():
            candidates = self._candidates(contact, free)[:WINDOW_AGENTS_MAX]
            if candidates:
                contacts.append(contact)
                choices.append(candidates)
                agents.extend(agent for agent in candidates if agent not in agents)
            if len(contacts) == WINDOW_CONTACTS_MAX:
                break
        if not contacts:
            return []
        values = [[0] * max(len(agents), len(contacts)) for _ in contacts]
        for row, candidates in enumerate(choices):
            for rank, agent in enumerate(candidates):
                values[row][agents.index(agent)] = (1 << 40) - (row << 20) + (1 << 16) - 1 - rank
        columns = assign(values)
        return [
            (contact, agents[column])
            for row, (contact, column) in enumerate(zip(contacts, columns, strict=True))
            if values[row][column]
        ]
