"""The automatic call distributor: who serves whom.  Sans-IO: no clock, no I/O, no randomness.

Events with a timestamp go in, decisions come out, `Distributor.get_timer` says when to call again.
"""
