"""How long tests wait for what must come: a guard against hanging, and never a measure of speed.

A machine under load may be ten times as slow as one that is not, and a test that fails says the same after half a
minute as after five seconds.  It stays well below the limit that pytest has for a whole test.
"""

PATIENCE_S = 30.0
