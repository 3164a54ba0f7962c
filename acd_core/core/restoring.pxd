from acd_core.core.engine cimport Engine

cdef int restore(Engine engine, dict explanations, object snapshot) except -1
