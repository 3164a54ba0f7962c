from cpython.ref cimport PyObject


cdef Py_ssize_t find_field(object kind, str name) except -1


cdef inline object read_field(object event, Py_ssize_t place):
    """``event`` is exactly of the kind for which `find_field` found the place: all of its fields are set."""
    return <object>(<PyObject**>(<char*><PyObject*>event + place))[0]
