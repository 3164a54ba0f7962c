"""Settings for all tests: how long Hypothesis may look for a counter-example."""

from __future__ import annotations

from hypothesis import settings

# No deadline for one example: the machine may be busy, and a slow example is no wrong one.
settings.register_profile("quick", deadline=None)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile("quick")
