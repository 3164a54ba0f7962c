"""Who may take which contact, who is best, and why (rules 2, 3, 6 and 8, explanations), by looking at everybody."""

from __future__ import annotations

from acd_core.decisions import Explanation, NextContact
from acd_core.reference.records import Agent, Contact
from acd_core.reference.state import State
from acd_core.requirements import describe, is_met, named_skills
from acd_core.states import AgentState
from acd_core.strategies import STRATEGIES, Wanted
from acd_core.strategies.random_draw import draw


class Choosing(State):
    def _is_skilled(self, agent: Agent, contact: Contact) -> bool:
        """Serves the queue and meets the requirement."""
        return contact.queue.name in agent.queues and is_met(contact.requirement, agent.levels)

    def _is_free(self, agent: Agent, contact: Contact) -> bool:
        """At work, with room for the contact, and nothing ringing."""
        return agent.is_open and agent.has_room(contact.channel)

    def _is_barred(self, agent: Agent, contact: Contact) -> bool:
        return agent.name in contact.excluded or (contact.name, agent.name) in self._exclusions

    def _kept_for(self, contact: Contact) -> Agent | None:
        """The only one who may take it for now (rule 6.1)."""
        agent = self._agents.get(contact.preferred) if contact.preferred is not None and contact.preferring else None
        if agent is None or self._is_barred(agent, contact):
            return None
        return agent if agent.at_work and agent.has_lane(contact.channel) else None

    def _may_take_unnamed(self, agent: Agent, contact: Contact) -> bool:
        return (
            self._is_free(agent, contact) and not self._is_barred(agent, contact) and self._is_skilled(agent, contact)
        )

    def _may_take(self, agent: Agent, contact: Contact) -> bool:
        if not self._is_free(agent, contact):
            return False
        kept_for = self._kept_for(contact)
        return self._may_take_unnamed(agent, contact) if kept_for is None else kept_for is agent

    def _open_agents(self) -> list[Agent]:
        return [agent for agent in self._agents.values() if agent.is_open]

    def _candidates(self, contact: Contact, among: list[Agent]) -> list[Agent]:
        """All of these who may take it now, the best first."""
        kept_for = self._kept_for(contact)
        if kept_for is not None:
            return [kept_for] if self._is_free(kept_for, contact) else []
        agents = [agent for agent in among if self._may_take_unnamed(agent, contact)]
        return sorted(self._ranked(agents, contact), key=lambda agent: agent.name != contact.preferred)

    def _wanted(self, contact: Contact) -> Wanted:
        return Wanted(contact.name, named_skills(contact.requirement), contact.topic, self._matching.seed)

    def _ranked(self, agents: list[Agent], contact: Contact, winner: Agent | None = None) -> list[Agent]:
        """By the queue's strategy (rule 8), the best first; ``winner``: of somebody who is not among them."""
        strategy = STRATEGIES[contact.queue.settings.strategy]
        wanted = self._wanted(contact)
        if strategy.name == "random":
            return draw(agents, wanted, first=winner is not None, count=len(agents))
        return sorted(
            agents, key=lambda agent: (-strategy.term(agent, wanted), agent.idle_since_ns, agent.idle_sequence)
        )

    def _grouped(self, agents: list[Agent], contact: Contact) -> tuple[list[Agent], ...]:
        """Of these: those of its queue; of them those with the skills; of them those who may take it (not asked whom it
        is kept for), whom it excludes, and who are free but spared it."""
        in_queue = [one for one in agents if contact.queue.name in one.queues]
        skilled = [one for one in in_queue if self._is_skilled(one, contact)]
        takers = [one for one in skilled if self._may_take_unnamed(one, contact)]
        excluded = [one for one in skilled if one.name in contact.excluded]
        barred = [one for one in skilled if self._is_free(one, contact) and self._is_barred(one, contact)]
        return in_queue, skilled, takers, excluded, [one for one in barred if one not in excluded]

    def _explanation(self, agent: Agent, contact: Contact, named: str = "") -> Explanation:
        """Why the agent gets the contact; ``named``: what chose the agent, if not the queue's strategy."""
        agents = list(self._agents.values())
        in_queue, skilled, takers, excluded, spared = self._grouped(agents, contact)
        left_out = {agent, *takers, *excluded, *spared}
        others = [one for one in skilled if one not in left_out]
        wanted = self._wanted(contact)
        runners_up = self._ranked([one for one in takers if one is not agent], contact, winner=agent)
        by_name = named not in ("", "joint")
        runner_up = runners_up[0] if runners_up and not by_name else None
        states = [one.state for one in others]
        strategy = STRATEGIES[contact.queue.settings.strategy]
        return Explanation(
            named or strategy.name,
            contact.queue.name,
            describe(contact.requirement),
            agent.name,
            self._now_ns - agent.idle_since_ns,
            self._now_ns - contact.arrival_ns,
            1 if by_name else len(takers),
            runner_up.name if runner_up else None,
            self._now_ns - runner_up.idle_since_ns if runner_up else None,
            tuple(sorted(one.name for one in excluded if one is not agent)),
            states.count(AgentState.OFFERED),
            states.count(AgentState.BUSY),
            states.count(AgentState.WRAP_UP),
            states.count(AgentState.PAUSED),
            states.count(AgentState.NOT_RESPONDING),
            sum(one is not agent and one not in skilled for one in in_queue),
            sum(one is not agent and one not in in_queue for one in agents),
            sum(self._terms(contact).values()),
            **self._terms(contact),
            term=0 if by_name else strategy.term(agent, wanted),
            runner_up_term=strategy.term(runner_up, wanted) if runner_up else None,
            step=contact.step,
            no_channel=states.count(AgentState.AVAILABLE),
            not_named=len(runners_up) if by_name else 0,
            spared=tuple(sorted(one.name for one in spared if one is not agent)),
            next_contact=self._next_contact(agent, contact),
        )

    def _next_contact(self, agent: Agent, chosen: Contact) -> NextContact | None:
        """The first of the others that the agent may take now."""
        others = (one for one in self._contacts.values() if one.wants_agent and one is not chosen)
        takeable = [one for one in others if self._may_take(agent, one)]
        if not takeable:
            return None
        first = min(takeable, key=self._order)
        terms = self._terms(first)
        waited_ns = self._now_ns - first.arrival_ns
        return NextContact(first.name, first.queue.name, waited_ns, sum(terms.values()), **terms)
