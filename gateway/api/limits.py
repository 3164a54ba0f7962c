"""Token buckets: how often something may happen, for each of many keys, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic


class Bucket:
    """Holds at most ``burst`` tokens and gains ``per_second``; `take` spends one."""

    __slots__ = ("_at", "_burst", "_clock", "_per_second", "_tokens")

    def __init__(self, *, per_second: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock()

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now

    def take(self) -> bool:
        """Spend a token if there is one."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    @property
    def wait_s(self) -> int:
        """Whole seconds until the next token, at least 1."""
        self._fill()
        return max(1, int((1 - self._tokens) / self._per_second + 0.999))


class Buckets:
    """One `Bucket` for each key.  Past ``keys_max`` the key unused for longest is forgotten."""

    def __init__(self, *, per_minute: float, keys_max: int = 10_000, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute = per_minute
        self._keys_max = keys_max
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def bucket(self, key: str) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = Bucket(per_second=self._per_minute / 60, burst=self._per_minute, clock=self._clock)
            self._buckets[key] = bucket
            if len(self._buckets) > self._keys_max:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket

    def take(self, key: str) -> bool:
        return self.bucket(key).take()

    def wait_s(self, key: str) -> int:
        return self.bucket(key).wait_s
