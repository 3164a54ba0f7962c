from libc.stdint cimport int64_t


cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1


cdef inline bint is_plain_text(object text, Py_ssize_t most):
    """One that passes all checks; what is not ASCII is rare, and may be no valid text."""
    return type(text) is str and len(<str>text) <= most and PyUnicode_IS_ASCII(text)


cdef inline bint is_plain_name(object name, Py_ssize_t most):
    return is_plain_text(name, most) and len(<str>name) > 0


cdef inline int64_t get_number(object number, int64_t least, int64_t most):
    """-1: something else than a whole number from ``least``, 0 or more, to ``most``."""
    cdef int overflow = 0
    cdef int64_t value
    if type(number) is not int:
        return -1
    value = PyLong_AsLongLongAndOverflow(number, &overflow)
    return value if not overflow and least <= value <= most else -1


cdef bint are_plain_names(object names, Py_ssize_t most) except -1
cdef bint are_levels(object levels, frozenset skills, Py_ssize_t most) except -1
