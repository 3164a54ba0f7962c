"""Gives `recordings.finisher` the native finishing of captures, without the interpreter lock."""

from libc.errno cimport errno
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t, uint64_t

import os


cdef extern from "native/finish.h":
    cdef struct finish_request:
        int capture
        int target
        uint32_t bitrate
        int complexity
        const uint8_t *tags
        size_t tags_size
    cdef struct finish_result:
        int64_t samples
        uint64_t size
        uint64_t gaps
        uint64_t dropped
        bint truncated
    cdef enum finish_status:
        FINISH_DONE
        FINISH_NO_CAPTURE
        FINISH_TOO_LONG
        FINISH_READ_ERROR
        FINISH_WRITE_ERROR
    finish_status finish_recording(const finish_request *request, finish_result *result) nogil
    finish_status finish_read_pauses(int capture, int64_t (*pauses)[2], size_t most, size_t *count) nogil
    finish_status finish_read_header(int capture, int64_t *start_epoch_ns, char *left, char *right) nogil

cdef extern from "native/capture_reader.h":
    enum:
        TEXT_MAX


cdef enum:
    PAUSES_MAX = 99  # two chapter marks each, which have three digits


class NoCaptureError(Exception):
    """Not a capture file, or not of this version."""


class TooLongError(Exception):
    """Longer than a day."""


cdef object _fail(finish_status status, int number):
    if status == FINISH_NO_CAPTURE:
        raise NoCaptureError
    if status == FINISH_TOO_LONG:
        raise TooLongError
    raise OSError(number, os.strerror(number))


def render(int capture, int target, *, bytes tags, uint32_t bitrate, int complexity):
    cdef finish_request request
    cdef finish_result result
    cdef finish_status status
    cdef int number
    request.capture = capture
    request.target = target
    request.bitrate = bitrate
    request.complexity = complexity
    request.tags = <const uint8_t *><const char *>tags
    request.tags_size = len(tags)
    with nogil:
        status = finish_recording(&request, &result)
        number = errno
    if status != FINISH_DONE:
        _fail(status, number)
    return result.samples, result.size, result.gaps, result.dropped, bool(result.truncated)


def read_pauses(int capture):
    """[(from, to)] in ns since the start, at most PAUSES_MAX; to is None for one that lasts to the end."""
    cdef int64_t pauses[PAUSES_MAX][2]
    cdef size_t count
    cdef finish_status status
    with nogil:
        status = finish_read_pauses(capture, pauses, PAUSES_MAX, &count)
    if status != FINISH_DONE:
        _fail(status, errno)
    return [
        (pauses[number][0], None if pauses[number][1] == INT64_MAX else pauses[number][1]) for number in range(count)]


def read_header(int capture):
    cdef int64_t start_epoch_ns
    cdef char left[TEXT_MAX + 1]
    cdef char right[TEXT_MAX + 1]
    cdef finish_status status = finish_read_header(capture, &start_epoch_ns, left, right)
    if status != FINISH_DONE:
        _fail(status, errno)
    return start_epoch_ns, left.decode(errors="replace"), right.decode(errors="replace")
