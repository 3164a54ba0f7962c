"""Handling times, occupancy and fullness, held against a count by brute force: between two calls of the distributor
nothing changes, so its snapshot says of all that time who had what in hand and how many waited."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor
from acd_core import events as ev
from acd_core.errors import AcdError
from acd_core.metrics import Collector
from acd_core.states import AgentState, ContactState

MS = 1_000_000
INTERVAL_NS = 5_000 * MS
QUEUES = ("a", "b")
AGENTS = ("anna", "ben")
ALL, NONE = frozenset(QUEUES), frozenset[str]()
LANES = (
    (),
    (ev.Lane("chat", 3),),
    (ev.Lane("phone"), ev.Lane("chat", 2, interruptible=True)),
    (ev.Lane("*", 4),),
)

KINDS = (
    ["arrive"] * 5 + ["accept"] * 8 + ["end"] * 4 + ["transfer"] * 2 + ["finish", "finish one", "extend", "extend one"]
    + ["requeue", "abandon", "reject", "ready", "pause", "sign out", "sign in", "change agent", "change queue"]
)  # fmt: skip


OF_CONTACTS = ("end", "transfer", "requeue", "abandon", "finish one", "extend one")


def configure(queue: str, wrap_up_ms: int) -> ev.QueueConfigured:
    return ev.QueueConfigured(queue, 3_000, wrap_up_ms, splits=(ev.Split("b", 300),) if queue == "a" else ())


def make_event(kind: str, choice: int, contact: str | None, now_ns: int) -> ev.Event:
    queue, agent = QUEUES[choice % 2], AGENTS[choice // 2 % 2]
    own_ms, lanes = (None, 0, 700, 4_000)[choice // 4 % 4], LANES[choice // 16 % 4]
    name = contact or ""
    makers: dict[str, Callable[[], ev.Event]] = {
        "arrive": lambda: ev.ContactArrived(name, queue, channel=("chat", "phone")[choice // 2 % 2]),
        "end": lambda: ev.ContactEnded(name),
        "transfer": lambda: ev.ContactTransferred(name, queue, agent, 1_000),
        "requeue": lambda: ev.ContactRequeued(name, "lost", AgentState.AVAILABLE),
        "abandon": lambda: ev.ContactAbandoned(name),
        "finish": lambda: ev.WrapUpFinished(agent, contact),
        "extend": lambda: ev.WrapUpExtended(agent, now_ns + choice * 50 * MS, contact),
        "ready": lambda: ev.AgentReady(agent),
        "pause": lambda: ev.AgentPaused(agent, "break"),
        "sign out": lambda: ev.AgentSignedOut(agent),
        "sign in": lambda: ev.AgentSignedIn(agent, ALL, NONE, lanes=lanes, capacity=3, wrap_up_ms=own_ms),
        "change agent": lambda: ev.AgentChanged(
            agent, ALL, NONE, lanes=lanes, capacity=1 + choice % 3, wrap_up_ms=own_ms
        ),
        "change queue": lambda: configure(queue, (0, 500, 2_500)[choice % 3]),
    }
    return makers[kind.removesuffix(" one")]()


class World:
    def __init__(self, lanes: tuple[ev.Lane, ...]) -> None:
        self.distributor = Distributor()
        self.collector = Collector(interval_ns=INTERVAL_NS)
        self.now_ns = 0
        self.arrived = 0
        self.talked_ns: Counter[str] = Counter()
        """By contact in hand, of this conversation."""
        self.talk_ns: Counter[str] = Counter()
        self.wrap_up_ns: Counter[str] = Counter()
        self.agents_ns: Counter[AgentState] = Counter()
        self.fullness: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.wraps: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        """The queues of an agent's wrap-ups of a contact."""
        self.ambiguous = False
        """A contact came back to its agent from another queue, and was over before its first wrap-up was."""
        for name in QUEUES:
            self.tell(configure(name, 2_500))
        for name in AGENTS:
            self.tell(ev.AgentSignedIn(name, frozenset(QUEUES), frozenset(), lanes=lanes, capacity=3))
            self.tell(ev.AgentReady(name))

    def tell(self, event: ev.Event | None) -> None:
        before = self.distributor.snapshot()
        try:
            if event is None:
                decisions = self.distributor.handle_timer(self.now_ns)
            else:
                decisions = self.distributor.handle(event, self.now_ns)
        except AcdError:
            return
        self.collector.observe(event, decisions, self.now_ns)
        if isinstance(event, ev.ContactEnded | ev.ContactTransferred | ev.ContactRequeued):
            was = next(one for one in before.contacts if one.contact == event.contact)
            self.talk_ns[was.queue] += self.talked_ns.pop(was.contact, 0)
            if was.agent is not None and not isinstance(event, ev.ContactRequeued):
                self.wraps[was.agent, was.contact].add(was.queue)
        self.note_fullness()

    def pass_time(self, ms: int, late_ms: int) -> None:
        """Timers run when they are due, or (``late_ms``) once at the end, later than they should."""
        end_ns = self.now_ns + ms * MS
        while (due := self.distributor.get_timer()) is not None and due <= end_ns:
            self.count(min(max(self.now_ns, due) + late_ms * MS, end_ns))
            self.tell(None)
        self.count(end_ns)

    def count(self, now_ns: int) -> None:
        """Time up to now was spent as the snapshot says."""
        spent_ns, self.now_ns = now_ns - self.now_ns, now_ns
        for view in self.distributor.snapshot().agents:
            talks = [work for work in view.work if work.until_ns is None and not work.interrupted]
            wraps = [work for work in view.work if work.until_ns is not None]
            state = AgentState.BUSY if talks else AgentState.WRAP_UP if wraps else view.state
            self.agents_ns[state] += spent_ns
            for work in talks:
                self.talked_ns[work.contact] += spent_ns
            for work in wraps:
                queues = self.wraps[view.agent, work.contact]
                self.ambiguous |= len(queues) > 1
                self.wrap_up_ns[min(queues)] += spent_ns
            for key in [key for key in self.wraps if key[0] == view.agent]:
                if key[1] not in {work.contact for work in wraps}:
                    del self.wraps[key]
        self.note_fullness()

    def note_fullness(self) -> None:
        place = self.now_ns // INTERVAL_NS
        contacts = self.distributor.snapshot().contacts
        for name in QUEUES:
            here = sum(one.queue == name and one.state is not ContactState.ASSIGNED for one in contacts)
            self.fullness[name, place] = max(self.fullness[name, place], here)

    def do(self, kind: str, choice: int) -> None:
        """``choice`` says to whom, among those that it can happen to, and how."""
        snapshot = self.distributor.snapshot()
        if kind in ("accept", "reject"):
            if snapshot.offers:
                offer = snapshot.offers[choice % len(snapshot.offers)]
                answered = ev.OfferAccepted if kind == "accept" else ev.OfferRejected
                self.tell(answered(offer.offer, offer.agent))
            return
        contact = None
        if kind in OF_CONTACTS:
            state = ContactState.WAITING if kind == "abandon" else ContactState.ASSIGNED
            names = [one.contact for one in snapshot.contacts if one.state is state]
            if kind in ("finish one", "extend one"):
                names = [one.contact for view in snapshot.agents for one in view.work if one.until_ns is not None]
            if not names:
                return
            contact = names[choice % len(names)]
        elif kind == "arrive":
            self.arrived += 1
            contact = f"c{self.arrived}"
        self.tell(make_event(kind, choice, contact, self.now_ns))

    def check(self) -> None:
        report = self.collector.report(self.now_ns)
        report.check()
        for row in report.queues:
            if row.handled:
                assert row.talk_s is not None
                assert row.wrap_up_s is not None
                assert row.talk_s * row.handled == pytest.approx(self.talk_ns[row.name] / 1e9)
                if not self.ambiguous:
                    assert row.wrap_up_s * row.handled == pytest.approx(self.wrap_up_ns[row.name] / 1e9)
            for place, interval in enumerate(report.intervals.get(row.name, ())):
                assert interval.waiting_max == self.fullness[row.name, place]
        if report.all.handled:
            assert report.all.wrap_up_s is not None
            assert report.all.wrap_up_s * report.all.handled == pytest.approx(self.wrap_up_ns.total() / 1e9)
        for state, seconds in report.agents.seconds.items():
            assert seconds == pytest.approx(self.agents_ns[AgentState(state)] / 1e9)


@settings(max_examples=150)
@given(
    st.sampled_from(LANES),
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.integers(0, 127),
            st.integers(0, 1_500),
            st.sampled_from((0, 0, 0, 400)),
        ),
        min_size=40,
        max_size=120,
    ),
)
def test_by_any_events(lanes: tuple[ev.Lane, ...], steps: list[tuple[str, int, int, int]]) -> None:
    world = World(lanes)
    for kind, choice, ms, late_ms in steps:
        world.pass_time(ms, late_ms)
        world.do(kind, choice)
    world.check()
