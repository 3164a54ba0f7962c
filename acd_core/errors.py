"""What the distributor refuses.  After any of these its state is what it was before the call.

Each message says what is wrong and what to do; both distributors make it here, so that it is the same.
"""

from __future__ import annotations


class AcdError(Exception):
    """Base of all errors of the distributor."""


class InvalidEventError(AcdError):
    """A field of the event has a wrong type or is out of its range."""


class InvalidSnapshotError(AcdError):
    """A snapshot contradicts itself, or is of a version that knew less."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"the snapshot can't be restored: {fault}")


class InvalidTimeError(AcdError):
    """The time is negative, not a whole number of nanoseconds, or beyond 2**62."""


class TimeReversedError(InvalidTimeError):
    """The time is earlier than that of an event already handled."""

    def __init__(self, now_ns: int, last_ns: int) -> None:
        super().__init__(
            f"time runs backwards: {now_ns} ns is {last_ns - now_ns} ns before the last event; use one monotonic clock"
        )


class UnknownAgentError(AcdError):
    def __init__(self, agent: object) -> None:
        super().__init__(f"agent {agent!r:.80} is not signed in; send AgentSignedIn first")


class DuplicateAgentError(AcdError):
    def __init__(self, agent: str) -> None:
        super().__init__(
            f"agent {agent!r:.80} is signed in already; send AgentChanged for other queues or skills, "
            "or AgentReady to cancel a sign-out that is yet to come"
        )


class UnknownQueueError(AcdError):
    def __init__(self, queue: object) -> None:
        super().__init__(f"queue {queue!r:.80} is not configured; send QueueConfigured first")


class UnknownContactError(AcdError):
    def __init__(self, contact: object) -> None:
        super().__init__(f"contact {contact!r:.80} is not here: it never arrived or has ended")


class DuplicateContactError(AcdError):
    def __init__(self, contact: str) -> None:
        super().__init__(f"contact {contact!r:.80} is here already; each contact needs an id of its own")


class StaleOfferError(AcdError):
    """The offer has ended (accepted, rejected, expired, revoked), never was, or is another agent's."""

    def __init__(self, offer: object, why: str) -> None:
        super().__init__(f"offer {offer!r:.80} {why}")


class IllegalStateError(AcdError):
    """The agent or contact exists, but its state forbids what was asked."""


class LimitError(AcdError):
    """A limit is reached; ``limit`` is its name in `acd_core.limits.Limits`."""

    def __init__(self, limit: str, value: int) -> None:
        super().__init__(f"the limit {limit} = {value} is reached; try again later or raise it")
        self.limit = limit
        self.value = value


def not_abandonable(contact: str, agent: str) -> IllegalStateError:
    return IllegalStateError(f"contact {contact!r:.80} is with agent {agent!r:.80}; send ContactEnded")


def not_assigned(contact: str, state: str) -> IllegalStateError:
    return IllegalStateError(f"contact {contact!r:.80} is {state}, not with an agent; to end it send ContactAbandoned")


def not_queued(contact: str, agent: str) -> IllegalStateError:
    return IllegalStateError(f"contact {contact!r:.80} is with agent {agent!r:.80} and has no place in its queue")


def not_in_wrap_up(agent: str, state: str) -> IllegalStateError:
    return IllegalStateError(f"agent {agent!r:.80} is {state}, not in wrap-up")


def queue_in_use(queue: str, contacts: int) -> IllegalStateError:
    return IllegalStateError(f"queue {queue!r:.80} has contacts ({contacts}); remove it when they have ended")


def not_fresh() -> IllegalStateError:
    return IllegalStateError("a snapshot can be restored only by a distributor that has handled nothing yet")


def not_waiting(contact: str, agent: str) -> IllegalStateError:
    return IllegalStateError(
        f"contact {contact!r:.80} is with agent {agent!r:.80}; this is for contacts that wait or ring"
    )


def not_deferred(contact: str) -> IllegalStateError:
    return IllegalStateError(f"contact {contact!r:.80} is not deferred")


def not_free(agent: str, contact: str) -> IllegalStateError:
    return IllegalStateError(
        f"agent {agent!r:.80} can't be offered contact {contact!r:.80} now: not at work, ringing, without room for its "
        "channel, or spared it"
    )


OFFER_ENDED = "is not open: it has ended or never was"
OFFER_EXPIRED = "has expired"
OFFER_OF_ANOTHER = "is another agent's"
OFFER_RESTORED = "was made before the snapshot that was restored; its explanation is in the journal"
