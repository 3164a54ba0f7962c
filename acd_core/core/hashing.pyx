# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Chance without a state, as in `acd_core.hashing`: FNV-1a of names, mixed by the finaliser of splitmix64."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL


cdef uint64_t mix(uint64_t value) noexcept:
    value += 0x9E3779B97F4A7C15u
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu
    return value ^ (value >> 31)


cdef uint64_t hash_name(str name) except? 0:
    cdef Py_ssize_t size, place
    cdef const uint8_t* text = <const uint8_t*>PyUnicode_AsUTF8AndSize(name, &size)
    cdef uint64_t value = 0xCBF29CE484222325u
    for place in range(size):
        value = (value ^ text[place]) * 0x100000001B3u
    return value


cdef int64_t draw_point(uint64_t seed, str contact, uint64_t number, int64_t width) except -1:
    """Where draw ``number`` for the contact falls, 0..width-1 (rule 8.2)."""
    return <int64_t>(mix(mix(seed ^ hash_name(contact)) + number) % <uint64_t>width)
