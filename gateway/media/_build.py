"""The media plane's extensions: ``_plane`` is the plane itself, ``_stages`` opens its stages to unit tests."""

from __future__ import annotations

from setuptools import Extension

NATIVE = "gateway/media/native"
# No include folder: names are relative, so that a header of ours can't stand in for one of the system's.
COMPILE = ["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-D_GNU_SOURCE"]

# Stages know no sockets: codecs, jitter buffer, mixer, sounds, telephone events, capture files.
STAGES = [
    f"{NATIVE}/{name}.c" for name in ("capture", "dtmf", "g711", "jitter", "mixer", "opus_codec", "sound", "stretch")
]
STAGE_LIBRARIES = ["opus", "speexdsp", "m", "pthread"]


def extensions() -> list[Extension]:
    return [
        Extension(
            "gateway.media._stages",
            ["gateway/media/_stages.pyx", *STAGES],
            libraries=STAGE_LIBRARIES,
            extra_compile_args=COMPILE,
        ),
    ]
