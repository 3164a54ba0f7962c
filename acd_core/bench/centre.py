"""A centre's settings: queues, agents and the kinds of contacts that come, either as a real centre has them or plain.

*Real*: every feature that costs a decision anything is in use, by this share of queues, agents and contacts:

- queues (10): four choose the longest idle agent, one each by the other six strategies; orders are arrival with a
  bound on overtaking (3), priority with ageing (2), service objective (2), c-mu, fixed ratio and greatest need, two of
  them blended by service level; five relax what they ask for in two steps, six overflow on wait, one each on size and
  on estimate, three when nobody is staffed; one sends 5 % to a pilot; one asks for a skill of its own; the round robin
  rings at three agents at once.
- agents: 50 of 200 skills each, half of them at a level below 100; three of ten have lanes (a call, three chats, mail
  that yields to both); all have weights for the draw and, by topic, five expected successes.
- kinds of contacts: one to three skills, half of them with minimum levels, a fifth with a choice between two; 70 %
  calls, 20 % chats, 10 % mail; a third with a priority above 0, all with one of 20 topics; 1 % exclude two agents.
- contacts: 5 % have a bonus, 5 % arrived earlier than now (they called before), 10 % name an agent, half of these wait
  30 s for them alone.

*Plain*: longest idle agent, first come first served, skills without levels; nothing else.
"""

from __future__ import annotations

import random
from typing import Any, Final, NamedTuple

from acd_core import events as ev
from acd_core.requirements import all_of, any_of, skill
from acd_core.strategies import orders

QUEUES: Final = 10
SKILLS: Final = 200
KNOWN: Final = 50
"""Skills of an agent."""
TOPICS: Final = 20
SCORES: Final = 5
"""Topics in which an agent's success is known."""
OFFER_MS: Final = 20_000
WRAP_UP_MS: Final = 30_000
MINUTE_MS: Final = 60_000

LANES: Final = (
    ev.Lane("phone", most=1, weight=3),
    ev.Lane("chat", most=3, weight=1),
    ev.Lane("mail", most=2, weight=1, interruptible=True),
)
LANES_CAPACITY: Final = 3
STEPS: Final = (ev.Step(30_000, lower=30), ev.Step(60_000, drop=frozenset({"skill 0", "skill 1", "skill 2"})))
CHANNELS: Final = ("phone", "chat", "mail")
CHANNEL_WEIGHTS: Final = (70, 20, 10)


def name_queue(number: int) -> str:
    return f"queue {number}"


def name_skill(number: int) -> str:
    return f"skill {number}"


def name_topic(number: int) -> str:
    return f"topic {number}"


def overflow(when: str, value: int = 0) -> ev.Overflow:
    return ev.Overflow(name_queue(0), when, value)


WAIT: Final = overflow("wait", 10 * MINUTE_MS)
BOUND: Final = orders.arrival(overtaking_ms=15 * MINUTE_MS)
REAL_QUEUES: Final[tuple[dict[str, Any], ...]] = (
    {"order": orders.blended(BOUND, 20_000), "steps": STEPS},
    {"order": orders.priority(MINUTE_MS, overtaking_ms=20 * MINUTE_MS), "steps": STEPS, "overflow": (WAIT,)},
    {"order": orders.service_objective(20_000), "steps": STEPS, "overflow": (WAIT, overflow("unstaffed"))},
    {
        "order": BOUND,
        "overflow": (WAIT, overflow("estimate", 12 * 60 * MINUTE_MS)),
        "handle_ms": 3 * MINUTE_MS,
        "splits": (ev.Split(name_queue(4), 50),),
    },
    {"strategy": "most_skilled", "order": orders.priority(2 * MINUTE_MS), "steps": STEPS, "overflow": (WAIT,)},
    {"strategy": "least_occupied", "order": orders.blended(orders.service_objective(60_000), 60_000)},
    {"strategy": "least_skilled", "order": orders.generalised_cmu(2, 4 * MINUTE_MS), "steps": STEPS},
    {"strategy": "success", "order": orders.greatest_need(), "overflow": (WAIT, overflow("unstaffed"))},
    {"strategy": "random", "order": orders.ratio(3), "overflow": (WAIT, overflow("size", 1_000_000))},
    {
        "strategy": "round_robin",
        "order": BOUND,
        "broadcast": 3,
        "overflow": (overflow("unstaffed"),),
        "skills": frozenset({name_skill(0)}),
    },
)


class Kind(NamedTuple):
    """What contacts of one kind have in common."""

    queue: str
    skills: frozenset[str]
    channel: str = "phone"
    needs: ev.Requirement = frozenset()
    priority: int = 0
    topic: str = ""
    excluded: frozenset[str] = frozenset()


class Profile(NamedTuple):
    """What agents of one profile have in common."""

    queues: frozenset[str]
    skills: frozenset[str]
    levels: frozenset[tuple[str, int]] = frozenset()
    lanes: tuple[ev.Lane, ...] = ()
    capacity: int = 1

    def level_of(self, name: str) -> int:
        return 100 if name in self.skills else dict(self.levels).get(name, -1)


class Centre:
    """Seeded; the same for the same arguments.  ``strategy``: of all queues of a plain centre."""

    def __init__(self, agents: int, profiles: int, kinds: int, *, plain: bool, strategy: str = "longest_idle") -> None:
        self.chance = random.Random(20)
        self.plain = plain
        self.strategy = strategy
        self.skills = [name_skill(number) for number in range(SKILLS)]
        self.agents = [f"agent {number}" for number in range(agents)]
        self.profiles = [self._make_profile() for _ in range(profiles)]
        self.kinds = self._make_kinds(kinds)

    def queues(self) -> list[ev.QueueConfigured]:
        settings = ({"strategy": self.strategy},) * QUEUES if self.plain else REAL_QUEUES
        return [
            ev.QueueConfigured(name_queue(number), OFFER_MS, WRAP_UP_MS, **one) for number, one in enumerate(settings)
        ]

    def profile_of(self, number: int) -> Profile:
        return self.profiles[number % len(self.profiles)]

    def agent(self, number: int) -> ev.AgentSignedIn:
        chance = self.chance
        if self.plain and self.strategy == "longest_idle":
            return ev.AgentSignedIn(self.agents[number], *self.profile_of(number))
        scores = frozenset(
            (name_topic(topic), chance.randint(1, 1000)) for topic in chance.sample(range(TOPICS), SCORES)
        )
        return ev.AgentSignedIn(
            self.agents[number], *self.profile_of(number), weight=chance.randint(1, 5), scores=scores
        )

    def contact(self, name: str, kind: Kind, now_ns: int) -> ev.ContactArrived:
        """One of that kind who arrives now."""
        if self.plain:
            return ev.ContactArrived(name, kind.queue, kind.skills, topic=kind.topic)
        chance = self.chance
        draw = chance.random()
        return ev.ContactArrived(
            name,
            *kind[:3],
            arrival_ns=max(0, now_ns - chance.randrange(1, 600_000_000_000)) if draw < 0.05 else None,
            needs=kind.needs,
            priority=kind.priority,
            bonus_ms=60_000 if 0.05 <= draw < 0.1 else 0,
            topic=kind.topic,
            excluded=kind.excluded,
            preferred=chance.choice(self.agents) if 0.1 <= draw < 0.2 else None,
            preferred_ms=30_000 if 0.1 <= draw < 0.15 else 0,
        )

    def _make_profile(self) -> Profile:
        chance = self.chance
        queues = frozenset(name_queue(number) for number in chance.sample(range(QUEUES), chance.randint(3, 6)))
        known = chance.sample(self.skills, KNOWN)
        if self.plain:
            return Profile(queues, frozenset(known))
        levels = frozenset((name, chance.randrange(20, 100)) for name in known[: KNOWN // 2])
        lanes = LANES if chance.random() < 0.3 else ()
        return Profile(queues, frozenset(known[KNOWN // 2 :]), levels, lanes, LANES_CAPACITY if lanes else 1)

    def _make_kinds(self, count: int) -> list[Kind]:
        """Different ones, for each of which there is somebody."""
        kinds: dict[Kind, None] = {}
        while len(kinds) < count:
            profile = self.chance.choice(self.profiles)
            kinds[self._make_kind(profile)] = None
        return list(kinds)

    def _make_kind(self, profile: Profile) -> Kind:
        chance = self.chance
        known = sorted(profile.skills.union(name for name, _ in profile.levels))
        asked = chance.sample(known, chance.randint(1, 3))
        served = sorted(profile.queues)
        if name_skill(0) not in known:
            # that queue asks for it
            served = [name for name in served if name != name_queue(9)]
        queue = chance.choice(served)
        if self.plain:
            return Kind(queue, frozenset(asked), topic=name_topic(chance.randrange(TOPICS)))
        needs: ev.Requirement = frozenset()
        if chance.random() < 0.5:
            name = asked.pop()
            needs = skill(name, min(profile.level_of(name), chance.choice((20, 40, 60))))
        if chance.random() < 0.2:
            needs = all_of(needs, any_of(skill(chance.choice(known)), skill(chance.choice(self.skills), 50)))
        return Kind(
            queue,
            frozenset(asked),
            chance.choices(CHANNELS, CHANNEL_WEIGHTS)[0],
            needs,
            chance.randint(1, 3) if chance.random() < 0.33 else 0,
            name_topic(chance.randrange(TOPICS)),
            frozenset(chance.sample(self.agents, 2)) if chance.random() < 0.01 else frozenset(),
        )
