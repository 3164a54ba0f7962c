"""Chance without a state: numbers that depend on a seed and on names only, so that a replay draws the same ones.

FNV-1a for names, the finaliser of splitmix64 for mixing (Vigna, http://prng.di.unimi.it/splitmix64.c, public domain).
"""

from __future__ import annotations

from typing import Any, Final

WORD: Final = (1 << 64) - 1


def hash_name(name: str) -> int:
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & WORD
    return value


def mix(value: int) -> int:
    value = (value + 0x9E3779B97F4A7C15) & WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & WORD
    return value ^ value >> 31


def draw_point(seed: int, contact: str, number: int, width: int) -> int:
    """Where draw ``number`` for the contact falls, 0..width-1."""
    return mix((mix(seed ^ hash_name(contact)) + number) & WORD) % width


def describe_profile(profile: tuple[Any, ...]) -> str:
    """A text that two profiles (queues, skills, levels, lanes, capacity) have in common only if they are equal."""
    queues, skills, levels, lanes, capacity = profile
    parts = [
        *sorted(queues),
        "",
        *sorted(skills),
        "",
        *[f"{level} {name}" for name, level in sorted(levels)],
        "",
        *(f"{lane.most} {lane.weight} {lane.interruptible:d} {lane.channel}" for lane in lanes),
        f"{capacity}",
    ]
    return "".join([f"{len(part)}:{part}" for part in parts])


def draw_permille(seed: int, contact: str) -> int:
    """0..999."""
    return mix(seed ^ hash_name(contact)) % 1000
