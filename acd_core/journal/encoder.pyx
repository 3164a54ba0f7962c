# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Makes the bytes of a journal; what they are, and the same in plain Python, is in `acd_core.journal.records`.

An entry is packed when it is added, behind room for what will stand before it, so that a record is copied only once: to
the caller.
"""

import msgspec

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport PyObject
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

from acd_core.journal.packing cimport Packer, pack, pack_array_head

from acd_core.journal.records import HEAD, MAGIC, RECORD_BYTES_MAX, too_long

cdef extern from "crc32.h":
    void prepare "acd_crc32_prepare" () noexcept
    uint32_t add_to_check "acd_crc32" (uint32_t check, const uint8_t* data, size_t length) noexcept
    uint32_t by_tables "acd_crc32_by_tables" (uint32_t check, const uint8_t* data, size_t length) noexcept

cdef extern from "endian.h":
    uint32_t htole32(uint32_t number) noexcept

cdef enum:
    HEAD_BYTES = 12
    ROOM = HEAD_BYTES + 5  # the head of a record, and of the array in which the entries are

prepare()
assert HEAD.size == HEAD_BYTES
cdef bytes START = MAGIC
cdef object encode_plainly = msgspec.msgpack.Encoder().encode


@cython.final
cdef class Encoder:
    cdef Packer packer
    cdef Py_ssize_t used  # behind the last entry that is whole
    cdef Py_ssize_t record_bytes_max
    cdef readonly Py_ssize_t pending
    cdef readonly uint32_t check

    def __cinit__(self, *, Py_ssize_t record_bytes_max = RECORD_BYTES_MAX):
        self.packer = Packer()
        self.record_bytes_max = record_bytes_max
        self.used = ROOM
        self.check = add_to_check(0, <const uint8_t*>PyBytes_AS_STRING(START), PyBytes_GET_SIZE(START))

    def begin(self, header not None) -> bytes:
        cdef bytes body = encode_plainly(header)
        cdef char[HEAD_BYTES] head
        self.frame(head, PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body))
        return START + head[:HEAD_BYTES] + body

    def add(self, now_ns, event, list decisions not None) -> None:
        self.pack_entry(now_ns, event, decisions)

    def take(self) -> bytes:
        return self.finish()

    def encode(self, now_ns, event, list decisions not None) -> bytes:
        self.pack_entry(now_ns, event, decisions)
        return self.finish()

    cdef int pack_entry(self, object now_ns, object event, list decisions) except -1:
        self.packer.go_to(self.used)
        pack_array_head(self.packer, 3)
        pack(self.packer, <PyObject*>now_ns)
        pack(self.packer, <PyObject*>event)
        pack(self.packer, <PyObject*>decisions)
        # an entry of which some part could not be packed was not added
        self.used = self.packer.at - self.packer.start
        self.pending += 1
        return 0

    cdef bytes finish(self):
        cdef Py_ssize_t size, used = self.used
        cdef char* body
        if not self.pending:
            return b""
        # the array's head ends where the entries begin
        self.packer.go_to(0)
        pack_array_head(self.packer, self.pending)
        size = self.packer.at - self.packer.start
        body = self.packer.start + ROOM - size
        memcpy(body, self.packer.start, size)
        size += used - ROOM
        self.pending = 0
        self.used = ROOM
        self.frame(body - HEAD_BYTES, body, size)
        return PyBytes_FromStringAndSize(body - HEAD_BYTES, HEAD_BYTES + size)

    cdef int frame(self, char* head, const char* body, Py_ssize_t size) except -1:
        cdef uint32_t[3] numbers
        if size > self.record_bytes_max:
            raise too_long(size)
        numbers[0] = htole32(<uint32_t>size)
        numbers[1] = add_to_check(self.check, <const uint8_t*>numbers, 4)
        self.check = numbers[2] = add_to_check(numbers[1], <const uint8_t*>body, size)
        numbers[1] = htole32(numbers[1])
        numbers[2] = htole32(numbers[2])
        memcpy(head, numbers, HEAD_BYTES)
        return 0


def find_check(data: bytes, check: int, *, folding: bool) -> int:
    cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(data)
    if folding:
        return add_to_check(check, start, len(data))
    return ~by_tables(~<uint32_t>check, start, len(data)) & 0xFFFFFFFF
