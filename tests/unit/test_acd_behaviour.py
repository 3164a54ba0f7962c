"""What the distributor does, told as short stories; each runs against the compiled core and the reference."""

from __future__ import annotations

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import AgentStateChanged, ContactAssigned, Decision, OfferEnded, OfferMade
from acd_core.errors import IllegalStateError, StaleOfferError, UnknownAgentError
from acd_core.reference import Distributor as Reference
from acd_core.states import AgentState, ContactState, OfferEnd

S = 1_000_000_000
SALES = frozenset({"sales"})
GERMAN = frozenset({"german"})
NONE: frozenset[str] = frozenset()


class Centre:
    """A distributor with a clock in whole seconds, and words for what is asked of it most."""

    def __init__(self, distributor: DistributorApi) -> None:
        self.d = distributor
        self.now = 0
        self.tell(ev.QueueConfigured("sales", 20_000, 30_000))

    def at(self, second: int) -> Centre:
        """Let time pass, timers included."""
        while (due := self.d.get_timer()) is not None and due <= second * S:
            self.decisions = self.d.handle_timer(due)
        self.now = second
        return self

    def tell(self, event: ev.Event) -> list[Decision]:
        return self.d.handle(event, self.now * S)

    def sign_in(self, *agents: str, skills: frozenset[str] = NONE, queues: frozenset[str] = SALES) -> None:
        """Ready in this order."""
        for agent in agents:
            self.tell(ev.AgentSignedIn(agent, queues, skills))
            self.tell(ev.AgentReady(agent))

    def arrive(self, contact: str, skills: frozenset[str] = NONE, queue: str = "sales") -> list[Decision]:
        return self.tell(ev.ContactArrived(contact, queue, skills))

    def state(self, agent: str) -> str:
        """``busy c1``, ``paused``."""
        view = self.d.agent(agent)
        return f"{view.state} {view.contact}" if view.contact else str(view.state)

    def serve(self, contact: str) -> str:
        """Accept whatever is offered of it; who it was."""
        view = self.d.contact(contact)
        assert view.offer is not None
        assert view.agent is not None
        self.tell(ev.OfferAccepted(view.offer, view.agent))
        return view.agent


@pytest.fixture(params=[Distributor, Reference], ids=["core", "reference"])
def centre(request: pytest.FixtureRequest) -> Centre:
    return Centre(request.param())


def offers(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(one.contact, one.agent) for one in decisions if isinstance(one, OfferMade)]


def states(decisions: list[Decision]) -> list[tuple[str, AgentState]]:
    return [(one.agent, one.state) for one in decisions if isinstance(one, AgentStateChanged)]


def test_a_contact_goes_to_the_longest_idle_agent_who_has_the_skills(centre: Centre) -> None:
    centre.sign_in("zoe")
    centre.at(1).sign_in("anna", "ben", skills=GERMAN)
    made, changed = centre.at(10).arrive("c1", GERMAN)
    assert isinstance(made, OfferMade)
    assert (made.offer, made.contact, made.agent, made.queue) == (1, "c1", "anna", "sales")
    assert made.expires_ns == 30 * S
    assert made.waited_ns == 0
    assert changed == AgentStateChanged("anna", AgentState.OFFERED, "offered", 30 * S, "c1")


def test_whoever_signs_in_is_paused_until_ready(centre: Centre) -> None:
    decisions = centre.tell(ev.AgentSignedIn("anna", SALES, NONE))
    assert decisions == [AgentStateChanged("anna", AgentState.PAUSED, "signed in", None, None)]
    centre.arrive("c1")
    assert offers(centre.tell(ev.AgentReady("anna"))) == [("c1", "anna")]


def test_accepted_conversation_wrap_up_available(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    assert centre.at(5).tell(ev.OfferAccepted(1, "anna")) == [
        OfferEnded(1, "c1", "anna", OfferEnd.ACCEPTED, ""),
        ContactAssigned("c1", "anna", 1),
        AgentStateChanged("anna", AgentState.BUSY, "accepted", None, "c1"),
    ]
    assert centre.at(65).tell(ev.ContactEnded("c1")) == [
        AgentStateChanged("anna", AgentState.WRAP_UP, "contact over", 95 * S, "c1")
    ]
    assert centre.d.get_timer() == 95 * S
    assert centre.d.handle_timer(94 * S) == []
    assert centre.d.handle_timer(95 * S) == [
        AgentStateChanged("anna", AgentState.AVAILABLE, "wrap-up over", None, None)
    ]
    assert centre.d.get_timer() is None


def test_no_answer_sends_the_contact_to_the_next_agent_at_once_at_its_old_place(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    centre.at(3).arrive("c2")
    centre.at(4).arrive("c3")
    centre.tell(ev.OfferRejected(2, "ben"))  # ben is free now, and gets c3, being spared c2
    assert centre.state("ben") == "offered c3"
    assert centre.d.handle_timer(20 * S) == [
        OfferEnded(1, "c1", "anna", OfferEnd.EXPIRED, "no answer"),
        AgentStateChanged("anna", AgentState.NOT_RESPONDING, "no answer", None, None),
    ]
    assert [centre.d.position(contact) for contact in ("c1", "c2", "c3")] == [1, 2, 3]
    centre.now = 20
    assert offers(centre.tell(ev.AgentReady("anna"))) == [("c1", "anna")]
    centre.sign_in("carl")
    assert centre.state("carl") == "offered c2"


def test_one_who_does_not_answer_gets_nothing_until_ready(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.at(21).arrive("c2")
    assert centre.state("anna") == "not_responding"
    assert offers(centre.tell(ev.AgentReady("anna"))) == [("c1", "anna")]


def test_two_agents_can_not_answer_one_call(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    with pytest.raises(StaleOfferError, match="another agent's"):
        centre.tell(ev.OfferAccepted(1, "ben"))
    centre.tell(ev.OfferAccepted(1, "anna"))
    with pytest.raises(StaleOfferError, match="ended or never was"):
        centre.tell(ev.OfferAccepted(1, "anna"))
    with pytest.raises(StaleOfferError):
        centre.tell(ev.OfferRejected(1, "anna"))
    assert centre.state("anna") == "busy c1"
    assert centre.state("ben") == "available"


def test_an_answer_at_the_moment_of_expiry_is_too_late_whichever_comes_first(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    centre.now = 20
    with pytest.raises(StaleOfferError, match="expired"):
        centre.tell(ev.OfferAccepted(1, "anna"))
    assert offers(centre.d.handle_timer(20 * S)) == [("c1", "ben")]
    with pytest.raises(StaleOfferError, match="ended"):
        centre.tell(ev.OfferAccepted(1, "anna"))


def test_an_answer_a_nanosecond_before_expiry_counts(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    assert centre.d.handle(ev.OfferAccepted(1, "anna"), 20 * S - 1)


def test_a_rejected_call_does_not_ring_the_same_agent_at_once(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    decisions = centre.at(5).tell(ev.OfferRejected(1, "anna", "wrong customer"))
    assert decisions[0] == OfferEnded(1, "c1", "anna", OfferEnd.REJECTED, "wrong customer")
    assert decisions[1] == AgentStateChanged("anna", AgentState.AVAILABLE, "wrong customer", None, None)
    assert offers(decisions) == [("c1", "ben")]
    why = centre.d.explain(2)
    assert (why.spared, why.excluded) == (("anna",), ())
    assert [one.sentence for one in why.passed_over()] == [
        "anna: passed over for a while because this contact has just come back from them"
    ]


def test_one_who_rejected_a_contact_may_get_it_when_everybody_else_had_the_chance(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    centre.at(5).tell(ev.OfferRejected(1, "anna"))
    decisions = centre.at(6).tell(ev.OfferRejected(2, "ben"))
    assert offers(decisions) == []
    assert centre.d.position("c1") == 1
    assert offers(centre.d.handle_timer(25 * S)) == [("c1", "anna")]


def test_one_who_rejected_a_contact_gets_another_at_once(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.at(1).arrive("c2")
    assert offers(centre.at(2).tell(ev.OfferRejected(1, "anna"))) == [("c2", "anna")]
    assert centre.d.contact("c1").state is ContactState.WAITING


def test_an_offer_that_came_to_nothing_does_not_interrupt_idle_time(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.at(10).sign_in("ben")
    centre.at(60).arrive("c1")
    centre.at(61).tell(ev.ContactAbandoned("c1"))
    centre.at(70).arrive("c2")
    assert centre.d.explain(2).agent == "anna"
    assert centre.d.explain(2).idle_ns == 70 * S


def test_abandoned_while_ringing_frees_the_agent_for_the_next(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.arrive("c2")
    decisions = centre.at(3).tell(ev.ContactAbandoned("c1"))
    assert decisions[0] == OfferEnded(1, "c1", "anna", OfferEnd.REVOKED, "customer left")
    assert states(decisions) == [("anna", AgentState.AVAILABLE), ("anna", AgentState.OFFERED)]
    assert offers(decisions) == [("c2", "anna")]
    with pytest.raises(StaleOfferError):
        centre.tell(ev.OfferAccepted(1, "anna"))


def test_abandoned_while_waiting_is_gone(centre: Centre) -> None:
    centre.arrive("c1")
    centre.arrive("c2")
    assert centre.tell(ev.ContactAbandoned("c1")) == []
    assert centre.d.position("c2") == 1
    assert centre.d.queue("sales").waiting == 1


def test_first_in_first_out(centre: Centre) -> None:
    for second in range(5):
        centre.at(second).arrive(f"c{second}")
    centre.tell(ev.ContactArrived("older", "sales", NONE, "phone", 0))
    assert centre.d.position("older") == 2
    served = []
    for agent in "abcdef":
        centre.sign_in(agent)
        served.append(centre.d.agent(agent).contact)
    assert served == ["c0", "older", "c1", "c2", "c3", "c4"]


def test_a_free_agent_takes_the_oldest_contact_over_all_queues_that_fits(centre: Centre) -> None:
    centre.tell(ev.QueueConfigured("support", 20_000, 0, GERMAN))
    centre.arrive("c1", queue="support")
    centre.at(1).arrive("c2")
    centre.at(2).sign_in("anna", queues=SALES | {"support"})
    assert centre.state("anna") == "offered c2"
    centre.sign_in("ben", queues=SALES | {"support"}, skills=GERMAN)
    assert centre.state("ben") == "offered c1"


def test_wrap_up_is_heeded(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.at(10).tell(ev.ContactEnded("c1"))
    assert offers(centre.at(20).arrive("c2")) == []
    assert offers(centre.d.handle_timer(40 * S)) == [("c2", "anna")]


def test_wrap_up_finished_early(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.at(10).tell(ev.ContactEnded("c1"))
    assert centre.at(12).tell(ev.WrapUpFinished("anna")) == [
        AgentStateChanged("anna", AgentState.AVAILABLE, "wrap-up finished", None, None)
    ]
    with pytest.raises(IllegalStateError, match="available, not in wrap-up"):
        centre.tell(ev.WrapUpFinished("anna"))
    assert centre.d.get_timer() is None


def test_wrap_up_extended_and_shortened(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.at(10).tell(ev.ContactEnded("c1"))
    assert centre.tell(ev.WrapUpExtended("anna", 100 * S)) == [
        AgentStateChanged("anna", AgentState.WRAP_UP, "wrap-up extended", 100 * S, "c1")
    ]
    assert centre.d.get_timer() == 100 * S
    centre.tell(ev.WrapUpExtended("anna", 50 * S))
    assert states(centre.d.handle_timer(50 * S)) == [("anna", AgentState.AVAILABLE)]


def test_no_wrap_up_where_the_queue_has_none(centre: Centre) -> None:
    centre.tell(ev.QueueConfigured("sales", 20_000, 0))
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.arrive("c2")
    decisions = centre.at(9).tell(ev.ContactEnded("c1"))
    assert states(decisions) == [("anna", AgentState.AVAILABLE), ("anna", AgentState.OFFERED)]


@pytest.mark.parametrize("wish", [ev.AgentPaused("anna", "lunch"), ev.AgentSignedOut("anna")])
def test_pause_and_sign_out_while_busy_take_effect_when_the_work_is_done(centre: Centre, wish: ev.Event) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    assert centre.at(1).tell(wish) == []
    assert centre.d.agent("anna").next_state in (AgentState.PAUSED, AgentState.SIGNED_OUT)
    assert centre.state("anna") == "busy c1"
    centre.at(2).arrive("c2")
    assert states(centre.at(10).tell(ev.ContactEnded("c1"))) == [("anna", AgentState.WRAP_UP)]
    decisions = centre.d.handle_timer(40 * S)
    assert offers(decisions) == []
    if isinstance(wish, ev.AgentPaused):
        assert decisions == [AgentStateChanged("anna", AgentState.PAUSED, "lunch", None, None)]
    else:
        assert decisions == [AgentStateChanged("anna", AgentState.SIGNED_OUT, "signed out", None, None)]
        with pytest.raises(UnknownAgentError):
            centre.d.agent("anna")


def test_ready_takes_back_a_pause_yet_to_come(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.tell(ev.AgentPaused("anna", "lunch"))
    centre.tell(ev.AgentReady("anna"))
    centre.tell(ev.ContactEnded("c1"))
    assert states(centre.tell(ev.AgentReady("anna"))) == [("anna", AgentState.AVAILABLE)]


def test_a_pause_asked_for_while_it_rings_comes_instead_of_not_responding(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.tell(ev.AgentPaused("anna", "lunch"))
    assert states(centre.d.handle_timer(20 * S)) == [("anna", AgentState.PAUSED)]


def test_sign_out_while_it_rings_gives_the_contact_to_the_next_at_once(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    decisions = centre.at(2).tell(ev.AgentSignedOut("anna"))
    assert decisions[0] == OfferEnded(1, "c1", "anna", OfferEnd.REVOKED, "signed out")
    assert states(decisions) == [("anna", AgentState.SIGNED_OUT), ("ben", AgentState.OFFERED)]


def test_a_revoked_offer_goes_to_the_next_and_the_agent_is_not_stuck(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    decisions = centre.at(2).tell(ev.OfferRevoked(1, "page lost"))
    assert decisions[0] == OfferEnded(1, "c1", "anna", OfferEnd.REVOKED, "page lost")
    assert states(decisions) == [("anna", AgentState.NOT_RESPONDING), ("ben", AgentState.OFFERED)]
    with pytest.raises(StaleOfferError):
        centre.tell(ev.OfferRevoked(1, "page lost"))
    assert states(centre.tell(ev.AgentReady("anna"))) == [("anna", AgentState.AVAILABLE)]


def test_requeue_keeps_the_place_and_says_what_becomes_of_the_agent(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.at(5).arrive("c2")
    decisions = centre.at(9).tell(ev.ContactRequeued("c1", "connection lost"))
    assert decisions == [AgentStateChanged("anna", AgentState.NOT_RESPONDING, "connection lost", None, None)]
    assert [centre.d.position("c1"), centre.d.position("c2")] == [1, 2]
    centre.sign_in("ben")
    assert centre.state("ben") == "offered c1"
    assert centre.d.explain(2).waited_ns == 9 * S


def test_requeue_with_the_agent_available_does_not_give_it_back_to_the_same_one(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.serve("c1")
    centre.at(5).arrive("c2")
    assert offers(centre.tell(ev.ContactRequeued("c1", "not mine", AgentState.AVAILABLE))) == [("c2", "anna")]


def test_a_queue_with_other_skills_takes_effect_at_once(centre: Centre) -> None:
    centre.tell(ev.QueueConfigured("sales", 20_000, 0, GERMAN))
    centre.sign_in("anna")
    centre.arrive("c1")
    assert centre.d.contact("c1").state is ContactState.WAITING
    assert offers(centre.tell(ev.QueueConfigured("sales", 20_000, 0))) == [("c1", "anna")]


def test_an_agent_with_other_skills_is_matched_at_once_and_a_conversation_is_not_touched(centre: Centre) -> None:
    centre.sign_in("anna")
    centre.arrive("c1", GERMAN)
    assert offers(centre.tell(ev.AgentChanged("anna", SALES, GERMAN))) == [("c1", "anna")]
    centre.serve("c1")
    assert centre.tell(ev.AgentChanged("anna", frozenset(), NONE)) == []
    assert centre.state("anna") == "busy c1"


def test_position_counts_waiting_contacts_of_the_queue_only(centre: Centre) -> None:
    centre.tell(ev.QueueConfigured("support", 20_000, 0))
    centre.arrive("c1", queue="support")
    centre.arrive("c2")
    centre.at(1).arrive("c3", GERMAN)
    centre.at(2).arrive("c4")
    assert [centre.d.position(contact) for contact in ("c1", "c2", "c3", "c4")] == [1, 1, 2, 3]
    centre.sign_in("anna")
    assert centre.d.position("c2") == 1
    assert centre.d.position("c4") == 2
    centre.serve("c2")
    with pytest.raises(IllegalStateError, match="no place"):
        centre.d.position("c2")


def test_the_explanation_counts_everybody_once_and_says_so_for_people(centre: Centre) -> None:
    centre.tell(ev.QueueConfigured("support", 20_000, 30_000))
    centre.sign_in("anna", skills=GERMAN)
    centre.at(100).sign_in("ben", "busy", skills=GERMAN)
    centre.tell(ev.AgentPaused("anna", "coffee"))
    centre.tell(ev.AgentReady("anna"))
    centre.sign_in("zoe")
    centre.sign_in("yan", queues=frozenset({"support"}), skills=GERMAN)
    centre.tell(ev.AgentSignedIn("paula", SALES, GERMAN))
    centre.tell(ev.AgentPaused("ben", "x"))
    centre.arrive("c0", GERMAN)
    assert centre.serve("c0") == "busy"
    centre.tell(ev.AgentReady("ben"))
    centre.at(292).arrive("c1", GERMAN)
    why = centre.d.explain(2)
    assert why.sentence() == "longest idle of 2 available agents with skill german: idle 3 min 12 s"
    assert (why.agent, why.runner_up, why.runner_up_idle_ns) == ("anna", "ben", 192 * S)
    assert {group.reason: group.count for group in why.passed_over()} == {
        "idle_shorter": 1,
        "busy": 1,
        "paused": 1,
        "unskilled": 1,
        "elsewhere": 1,
    }
    assert [group.sentence for group in why.passed_over()] == [
        "1 agent is available too, but idle for a shorter time (next: ben, 3 min 12 s)",
        "1 agent is busy with a contact",
        "1 agent is paused",
        "1 agent is in queue sales without skill german",
        "1 agent is not in queue sales",
    ]


def test_the_explanation_of_an_offer_that_has_ended_is_with_its_decision_only(centre: Centre) -> None:
    centre.sign_in("anna")
    made = centre.arrive("c1")[0]
    assert isinstance(made, OfferMade)
    assert made.explanation.sentence() == "the only available agent in queue sales: idle 0 s"
    assert centre.d.explain(1) == made.explanation
    centre.tell(ev.OfferAccepted(1, "anna"))
    with pytest.raises(StaleOfferError):
        centre.d.explain(1)


def test_who_rejects_without_end_is_set_to_not_responding() -> None:
    from acd_core.limits import Limits  # noqa: PLC0415

    for distributor in (Distributor(Limits(exclusions_max=2)), Reference(Limits(exclusions_max=2))):
        centre = Centre(distributor)
        centre.sign_in("anna")
        for number in range(1, 4):
            centre.arrive(f"c{number}")
            centre.tell(ev.OfferRejected(number, "anna"))
        assert centre.state("anna") == "not_responding"
        assert centre.d.agent("anna").reason == "too many offers rejected"


def test_counts_of_a_queue(centre: Centre) -> None:
    centre.sign_in("anna", "ben")
    for contact in ("c1", "c2", "c3"):
        centre.arrive(contact)
    centre.serve("c1")
    view = centre.d.queue("sales")
    assert (view.waiting, view.offered, view.assigned, view.agents) == (1, 1, 1, 2)
