"""The media plane's extensions.

``_plane`` is the plane itself, ``_loadgen`` its load generator; ``_guards``, ``_stages``, ``_wire`` and ``_video`` open
its parts to unit tests.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import Extension

ROOT = Path(__file__).parents[2]
NATIVE = "gateway/media/native"
# No include folder: names are relative, so that a header of ours can't stand in for one of the system's.
# (opusfile.h does not find its neighbours without its own; system folders are searched last.)
COMPILE = [
    "-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-isystem",
    "/usr/include/opus",
]  # fmt: skip

# Stages know no sockets: codecs, jitter buffer, mixer, sounds, telephone events, capture files.
STAGES = [
    f"{NATIVE}/{name}.c"
    for name in (
        "capture", "decoder", "dtmf", "encoder", "g711", "g722", "held", "jitter", "jitter_out", "mixer", "noise",
        "opus_codec", "playout", "plc", "sound", "sound_file", "stretch",
    )
]  # fmt: skip
STAGE_LIBRARIES = ["opusfile", "ogg", "opus", "spandsp", "speexdsp", "m", "pthread"]

# The plane: threads, sockets, ICE, SRTP, RTP, bridges.
PLANE = [
    f"{NATIVE}/{name}.c"
    for name in (
        "addr", "bridge", "commands", "conference", "digits", "egress", "ice", "ice_proof", "ingress", "interfaces",
        "keys", "leg", "packetize", "pcm", "plane", "player", "ports", "priority", "quality", "queue", "requests",
        "rtcp", "rtcp_wire", "rtp", "seam", "srtp", "stun", "thread", "video", "video_feedback", "video_relay",
    )
]  # fmt: skip
PLANE_LIBRARIES = ["crypto", *STAGE_LIBRARIES]
WIRE = [f"{NATIVE}/{name}.c" for name in ("addr", "rtcp", "rtcp_wire", "rtp", "srtp", "stun")]
VIDEO = [f"{NATIVE}/{name}.c" for name in ("rtcp_wire", "rtp", "video", "video_feedback")]
# What guards a leg: who may send to it, how much strangers are answered, digits in sound, voice.
GUARDS = [f"{NATIVE}/{name}.c" for name in ("budget", "dtmf_ear", "dtmf_filter", "dtmf_tone", "latch", "voice")]
LOADGEN = [
    f"{NATIVE}/{name}.c"
    for name in (
        "loadgen", "loadgen_sound", "loadgen_talk",
        "addr", "g711", "g722", "opus_codec", "ports", "rtp", "sound", "sound_file", "srtp", "stun",
    )
]  # fmt: skip
HEADERS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / NATIVE).glob("*.h"))


def extensions() -> list[Extension]:
    return [
        Extension(
            "gateway.media._plane",
            ["gateway/media/_plane.pyx", *PLANE, *GUARDS, *STAGES],
            libraries=PLANE_LIBRARIES,
            extra_compile_args=[*COMPILE, "-Werror=implicit-function-declaration"],
            depends=HEADERS,
        ),
        Extension(
            "gateway.media._loadgen",
            ["gateway/media/_loadgen.pyx", *LOADGEN],
            libraries=PLANE_LIBRARIES,
            extra_compile_args=[*COMPILE, "-Werror=implicit-function-declaration"],
            depends=HEADERS,
        ),
        Extension(
            "gateway.media._wire",
            ["gateway/media/_wire.pyx", *WIRE, *STAGES],
            libraries=["crypto", *STAGE_LIBRARIES],
            extra_compile_args=[*COMPILE, "-Werror=implicit-function-declaration"],
            depends=HEADERS,
        ),
        Extension(
            "gateway.media._guards",
            ["gateway/media/_guards.pyx", *[f"{NATIVE}/{name}.c" for name in ("addr", "rtcp_wire")], *GUARDS, *STAGES],
            libraries=STAGE_LIBRARIES,
            extra_compile_args=[*COMPILE, "-Werror=implicit-function-declaration"],
            depends=HEADERS,
        ),
        Extension(
            "gateway.media._video",
            ["gateway/media/_video.pyx", *VIDEO],
            extra_compile_args=[*COMPILE, "-Werror=implicit-function-declaration"],
            depends=HEADERS,
        ),
        Extension(
            "gateway.media._stages",
            ["gateway/media/_stages.pyx", *STAGES],
            libraries=STAGE_LIBRARIES,
            extra_compile_args=COMPILE,
        ),
    ]
