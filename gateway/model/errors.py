"""The four kinds of error.  Edges map the kinds, not the single errors, to SIP and HTTP codes.

=================  =====================================================  ========  =========
kind               whose fault                                            SIP       HTTP
=================  =====================================================  ========  =========
PeerError          the other machine broke its protocol                   400, 488  400
RequestError       the caller asked for what can't be (unknown, illegal)  404, 403  404, 409
CapacityError      nobody's: a limit is reached; try later                503       503
InternalError      ours: a bug or a broken dependency                     500       500
=================  =====================================================  ========  =========

Each message says what is wrong, where, and what to do.
"""

from __future__ import annotations


class ZentraleError(Exception):
    """Base of all errors that an edge may turn into an answer."""


class PeerError(ZentraleError):
    """The other side sent something that its protocol does not allow."""


class UnreachableError(PeerError):
    """The other side's address is of a family (IPv4, IPv6) that we have none of."""


class RequestError(ZentraleError):
    """The request can't be met as it stands: the thing is unknown, ended, or in a state that forbids it."""


class NotFoundError(RequestError):
    """No such contact, agent, queue, number or recording."""


class NotAllowedError(RequestError):
    """The thing exists, but not for this caller, or not in its present state."""


class CapacityError(ZentraleError):
    """A named limit is reached.

    ``limit`` is the limit's configuration name, ``retry_after_s`` when to try again (Retry-After of RFC 3261 20.33).
    """

    def __init__(self, message: str, *, limit: str, retry_after_s: int = 10) -> None:
        super().__init__(message)
        self.limit = limit
        self.retry_after_s = retry_after_s


class InternalError(ZentraleError):
    """A bug or a broken dependency of ours."""


class ConflictError(InternalError):
    """What was to be kept contradicts what is there already: a bug of ours.  Trying again can't help."""
