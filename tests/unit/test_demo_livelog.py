"""The demo's live log: from events to lines, and to the summary."""

from __future__ import annotations

from gateway.app.demo.livelog import LiveLog, seconds, shorten
from gateway.config.loader import load
from gateway.model import events as ev
from gateway.model.events import AgentState, Customer, EndCause, OfferEnd, Party
from gateway.model.ids import AgentId, Channel, ContactId, OfferId, QueueName, RecordingId

S = 1_000_000_000
ANNA, BEN = AgentId("anna"), AgentId("ben")
ONE = ContactId("one")


class Told:
    """A log whose lines are kept, without the time in front of them."""

    def __init__(self, *, colour: bool = False) -> None:
        self.lines: list[str] = []
        self.log = LiveLog(load(None), self.lines.append, robots=[BEN], colour=colour)

    def follow(self, *events: ev.Event) -> list[str]:
        """The new lines' words."""
        before = len(self.lines)
        for event in events:
            self.log.follow(event)
        return [line[25:] for line in self.lines[before:]]


def opened(contact: ContactId = ONE, channel: Channel = Channel.PHONE, *, at_s: int = 0) -> ev.ContactOpened:
    customer = Customer(address="tel:+4930123", name="Mia")
    return ev.ContactOpened(
        at_ns=at_s * S, contact=contact, channel=channel, queue=QueueName("support"), customer=customer, called="100"
    )


def talking(contact: ContactId = ONE, *, at_s: int) -> ev.ConversationStarted:
    return ev.ConversationStarted(at_ns=at_s * S, contact=contact, agent=ANNA)


def ended(contact: ContactId = ONE, *, at_s: int, by: Party, cause: EndCause = EndCause.HUNG_UP) -> ev.ContactEnded:
    return ev.ContactEnded(at_ns=at_s * S, contact=contact, by=by, cause=cause)


def test_a_call_is_told_from_arrival_to_recording() -> None:
    told = Told()
    words = told.follow(
        opened(),
        ev.ContactQueued(at_ns=9 * S, contact=ONE, queue=QueueName("support"), arrival_ns=0),
        ev.ContactOffered(
            at_ns=9 * S, contact=ONE, queue=QueueName("support"), offer=OfferId(1), agent=BEN, expires_ns=29 * S,
            waited_ms=9000, why="the only one",
        ),
        ev.OfferClosed(at_ns=29 * S, contact=ONE, offer=OfferId(1), agent=BEN, end=OfferEnd.EXPIRED),
        talking(at_s=31),
        ended(at_s=96, by=Party.AGENT),
        ev.OutcomeChosen(at_ns=97 * S, contact=ONE, agent=ANNA, outcome="solved", note="told her"),
        ev.RecordingStored(
            at_ns=98 * S, contact=ONE, recording=RecordingId("r"), agent=ANNA, path="r.ogg", duration_ms=65_000,
            size_bytes=200_000,
        ),
    )  # fmt: skip
    assert words == [
        "Mia (+4930123) calls 100, Support",
        "has heard the greeting, waits with music",
        "rings at Ben: the only one",
        "Ben did not answer",
        "Anna answers after 31 s",
        "the agent hangs up after 1:05 min with Anna",
        "Anna notes: solved “told her”",
        "recording saved: 1:05 min, 195 KiB",
    ]


def test_a_chat_shows_its_lines_and_counts_them() -> None:
    told = Told()
    words = told.follow(
        opened(channel=Channel.CHAT),
        ev.LineWritten(at_ns=0, contact=ONE, line=1, author=Party.CUSTOMER, agent=None, text="Hello\nthere"),
        talking(at_s=2),
        ev.LineWritten(at_ns=0, contact=ONE, line=2, author=Party.AGENT, agent=ANNA, text="Hi"),
        ended(at_s=12, by=Party.CUSTOMER),
    )
    assert words == [
        "Mia begins a chat, Support",
        "Mia: “Hello there”",
        "Anna answers after 2 s",
        "Anna: “Hi”",
        "the customer ends the chat after 10 s with Anna, 2 lines",
    ]


def test_the_summary_tells_abandoned_from_sent_home() -> None:
    told = Told()
    told.follow(opened(), talking(at_s=10), ended(at_s=20, by=Party.AGENT))
    two, three, four = ContactId("two"), ContactId("three"), ContactId("four")
    told.follow(opened(two, Channel.CHAT), talking(two, at_s=20), ended(two, at_s=30, by=Party.CUSTOMER))
    told.follow(opened(three), opened(four, Channel.WEB_CALL))
    assert told.follow(ended(three, at_s=15, by=Party.CUSTOMER, cause=EndCause.ABANDONED)) == [
        "the customer gives up after 15 s"
    ]
    told.log.close()
    told.follow(ended(four, at_s=16, by=Party.CUSTOMER, cause=EndCause.ABANDONED))
    tally = told.log.tally
    assert (tally.contacts, tally.answered, tally.abandoned, tally.cut_off) == (4, 2, 1, 1)
    assert tally.average_wait_ms == 15_000
    summary = tally.summary()
    assert "4   (2 phone, 1 web call, 1 chat)" in summary
    assert "2   after 15 s on average" in summary
    assert "1   when the demo ended" in summary


def test_an_empty_demo_has_a_summary() -> None:
    tally = Told().log.tally
    assert tally.average_wait_ms is None
    assert "Contacts      0" in tally.summary()


def test_a_requeued_contact_is_answered_once() -> None:
    told = Told()
    told.follow(opened(), talking(at_s=10), talking(at_s=40), ended(at_s=50, by=Party.CUSTOMER))
    assert told.log.tally.answered == 1


def test_people_are_told_of_and_robots_only_when_out_of_the_ordinary() -> None:
    told = Told()

    def changed(agent: AgentId, state: AgentState, reason: str = "") -> ev.AgentStateChanged:
        return ev.AgentStateChanged(at_ns=0, agent=agent, state=state, reason=reason, until_ns=None, contact=None)

    assert told.follow(changed(ANNA, AgentState.AVAILABLE)) == ["Anna is available"]
    assert told.follow(changed(BEN, AgentState.AVAILABLE)) == []
    assert told.follow(changed(BEN, AgentState.PAUSED, "signed in")) == []
    assert told.follow(changed(BEN, AgentState.PAUSED, "coffee")) == ["Ben has a break: coffee"]
    assert told.follow(changed(BEN, AgentState.NOT_RESPONDING)) == ["Ben is set to not responding"]


def test_what_customers_write_can_t_paint_the_terminal() -> None:
    assert "\x1b" not in shorten("\x1b[2J red")
    assert len(shorten("word " * 100)) <= 60


def test_colours_only_where_they_are_wanted() -> None:
    plain, painted = Told(), Told(colour=True)
    plain.follow(opened())
    painted.follow(opened())
    assert "\x1b[" not in plain.lines[0]
    assert "\x1b[" in painted.lines[0]


def test_durations_read_as_people_say_them() -> None:
    assert [seconds(ms) for ms in (0, 59_400, 60_000, 125_000)] == ["0 s", "59 s", "1:00 min", "2:05 min"]
