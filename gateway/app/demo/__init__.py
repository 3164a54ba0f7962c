"""``zentrale demo``: a carrier, web visitors and agents that act by themselves, through the public interfaces alone.

`play` is the command.  It runs the gateway and starts `players` in a process of its own, which knows nothing but
addresses and the robot agents' passwords.  The clients (`agent_client`, `visitor_client`, `carrier`, `voice`) know
nothing of the play and serve benchmarks as well.
"""
