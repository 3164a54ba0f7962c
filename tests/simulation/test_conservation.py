"""Offered = answered + abandoned + overflowed + waiting, whatever happens, and *waiting* as the distributor says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import OfferMade
from acd_core.errors import AcdError
from acd_core.metrics import Collector
from acd_core.simulation.arrivals import constant
from acd_core.simulation.distributions import Deterministic, Exponential, LogNormal
from acd_core.simulation.plan import Group, Plan, Stream, seconds
from acd_core.simulation.simulator import Simulator
from acd_core.states import AgentState

QUEUES = ("a", "b", "c")
AGENTS = ("anna", "ben", "cleo")
CONTACTS = tuple(f"c{number}" for number in range(4))
"""Few, so that most events meet a contact that is here; an id may come again when its contact has ended."""

contact = st.sampled_from(CONTACTS)
agent = st.sampled_from(AGENTS)
queue = st.sampled_from(QUEUES)
skills = st.frozensets(st.sampled_from(("x", "y")), max_size=2)
after = st.sampled_from((AgentState.AVAILABLE, AgentState.NOT_RESPONDING, AgentState.PAUSED))
events = st.one_of(
    st.builds(ev.ContactArrived, contact, queue, skills),
    *[st.builds(ev.ContactArrived, contact, queue)] * 4,
    st.builds(ev.ContactAbandoned, contact),
    st.builds(ev.ContactEnded, contact),
    st.builds(ev.ContactRequeued, contact, st.just("lost"), after),
    st.builds(ev.ContactTransferred, contact, st.none() | queue),
    st.builds(ev.ContactDeferred, contact, st.none()),
    st.builds(ev.ContactReturned, contact),
    st.builds(ev.AgentSignedIn, agent, st.frozensets(queue, min_size=1), skills),
    *[st.builds(ev.AgentReady, agent)] * 3,
    st.builds(ev.AgentPaused, agent, st.just("break")),
    st.builds(ev.AgentSignedOut, agent),
    st.builds(ev.WrapUpFinished, agent),
    st.builds(ev.QueueClosed, queue, st.booleans()),
    st.builds(ev.QueueOpened, queue),
)
answers = st.sampled_from(("accept", "accept", "accept", "reject", "revoke", "wait"))


class World:
    """The distributor, the collector, and the offers that are out."""

    def __init__(self) -> None:
        self.distributor = Distributor()
        self.collector = Collector(interval_ns=seconds(5))
        self.now_ns = 0
        self.offers: dict[int, str] = {}
        for name in QUEUES:
            self.tell(ev.QueueConfigured(name, 2_000, 1_000, frozenset({"x"}) if name == "b" else frozenset()))
        for name in AGENTS[:2]:
            self.tell(ev.AgentSignedIn(name, frozenset(QUEUES), frozenset({"x", "y"})))
            self.tell(ev.AgentReady(name))

    def tell(self, event: ev.Event | None) -> None:
        try:
            if event is None:
                decisions = self.distributor.handle_timer(self.now_ns)
            else:
                decisions = self.distributor.handle(event, self.now_ns)
        except AcdError:
            return
        self.collector.observe(event, decisions, self.now_ns)
        self.offers |= {one.offer: one.agent for one in decisions if isinstance(one, OfferMade)}

    def pass_time(self, ms: int) -> None:
        end_ns = self.now_ns + ms * 1_000_000
        while (due := self.distributor.get_timer()) is not None and due <= end_ns:
            self.now_ns = max(self.now_ns, due)
            self.tell(None)
        self.now_ns = end_ns

    def answer(self, how: str) -> None:
        if not self.offers or how == "wait":
            return
        offer, by = self.offers.popitem()
        if how == "accept":
            self.tell(ev.OfferAccepted(offer, by))
        elif how == "reject":
            self.tell(ev.OfferRejected(offer, by))
        else:
            self.tell(ev.OfferRevoked(offer, "page gone"))

    def check(self) -> None:
        report = self.collector.report(self.now_ns)
        report.check()
        for row in report.queues:
            view = self.distributor.queue(row.name)
            assert row.counts.waiting == view.waiting + view.offered


@settings(max_examples=100)
@given(st.lists(st.tuples(events, answers, st.integers(0, 1_500)), min_size=20, max_size=80))
def test_no_contact_is_lost_or_made_by_any_events(steps: list[tuple[ev.Event, str, int]]) -> None:
    world = World()
    for event, how, ms in steps:
        world.pass_time(ms)
        world.tell(event)
        world.answer(how)
        world.check()


durations = st.one_of(
    st.builds(Exponential, st.floats(1, 600)),
    st.builds(LogNormal, st.floats(1, 600), st.floats(0.1, 3)),
    st.builds(Deterministic, st.floats(0, 600)),
)
lanes = st.sampled_from(
    ((), (ev.Lane("phone"), ev.Lane("mail", interruptible=True)), (ev.Lane("*"),), (ev.Lane("mail", most=3),))
)
END_NS = seconds(3600)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    queues = tuple(
        ev.QueueConfigured(
            name,
            draw(st.integers(1_000, 60_000)),
            draw(st.integers(0, 120_000)),
            draw(skills),
            overflow=draw(st.sampled_from(((), (ev.Overflow(to, "wait", 30_000),), (ev.Overflow(to, "size", 2),)))),
            splits=draw(st.sampled_from(((), (ev.Split(to, 300),)))),
            broadcast=draw(st.sampled_from((1, 1, 3))),
        )
        for name, to in zip(QUEUES, QUEUES[1:] + QUEUES[:1], strict=True)
    )
    streams = tuple(
        Stream(
            name=f"stream {number}",
            contact=ev.ContactArrived("", draw(queue), draw(skills), draw(st.sampled_from(("phone", "mail")))),
            arrivals=constant(draw(st.floats(0, 300)), start_ns=0, end_ns=END_NS),
            handling=draw(durations),
            patience=draw(st.none() | durations),
            wrap_up=draw(st.none() | durations),
            transfer=draw(st.sampled_from((0.0, 0.3))),
            transfer_to=draw(queue),
        )
        for number in range(draw(st.integers(1, 3)))
    )
    groups = tuple(
        Group(
            name=f"group {number}",
            count=draw(st.integers(1, 4)),
            agent=ev.AgentSignedIn("", draw(st.frozensets(queue, min_size=1)), draw(skills), lanes=draw(lanes)),
            shifts=draw(
                st.sampled_from(
                    (((0, END_NS),), ((0, END_NS // 3), (END_NS // 2, END_NS)), ((END_NS // 4, END_NS // 2),))
                )
            ),
            answer=draw(durations),
            no_answer=draw(st.floats(0, 0.5)),
            handling_factor=draw(st.sampled_from((0.5, 1.0, 2.0))),
        )
        for number in range(draw(st.integers(1, 3)))
    )
    start = draw(st.sampled_from((0, END_NS // 5)))
    return Plan(queues=queues, streams=streams, groups=groups, end_ns=END_NS, from_ns=start, interval_ns=END_NS // 7)


@settings(max_examples=60)
@given(plans(), st.integers(0, 2**31))
def test_no_contact_is_lost_or_made_in_any_simulation(plan: Plan, seed: int) -> None:
    simulator = Simulator(plan, seed)
    report = simulator.run().report
    if plan.from_ns:
        return  # who came before the counting still waits in the distributor, and is not counted
    for row in report.queues:
        view = simulator.distributor.queue(row.name)
        assert row.counts.waiting == view.waiting + view.offered
        intervals = report.intervals[row.name]
        assert sum(one.offered for one in intervals) == row.counts.offered
        assert sum(one.answered for one in intervals) == row.counts.answered
    assert report.all.counts.offered == simulator.contacts_made
    staffed = sum(one.signed_in for one in report.staffing) * plan.interval_ns / 1e9 if plan.interval_ns else 0.0
    assert abs(staffed - sum(report.agents.seconds.values())) < 1e-3
