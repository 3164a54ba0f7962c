# cython: language_level=3
"""Where an event keeps its fields: to be read there costs a load, by name about 100 instructions.

CPython describes each slot of a class by its offset (``PyMemberDescrObject``), which is part of its public C API; a
field that has none is refused when this package is imported.
"""

cdef extern from *:
    """
    #include <descrobject.h>
    #include <structmember.h>

    /* -1: not a slot that holds an object. */
    static Py_ssize_t acd_offset_of(PyObject *descriptor) {
        if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type))
            return -1;
        PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
        return member->type == T_OBJECT_EX || member->type == T_OBJECT ? member->offset : -1;
    }
    """
    Py_ssize_t offset_of "acd_offset_of" (object descriptor) noexcept


cdef Py_ssize_t find_field(object kind, str name) except -1:
    cdef Py_ssize_t place = offset_of(getattr(kind, name))
    if place <= 0:
        raise TypeError(f"{kind.__name__}.{name} is not a slot")
    return place
