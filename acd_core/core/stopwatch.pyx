# cython: language_level=3
"""The clock, for measurements: the time of one event inside the core, without the decisions' way into Python.

The one module of `acd_core.core` that reads a clock; nothing but the benchmark imports it.
"""

from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from acd_core.core.distributor cimport Distributor


cdef extern from "malloc.h":
    ctypedef struct mallinfo2_result "struct mallinfo2":
        size_t uordblks
        size_t hblkhd

    mallinfo2_result mallinfo2()


cdef inline int64_t read_clock() noexcept:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * <int64_t>1_000_000_000 + now.tv_nsec


def time_event(Distributor distributor, object event, int64_t now_ns):
    """Like `Distributor.handle`; returns the time in ns that check, look-up and decision took, and the decisions."""
    cdef int64_t start, end
    start = read_clock()
    distributor.dispatch(event, now_ns)
    end = read_clock()
    return end - start, distributor.finish()


def read_clock_twice():
    """What `time_event` finds for nothing, in ns."""
    cdef int64_t start = read_clock()
    return read_clock() - start


def read_memory():
    """Bytes that this process has from the C library; with PYTHONMALLOC=malloc Python's objects are among them."""
    cdef mallinfo2_result used = mallinfo2()
    return used.uordblks + used.hblkhd
