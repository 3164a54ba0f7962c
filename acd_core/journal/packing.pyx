# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Events and decisions as MessagePack, the same bytes that `msgspec.msgpack.encode` makes of them, in a tenth of its
time: keys are copied ready-made, fields read from their places, and all of it goes into one buffer.

How a class of structs or an enumeration is written is found out once, from what msgspec says about it.  Any value that
is none of those here is handed to msgspec itself.
"""

import enum

import msgspec

cimport cython
from cpython.bool cimport PyBool_Check
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from acd_core.core.fields cimport find_field

cdef extern from *:
    """
    #include <endian.h>

    static inline char *acd_put_16(char *at, uint8_t code, uint64_t value)
    {
        uint16_t big = htobe16((uint16_t)value);
        *at = (char)code;
        memcpy(at + 1, &big, sizeof big);
        return at + 3;
    }

    static inline char *acd_put_32(char *at, uint8_t code, uint64_t value)
    {
        uint32_t big = htobe32((uint32_t)value);
        *at = (char)code;
        memcpy(at + 1, &big, sizeof big);
        return at + 5;
    }

    static inline char *acd_put_64(char *at, uint8_t code, uint64_t value)
    {
        uint64_t big = htobe64(value);
        *at = (char)code;
        memcpy(at + 1, &big, sizeof big);
        return at + 9;
    }
    """
    char* put_16 "acd_put_16" (char* at, uint8_t code, uint64_t value) noexcept
    char* put_32 "acd_put_32" (char* at, uint8_t code, uint64_t value) noexcept
    char* put_64 "acd_put_64" (char* at, uint8_t code, uint64_t value) noexcept

cdef extern from "Python.h":
    bint PyAnySet_CheckExact(PyObject* value)
    bint PyUnicode_IS_COMPACT_ASCII(PyObject* text)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject* text)
    void* PyUnicode_DATA(PyObject* text)
    const char* PyUnicode_AsUTF8AndSize(PyObject* text, Py_ssize_t* size) except NULL
    long long PyLong_AsLongLongAndOverflow(PyObject* number, int* overflow) except? -1
    PyObject* Py_None
    PyObject* Py_True

cdef enum:
    FIELDS_MAX = 64
    KEY_BYTES_MAX = 31
    NUMBER_BYTES_MAX = 9
    HEAD_BYTES_MAX = 5
    FIRST_BYTES = 4096
    DEPTH_MAX = 16


cdef struct Word:
    # text as it is written, its head included; always copied whole
    uint8_t size
    char[KEY_BYTES_MAX] text


cdef struct Field:
    Py_ssize_t place
    PyObject* usual  # not written when it is this; NULL: always written
    Word key


cdef struct Chosen:
    PyObject* value
    Field* field


cdef struct Member:
    PyObject* member
    Word word


@cython.final
cdef class Plan:
    """How a class of structs is written: as a map, first its tag, then its fields."""

    cdef Field[FIELDS_MAX] fields
    cdef int32_t count
    cdef Word tag_key
    cdef Word tag
    cdef bint tagged
    cdef list kept  # who is in ``usual``


@cython.final
cdef class Members:
    """How an enumeration is written: by its values."""

    cdef Member[FIELDS_MAX] members
    cdef int32_t count
    cdef object kind


# Plan or Members of each class that was met; None: msgspec writes it
cdef dict PLANS = {}


cdef bint fill(Word* word, str text) except -1:
    """False: it is too long."""
    cdef bytes packed = msgspec.msgpack.encode(text)
    if PyBytes_GET_SIZE(packed) > KEY_BYTES_MAX:
        return False
    word.size = <uint8_t>PyBytes_GET_SIZE(packed)
    memcpy(word.text, PyBytes_AS_STRING(packed), word.size)
    return True


cdef object plan_struct(object kind):
    """None: there is something about it that only msgspec knows how to write."""
    cdef Plan plan = Plan()
    cdef Field* field
    config = kind.__struct_config__
    fields = msgspec.structs.fields(kind)
    if config.array_like or len(fields) > FIELDS_MAX:
        return None
    if config.tag is not None:
        if type(config.tag) is not str or not fill(&plan.tag_key, config.tag_field) or not fill(&plan.tag, config.tag):
            return None
        plan.tagged = True
    plan.kept = []
    for known in fields:
        field = &plan.fields[plan.count]
        field.place = find_field(kind, known.name)
        if not fill(&field.key, known.encode_name):
            return None
        if config.omit_defaults:
            if known.default_factory is not msgspec.NODEFAULT:
                return None
            if known.default is not msgspec.NODEFAULT:
                plan.kept.append(known.default)
                field.usual = <PyObject*>known.default
        plan.count += 1
    return plan


cdef object plan_members(object kind):
    cdef Members plan = Members()
    if len(kind) > FIELDS_MAX:
        return None
    plan.kind = kind
    for member in kind:
        if type(member.value) is not str or not fill(&plan.members[plan.count].word, member.value):
            return None
        plan.members[plan.count].member = <PyObject*>member
        plan.count += 1
    return plan


cdef inline object find_plan(object kind):
    cdef PyObject* plan = PyDict_GetItem(PLANS, kind)
    return <object>plan if plan is not NULL else make_plan(kind)


cdef object make_plan(object kind):
    if issubclass(kind, msgspec.Struct):
        PLANS[kind] = plan_struct(kind)
    elif issubclass(kind, enum.Enum):
        PLANS[kind] = plan_members(kind)
    else:
        return None
    return PLANS[kind]


cdef inline char* put_word(char* at, Word* word) noexcept:
    memcpy(at, word.text, KEY_BYTES_MAX)
    return at + word.size


cdef inline char* put_number(char* at, int64_t value) noexcept:
    if value >= 0:
        if value < 128:
            at[0] = <char>value
            return at + 1
        if value < 256:
            at[0] = <char>0xCC
            at[1] = <char>value
            return at + 2
        if value < 65_536:
            return put_16(at, 0xCD, <uint64_t>value)
        if value <= 0xFFFF_FFFF:
            return put_32(at, 0xCE, <uint64_t>value)
        return put_64(at, 0xCF, <uint64_t>value)
    if value >= -32:
        at[0] = <char>value
        return at + 1
    if value >= -128:
        at[0] = <char>0xD0
        at[1] = <char>value
        return at + 2
    if value >= -32_768:
        return put_16(at, 0xD1, <uint64_t>value)
    if value >= -2_147_483_648:
        return put_32(at, 0xD2, <uint64_t>value)
    return put_64(at, 0xD3, <uint64_t>value)


@cython.final
cdef class Packer:
    """Whoever catches an error of `pack` goes back to where they were: what was written by then is not whole."""

    def __cinit__(self):
        self.start = <char*>PyMem_Malloc(FIRST_BYTES)
        if self.start is NULL:
            raise MemoryError
        self.at = self.start
        self.end = self.start + FIRST_BYTES
        self.plain = msgspec.msgpack.Encoder().encode

    def __dealloc__(self):
        PyMem_Free(self.start)

    cdef void go_to(self, Py_ssize_t place) noexcept:
        """Within what was reserved."""
        self.at = self.start + place


cdef int grow(Packer packer, Py_ssize_t size) except -1:
    cdef Py_ssize_t used = packer.at - packer.start
    cdef Py_ssize_t room = max(2 * (packer.end - packer.start), used + size)
    cdef char* larger = <char*>PyMem_Realloc(packer.start, room)
    if larger is NULL:
        raise MemoryError("there is no memory for a record of the journal")
    packer.start = larger
    packer.at = larger + used
    packer.end = larger + room
    return 0


cdef inline int reserve(Packer packer, Py_ssize_t size) except -1:
    if packer.end - packer.at < size:
        grow(packer, size)
    return 0


cdef int pack(Packer packer, PyObject* value, int32_t depth = 0) except -1:
    if PyUnicode_CheckExact(<object>value):
        return pack_text(packer, value)
    if PyLong_CheckExact(<object>value):
        return pack_whole(packer, value)
    if value is Py_None:
        reserve(packer, 1)
        packer.at[0] = <char>0xC0
        packer.at += 1
        return 0
    return pack_other(packer, value, depth + 1)


cdef inline int pack_text(Packer packer, PyObject* text) except -1:
    cdef Py_ssize_t size
    cdef const char* data
    if PyUnicode_IS_COMPACT_ASCII(text):
        data = <const char*>PyUnicode_DATA(text)
        size = PyUnicode_GET_LENGTH(text)
    else:
        data = PyUnicode_AsUTF8AndSize(text, &size)
    reserve(packer, size + HEAD_BYTES_MAX)
    if size < 32:
        packer.at[0] = <char>(0xA0 | size)
        packer.at += 1
    elif size < 256:
        packer.at[0] = <char>0xD9
        packer.at[1] = <char>size
        packer.at += 2
    else:
        put_long_head(packer, 0xDA, size)
    memcpy(packer.at, data, size)
    packer.at += size
    return 0


cdef inline int pack_whole(Packer packer, PyObject* number) except -1:
    cdef int overflow = 0
    cdef int64_t value = PyLong_AsLongLongAndOverflow(number, &overflow)
    if overflow:
        return pack_plain(packer, number)
    reserve(packer, NUMBER_BYTES_MAX)
    packer.at = put_number(packer.at, value)
    return 0


cdef int pack_array_head(Packer packer, Py_ssize_t count) except -1:
    reserve(packer, HEAD_BYTES_MAX)
    if count < 16:
        packer.at[0] = <char>(0x90 | count)
        packer.at += 1
    else:
        put_long_head(packer, 0xDC, count)
    return 0


cdef int put_long_head(Packer packer, uint8_t code, Py_ssize_t count) except -1:
    """A count of 16 bits, or by the next code one of 32."""
    if count < 65_536:
        packer.at = put_16(packer.at, code, <uint64_t>count)
    elif count <= 0xFFFF_FFFF:
        packer.at = put_32(packer.at, code + 1, <uint64_t>count)
    else:
        raise ValueError("a text or an array is too long for the journal")
    return 0


cdef int pack_other(Packer packer, PyObject* value, int32_t depth) except -1:
    cdef Py_ssize_t index
    if depth > DEPTH_MAX:
        # perhaps within itself; msgspec knows when to stop
        return pack_plain(packer, value)
    if PyList_CheckExact(<object>value):
        pack_array_head(packer, PyList_GET_SIZE(<object>value))
        for index in range(PyList_GET_SIZE(<object>value)):
            pack(packer, <PyObject*>PyList_GET_ITEM(<object>value, index), depth)
        return 0
    if PyTuple_CheckExact(<object>value):
        pack_array_head(packer, PyTuple_GET_SIZE(<object>value))
        for index in range(PyTuple_GET_SIZE(<object>value)):
            pack(packer, <PyObject*>PyTuple_GET_ITEM(<object>value, index), depth)
        return 0
    if PyAnySet_CheckExact(value):
        pack_array_head(packer, len(<object>value))
        for one in <object>value:
            pack(packer, <PyObject*>one, depth)
        return 0
    if PyBool_Check(<object>value):
        reserve(packer, 1)
        packer.at[0] = <char>(0xC3 if value is Py_True else 0xC2)
        packer.at += 1
        return 0
    return pack_planned(packer, value, find_plan(type(<object>value)), depth)


cdef inline int pack_planned(Packer packer, PyObject* value, object plan, int32_t depth) except -1:
    if type(plan) is Plan:
        return pack_struct(packer, value, <Plan>plan, depth)
    if type(plan) is Members:
        return pack_member(packer, value, <Members>plan)
    return pack_plain(packer, value)


cdef int pack_struct(Packer packer, PyObject* value, Plan plan, int32_t depth) except -1:
    cdef Chosen[FIELDS_MAX] chosen
    cdef PyObject* one
    cdef Field* field = plan.fields
    cdef Field* last = field + plan.count
    cdef int32_t index, count = 0
    while field < last:
        one = (<PyObject**>(<char*>value + field.place))[0]
        if one is NULL:
            return pack_plain(packer, value)
        # without a branch: which fields are as by default can't be foretold
        chosen[count].value = one
        chosen[count].field = field
        count += one is not field.usual
        field += 1
    reserve(packer, 3 + 2 * KEY_BYTES_MAX)
    # msgspec writes the length in the form of the highest that it may have
    if plan.count + plan.tagged < 16:
        packer.at[0] = <char>(0x80 | (count + plan.tagged))
        packer.at += 1
    else:
        packer.at = put_16(packer.at, 0xDE, <uint64_t>(count + plan.tagged))
    if plan.tagged:
        packer.at = put_word(put_word(packer.at, &plan.tag_key), &plan.tag)
    for index in range(count):
        reserve(packer, KEY_BYTES_MAX)
        packer.at = put_word(packer.at, &chosen[index].field.key)
        pack(packer, chosen[index].value, depth)
    return 0


cdef int pack_member(Packer packer, PyObject* value, Members plan) except -1:
    cdef int32_t index
    for index in range(plan.count):
        if plan.members[index].member is value:
            reserve(packer, KEY_BYTES_MAX)
            packer.at = put_word(packer.at, &plan.members[index].word)
            return 0
    return pack_plain(packer, value)


cdef int pack_plain(Packer packer, PyObject* value) except -1:
    cdef bytes packed = packer.plain(<object>value)
    reserve(packer, PyBytes_GET_SIZE(packed))
    memcpy(packer.at, PyBytes_AS_STRING(packed), PyBytes_GET_SIZE(packed))
    packer.at += PyBytes_GET_SIZE(packed)
    return 0
