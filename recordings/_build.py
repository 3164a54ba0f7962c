"""The recordings' extension: capture file in, Ogg Opus out."""

from __future__ import annotations

from setuptools import Extension

NATIVE = "recordings/native"


def extensions() -> list[Extension]:
    return [
        Extension(
            "recordings._finish",
            [
                "recordings/_finish.pyx",
                *(f"{NATIVE}/{name}.c" for name in ("capture_reader", "finish", "ogg_opus", "timeline")),
            ],
            libraries=["ogg", "opus", "spandsp", "speexdsp"],
            extra_compile_args=["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-D_GNU_SOURCE"],
        ),
    ]
