# What more than one of the extensions needs that open the plane's parts to unit tests.

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc
from libc.string cimport memcpy


cdef extern from "native/rtp.h":
    ctypedef struct zm_rtp:
        const uint8_t *payload
        uint32_t payload_len, timestamp, ssrc
        uint16_t sequence
        uint8_t payload_type
        bint marker
    bint zm_rtp_parse(zm_rtp *rtp, const uint8_t *datagram, uint32_t length)

cdef extern from "native/addr.h":
    ctypedef union zm_addr:
        pass
    bint zm_addr_parse(zm_addr *addr, const char *text, uint16_t port)


cdef inline uint8_t *exact_copy(bytes datagram) except NULL:
    """On the heap and no octet longer, so that a sanitizer sees a read behind its end."""
    cdef uint8_t *copy = <uint8_t *>calloc(1, max(len(datagram), 1))
    if copy is NULL:
        raise MemoryError
    memcpy(copy, <const uint8_t *>datagram, len(datagram))
    return copy
