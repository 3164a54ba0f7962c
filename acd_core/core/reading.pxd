from libc.stdint cimport int32_t

from acd_core.core.engine cimport Engine


cdef object view_queue(Engine engine, int32_t queue)
cdef object view_agent(Engine engine, int32_t agent)
cdef object view_contact(Engine engine, int32_t contact)
cdef object make_snapshot(Engine engine)
