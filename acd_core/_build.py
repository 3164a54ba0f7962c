"""The distributor's extensions: one per concept of `acd_core.core`."""

from setuptools import Extension

CONCEPTS = (
    "memory",
    "names",
    "heap",
    "bits",
    "hashing",
    "timers",
    "marks",
    "skills",
    "queues",
    "kinds",
    "contacts",
    "scores",
    "lots",
    "profiles",
    "agents",
    "exclusions",
    "eligibility",
    "lottery",
    "choosing",
    "matching",
    "output",
    "explaining",
    "hands",
    "flow",
    "joint",
    "settling",
    "engine",
    "reading",
    "restoring",
    "intake",
    "contact_intake",
    "distributor",
    "stopwatch",
)


def extensions() -> list[Extension]:
    return [
        Extension(f"acd_core.core.{concept}", [f"acd_core/core/{concept}.pyx"], extra_compile_args=["-O3"])
        for concept in CONCEPTS
    ]
