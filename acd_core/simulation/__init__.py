"""A discrete-event simulator that drives the real distributor, and the formulas that it is held against.

`plan` says what is simulated, `simulator` runs it, `estimate` looks ahead from a snapshot; `erlang` and `chain` are
exact results of queueing theory.  Nothing here is used by the distributor.
"""
