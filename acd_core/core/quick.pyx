# cython: language_level=3, boundscheck=False, wraparound=False
"""Checks for what nearly all events are like.  Whatever fails one here is checked in full by `acd_core.checks`, which
finds the words for what is wrong, or that nothing is."""

from libc.stdint cimport int64_t

from acd_core.checks import LEVEL_MAX

cdef int64_t HIGHEST = LEVEL_MAX


cdef bint are_plain_names(object names, Py_ssize_t most) except -1:
    """A frozenset of them."""
    if type(names) is not frozenset:
        return False
    for name in <frozenset>names:
        if not is_plain_name(name, most):
            return False
    return True


cdef bint are_levels(object levels, frozenset skills, Py_ssize_t most) except -1:
    """A frozenset of (name, level), a name once each and none among ``skills``."""
    cdef set seen = set()
    if type(levels) is not frozenset:
        return False
    for pair in <frozenset>levels:
        if type(pair) is not tuple or len(<tuple>pair) != 2 or get_number((<tuple>pair)[1], 0, HIGHEST) < 0:
            return False
        name = (<tuple>pair)[0]
        if not is_plain_name(name, most) or name in skills or name in seen:
            return False
        seen.add(name)
    return True
