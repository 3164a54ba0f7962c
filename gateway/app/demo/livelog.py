"""What the terminal shows of a demo: one calm line for each thing that matters, and a summary at the end.

Both are made from the session's events; nothing here reads a clock or writes anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.config.schema import Config
from gateway.model import events as ev
from gateway.model.clock import MS, SECOND
from gateway.model.events import AgentState, EndCause, Event, OfferEnd, Party
from gateway.model.ids import AgentId, Channel, ContactId

CONTACTS_MAX = 10_000
TEXT_MAX = 60

DIM, BOLD, RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"
GREEN, YELLOW, RED = "\x1b[32m", "\x1b[33m", "\x1b[31m"
CONTACT_COLOURS = ("\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[96m", "\x1b[95m", "\x1b[94m")
"""One of these for each contact, so that the eye can follow it."""

KINDS = {Channel.PHONE: "phone", Channel.WEB_CALL: "web call", Channel.CHAT: "chat"}


class Tally:
    """Counts for the summary."""

    def __init__(self) -> None:
        self.arrived: dict[Channel, int] = dict.fromkeys(Channel, 0)
        self.answered = 0
        self.abandoned = 0
        self.cut_off = 0
        """Waited when the demo ended."""
        self.recordings = 0
        self._waits_ms: list[int] = []

    @property
    def contacts(self) -> int:
        return sum(self.arrived.values())

    @property
    def average_wait_ms(self) -> int | None:
        return sum(self._waits_ms) // len(self._waits_ms) if self._waits_ms else None

    def answer(self, waited_ms: int) -> None:
        self.answered += 1
        self._waits_ms.append(waited_ms)

    def summary(self) -> str:
        """Some lines, ready to print."""
        kinds = ", ".join(f"{count} {KINDS[channel]}" for channel, count in self.arrived.items() if count)
        wait_ms = self.average_wait_ms
        rows = [
            ("Contacts", f"{self.contacts}" + (f"   ({kinds})" if kinds else "")),
            ("Answered", f"{self.answered}" + ("" if wait_ms is None else f"   after {seconds(wait_ms)} on average")),
            ("Abandoned", f"{self.abandoned}"),
        ]
        if self.cut_off:
            rows.append(("Still waiting", f"{self.cut_off}   when the demo ended"))
        rows.append(("Recordings", f"{self.recordings}"))
        return "\n".join(f"  {label:<14}{text}" for label, text in rows)


class _Story:
    """What is remembered of a contact between its lines."""

    def __init__(self, number: int, event: ev.ContactOpened) -> None:
        self.number = number
        self.channel = event.channel
        self.customer = event.customer.name
        self.opened_ns = event.at_ns
        self.talking_ns: int | None = None
        self.agent: AgentId | None = None
        self.lines = 0


class LiveLog:
    """Hand `follow` to the session's bus.  ``write`` gets each line, without its end."""

    def __init__(self, config: Config, write: Callable[[str], None], *, robots: list[AgentId], colour: bool) -> None:
        self.tally = Tally()
        self._write = write
        self._colour = colour
        self._agents = {agent.login: agent.name for agent in config.agents}
        self._queues = {queue.name: queue.title for queue in config.queues}
        self._robots = set(robots)
        self._stories: dict[ContactId, _Story] = {}
        self._closing = False

    def close(self) -> None:
        """From here on who leaves has not lost patience: the demo ends."""
        self._closing = True

    def follow(self, event: Event) -> None:
        if isinstance(event, ev.AgentStateChanged):
            self._agent_changed(event)
        elif isinstance(event, ev.ContactOpened):
            self._opened(event)
        elif isinstance(event, ev.ContactEvent):
            story = self._stories.get(event.contact)
            if story is not None:
                text = self._waiting(story, event) or self._talking(story, event) or self._after(story, event)
                if text is not None:
                    self._say(event.at_ns, story, *text)

    def _opened(self, event: ev.ContactOpened) -> None:
        self.tally.arrived[event.channel] += 1
        if len(self._stories) >= CONTACTS_MAX:
            del self._stories[next(iter(self._stories))]
        story = self._stories[event.contact] = _Story(self.tally.contacts, event)
        queue = self._queues.get(event.queue, event.queue)
        who = event.customer.name
        if event.channel is Channel.PHONE:
            number = event.customer.address.removeprefix("tel:")
            who += f" ({number})" if number.startswith("+") else ""
            text = f"{who} calls {event.called}, {queue}"
        elif event.channel is Channel.WEB_CALL:
            text = f"{who} presses Call on the web page, {queue}"
        else:
            text = f"{who} begins a chat, {queue}"
        self._say(event.at_ns, story, text, BOLD)

    def _waiting(self, story: _Story, event: ev.ContactEvent) -> tuple[str, str] | None:  # noqa: PLR0911
        match event:
            case ev.LineWritten(author=author, agent=agent, text=text):
                story.lines += 1
                name = story.customer if author is Party.CUSTOMER or agent is None else self._name(agent)
                return f"{name}: “{shorten(text)}”", DIM
            case ev.ContactQueued() if story.channel.has_voice:
                return "has heard the greeting, waits with music", DIM
            case ev.ContactOffered(agent=agent, why=why):
                return f"rings at {self._name(agent)}: {why}", YELLOW
            case ev.OfferClosed(agent=agent, end=OfferEnd.EXPIRED):
                return f"{self._name(agent)} did not answer", RED
            case ev.OfferClosed(agent=agent, end=OfferEnd.REJECTED):
                return f"{self._name(agent)} turned it down", RED
            case ev.ContactMoved(queue=queue, reason=reason):
                return f"goes on to {queue} at its old place: {reason}", YELLOW
            case ev.ContactTransferred(agent=agent, queue=queue, to_agent=to_agent):
                return (
                    f"{self._name(agent)} sends it on to {queue if to_agent is None else self._name(to_agent)}",
                    YELLOW,
                )
            case ev.ContactRequeued(agent=agent, reason=reason):
                return f"goes back to its place in the queue: {reason} ({self._name(agent)})", RED
        return None

    def _talking(self, story: _Story, event: ev.ContactEvent) -> tuple[str, str] | None:  # noqa: PLR0911
        match event:
            case ev.ConversationStarted(agent=agent):
                waited_ms = (event.at_ns - story.opened_ns) // MS
                if story.talking_ns is None:
                    self.tally.answer(waited_ms)
                story.talking_ns, story.agent = event.at_ns, agent
                return f"{self._name(agent)} answers after {seconds(waited_ms)}", GREEN
            case ev.VideoStarted(by=by, source=source):
                return f"the {by.value} shows the {source.value}", ""
            case ev.VideoStopped(by=by):
                return f"the {by.value} shows nothing any more", ""
            case ev.ContactHeld(agent=agent):
                return f"{self._name(agent)} puts the customer on hold", ""
            case ev.ContactResumed(agent=agent):
                return f"{self._name(agent)} is back", ""
            case ev.AgentConnectionLost(agent=agent):
                hears = "; the customer hears music" if story.channel.has_voice else ""
                return f"{self._name(agent)} has lost the connection{hears}", RED
            case ev.AgentConnectionRestored(agent=agent):
                return f"{self._name(agent)} is connected again", GREEN
            case ev.CustomerConnectionLost():
                return "the customer's page is gone; the chat waits for it", RED
            case ev.CustomerConnectionRestored():
                return "the customer's page is back", GREEN
        return None

    def _after(self, story: _Story, event: ev.ContactEvent) -> tuple[str, str] | None:  # noqa: PLR0911
        match event:
            case ev.ContactEnded():
                return self._ended(story, event)
            case ev.OutcomeChosen(agent=agent, outcome=outcome, note=note):
                return f"{self._name(agent)} notes: {outcome}" + (f" “{shorten(note)}”" if note else ""), ""
            case ev.RecordingStored(duration_ms=duration_ms, size_bytes=size):
                self.tally.recordings += 1
                return f"recording saved: {seconds(duration_ms)}, {max(1, size // 1024)} KiB", DIM
            case ev.RecordingInterrupted(reason=reason):
                return f"nothing is recorded from here on: {reason}", RED
            case ev.RecordingFailed(reason=reason):
                return f"recording failed: {reason}", RED
            case ev.AudioAlarmRaised(party=party, alarm=alarm):
                return f"alarm, {alarm.replace('_', '-')} sound of the {party.value}", RED
        return None

    def _ended(self, story: _Story, event: ev.ContactEnded) -> tuple[str, str]:
        if story.talking_ns is None:
            waited = seconds((event.at_ns - story.opened_ns) // MS)
            if self._closing:
                self.tally.cut_off += 1
                return f"goes home after {waited}", DIM
            if event.by is Party.CUSTOMER:
                self.tally.abandoned += 1
                return f"the customer gives up after {waited}", RED
            return f"ended unanswered after {waited}: {event.cause.value.replace('_', ' ')}", RED
        talked = seconds((event.at_ns - story.talking_ns) // MS)
        with_whom = "" if story.agent is None else f" with {self._name(story.agent)}"
        who = {Party.CUSTOMER: "the customer", Party.AGENT: "the agent", Party.SYSTEM: "Zentrale"}[event.by]
        how = "hangs up" if story.channel.has_voice else "ends the chat"
        if event.cause is not EndCause.HUNG_UP:
            how = f"ends it ({event.cause.value.replace('_', ' ')})"
        lines = f", {story.lines} line{'s' * (story.lines != 1)}" if story.channel is Channel.CHAT else ""
        return f"{who} {how} after {talked}{with_whom}{lines}", BOLD

    def _agent_changed(self, event: ev.AgentStateChanged) -> None:
        """People's comings and goings; of the robots only what is out of the ordinary."""
        name = self._name(event.agent)
        quiet = event.agent in self._robots
        match event.state:
            case AgentState.NOT_RESPONDING:
                text = f"{name} is set to not responding"
            case AgentState.PAUSED if event.reason != "signed in":
                text = f"{name} has a break: {event.reason}"
            case AgentState.PAUSED if not quiet:
                text = f"{name} has signed in; press Ready to get contacts"
            case AgentState.AVAILABLE if not quiet:
                text = f"{name} is available"
            case AgentState.SIGNED_OUT if not quiet:
                text = f"{name} has signed out"
            case _:
                return
        self._write(f"{self._paint(clock(event.at_ns), DIM)}  {'':<13}  {text}")

    def _say(self, at_ns: int, story: _Story, text: str, colour: str) -> None:
        label = f"{KINDS[story.channel]:<8} {f'#{story.number}':<4}"
        label = self._paint(label, CONTACT_COLOURS[story.number % len(CONTACT_COLOURS)])
        self._write(f"{self._paint(clock(at_ns), DIM)}  {label}  {self._paint(text, colour)}")

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{RESET}" if self._colour and colour else text

    def _name(self, agent: AgentId) -> str:
        return self._agents.get(agent, agent)


def clock(at_ns: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at_ns // SECOND))


def seconds(ms: int) -> str:
    """ "8 s", "1:05 min"."""
    whole = round(ms / 1000)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02} min"


def shorten(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= TEXT_MAX else f"{line[: TEXT_MAX - 1].rstrip()}…"
