from libc.stdint cimport int32_t

from acd_core.core.matching cimport Matching, RunnersUp
from acd_core.core.output cimport Reasons

cdef int explain(
    Matching matching, Reasons* why, int32_t contact, int32_t agent, object named, bint contested, RunnersUp* seconds
) except -1
