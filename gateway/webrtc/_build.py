"""The browser edge's extension: DTLS by wolfSSL, where ``python -m gateway.sources.wolfssl.build`` has built that."""

from __future__ import annotations

from pathlib import Path

from setuptools import Extension

BUILT = ".cache/wolfssl"
LIBRARY = f"{BUILT}/libwolfssl.a"


def extensions() -> list[Extension]:
    if not (Path(__file__).parents[2] / LIBRARY).is_file():
        return []
    return [
        Extension(
            "gateway.webrtc._wolfssl",
            ["gateway/webrtc/_wolfssl.pyx"],
            include_dirs=[BUILT],
            define_macros=[("WOLFSSL_USER_SETTINGS", None)],
            extra_objects=[LIBRARY],
            # Hidden, so that another wolfSSL in this process stays another one.
            extra_compile_args=["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-D_GNU_SOURCE"],
            extra_link_args=["-Wl,--exclude-libs,ALL"],
            depends=[LIBRARY],
        )
    ]
