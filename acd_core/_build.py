"""The extensions of the distributor, one for each concept of `acd_core.core`, and of its journal."""

import platform

from setuptools import Extension

CONCEPTS = (
    "memory",
    "names",
    "heap",
    "bits",
    "lists",
    "hashing",
    "timers",
    "marks",
    "bin",
    "fields",
    "quick",
    "skills",
    "queues",
    "kinds",
    "contacts",
    "tops",
    "scores",
    "lots",
    "profiles",
    "agents",
    "exclusions",
    "fans",
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
JOURNAL = ("packing", "encoder")


# counting bits is one instruction since 2009, but compilers take nothing newer than 2003 for granted
COMPILE = ["-O3", *(["-march=x86-64-v2"] if platform.machine() == "x86_64" else [])]


def extensions() -> list[Extension]:
    modules = [f"core/{concept}" for concept in CONCEPTS] + [f"journal/{part}" for part in JOURNAL]
    return [
        Extension(f"acd_core/{module}".replace("/", "."), [f"acd_core/{module}.pyx"], extra_compile_args=COMPILE)
        for module in modules
    ]
