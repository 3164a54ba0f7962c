"""What a waiting caller is told, as the names of sounds in a row: the place in the queue, and how long it will take.

The words are recorded once per language, in folders of ``gateway/media/sounds``, and put together here by each
language's grammar: German says 23 as ``dreiundzwanzig``, ones first.  `NAMES` are all there have to be.
"""

from __future__ import annotations

from typing import Literal

Language = Literal["de", "en"]

NUMBER_MAX = 99
MINUTE_MS = 60_000
MINUTES_MAX = 60
MINUTES_ROUNDED = 10
"""Up to here each minute is told, beyond it every fifth."""

_PHRASES = (
    "position_first", "position_before", "position_after", "position_beyond",
    "wait_before", "wait_short", "wait_long", "minute", "minutes",
)  # fmt: skip
_NUMBERS = tuple(f"n_{number}" for number in (*range(1, 20), *range(20, 100, 10)))
_PREFIXES = tuple(f"and_{number}" for number in range(1, 10))

NAMES: dict[Language, tuple[str, ...]] = {
    "de": tuple(f"de/{name}" for name in (*_PHRASES, *_NUMBERS, *_PREFIXES)),
    "en": tuple(f"en/{name}" for name in (*_PHRASES, *_NUMBERS)),
}


def say_number(language: Language, number: int) -> list[str]:
    """1 to `NUMBER_MAX`."""
    if not 1 <= number <= NUMBER_MAX:
        raise ValueError(f"{number} can't be said; 1 to {NUMBER_MAX} can")
    tens, ones = number - number % 10, number % 10
    if number < 20 or ones == 0:
        return [f"{language}/n_{number}"]
    if language == "de":
        return [f"de/and_{ones}", f"de/n_{tens}"]
    return [f"{language}/n_{tens}", f"{language}/n_{ones}"]


def say_position(language: Language, position: int) -> list[str]:
    """``You are number three in the queue.``  Position counted from 1."""
    if position <= 1:
        return [f"{language}/position_first"]
    if position > NUMBER_MAX:
        return [f"{language}/position_beyond"]
    return [f"{language}/position_before", *say_number(language, position), f"{language}/position_after"]


def say_wait(language: Language, wait_ms: int) -> list[str]:
    """``The estimated waiting time is about five minutes.``  Rounded up, as nobody minds being served sooner."""
    minutes = -(-wait_ms // MINUTE_MS)
    if minutes > MINUTES_ROUNDED:
        minutes = -(-minutes // 5) * 5
    if wait_ms < MINUTE_MS:
        return [f"{language}/wait_short"]
    if minutes > MINUTES_MAX:
        return [f"{language}/wait_long"]
    if minutes == 1:
        return [f"{language}/wait_before", f"{language}/minute"]
    return [f"{language}/wait_before", *say_number(language, minutes), f"{language}/minutes"]
