"""Why a contact still waits: what keeps each agent who is signed in from it, as the offer's explanation says of others.

The compiled core explains offers, and here there is none; so the oracle looks at everybody, once.
"""

from __future__ import annotations

from acd_core.decisions import Explanation, PassedOver
from acd_core.journal.story import Happening
from acd_core.limits import Limits
from acd_core.reference import Distributor
from acd_core.reference.records import Contact
from acd_core.requirements import describe
from acd_core.states import AgentState, ContactState
from acd_core.views import Snapshot
from acd_core.wording import count_agents, duration

NS_PER_MS = 1_000_000

DOING = {
    AgentState.OFFERED: "is being offered another contact",
    AgentState.BUSY: "is busy with a contact",
    AgentState.WRAP_UP: "is in wrap-up",
}


def tell_waiting(contact: str, snapshot: Snapshot, limits: Limits, where: str) -> Happening | None:
    """None: it does not wait, or is not there.  ``where`` says what the snapshot is of: "the journal ends here"."""
    if all(view.contact != contact or view.state is not ContactState.WAITING for view in snapshot.contacts):
        return None
    inquiry = Inquiry(limits)
    inquiry.restore(snapshot)
    return inquiry.tell(contact, where)


class Inquiry(Distributor):
    """Restored from a snapshot, and asked."""

    def tell(self, contact: str, where: str) -> Happening:
        waiting = self._contact(contact)
        now_ns = self._now_ns
        queue = waiting.queue
        place = ""
        if waiting.is_in_line:
            line = sum(other.queue is queue and other.is_in_line for other in self._contacts.values())
            place = f"at place {self.position(contact)} of {line} "
        sentence = f"{where}: waits {place}in queue {queue.name}, {duration(now_ns - waiting.arrival_ns)} by now"
        reasons = [*self._held(waiting), *self._kept(waiting)]
        groups = [group.sentence for group in self.groups(waiting)]
        return Happening(now_ns, sentence, (*reasons, *(groups or ["nobody is signed in"])))

    def _held(self, contact: Contact) -> list[str]:
        if contact.held == "closed":
            return ["is held until its queue opens"]
        if not contact.held:
            return []
        if contact.held_until_ns is None:
            return ["is not to be offered until it returns"]
        return [f"is not to be offered for {duration(contact.held_until_ns - self._now_ns)} yet"]

    def _kept(self, contact: Contact) -> list[str]:
        agent = self._kept_for(contact)
        if agent is None:
            return []
        left_ns = contact.entered_ns + contact.preferred_ms * NS_PER_MS - self._now_ns
        doing = DOING.get(agent.state, "has no room for it") if not self._is_free(agent, contact) else "is available"
        return [f"is kept for {agent.name}, who {doing}, for {duration(max(left_ns, 0))} yet"]

    def groups(self, contact: Contact) -> list[PassedOver]:
        """Each agent who is signed in is in one of them, but for the one whom the contact is kept for."""
        kept_for = self._kept_for(contact)
        agents = [agent for agent in self._agents.values() if agent is not kept_for]
        in_queue, able, takers, excluded, spared = self._grouped(agents, contact)
        states = [agent.state for agent in able if agent not in {*takers, *excluded, *spared}]
        others = Explanation(
            "longest_idle",
            contact.queue.name,
            describe(contact.requirement),
            "",
            0,
            0,
            considered=1,
            excluded=tuple(sorted(agent.name for agent in excluded)),
            offered=states.count(AgentState.OFFERED),
            busy=states.count(AgentState.BUSY),
            wrap_up=states.count(AgentState.WRAP_UP),
            paused=states.count(AgentState.PAUSED),
            not_responding=states.count(AgentState.NOT_RESPONDING),
            unskilled=len(in_queue) - len(able),
            elsewhere=len(agents) - len(in_queue),
            no_channel=states.count(AgentState.AVAILABLE),
            spared=tuple(sorted(agent.name for agent in spared)),
        ).passed_over()
        if not takers:
            return others
        but = ", but it is kept" if kept_for is not None else ", but it is held" if contact.held else " and may take it"
        return [PassedOver("available", len(takers), f"{count_agents(len(takers))} available{but}"), *others]
