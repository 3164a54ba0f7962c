"""The distributor's extensions: one per concept of `acd_core.core`."""

from setuptools import Extension

CONCEPTS = (
    "memory",
    "names",
    "heap",
    "bits",
    "timers",
    "skills",
    "queues",
    "contacts",
    "agents",
    "exclusions",
    "matching",
    "output",
    "engine",
    "reading",
    "distributor",
)


def extensions() -> list[Extension]:
    return [
        Extension(f"acd_core.core.{concept}", [f"acd_core/core/{concept}.pyx"], extra_compile_args=["-O3"])
        for concept in CONCEPTS
    ]
