"""The media plane's wire formats for unit tests and fuzzing: RTP, RTCP, SRTP and STUN without threads or sockets.

The plane itself does not go through here.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from gateway.media._native cimport exact_copy, zm_addr, zm_addr_parse, zm_rtp, zm_rtp_parse


cdef extern from "native/rtp.h":
    ctypedef struct zm_rtp_source:
        uint32_t clock_rate
    ctypedef enum zm_seq:
        ZM_SEQ_OK
        ZM_SEQ_RESTARTED
        ZM_SEQ_BAD
    ctypedef struct zm_rtp_out:
        uint32_t clock_rate, packet_samples, packets
    zm_seq zm_rtp_source_update(zm_rtp_source *source, const zm_rtp *rtp, uint64_t now_ns, bint timed)
    uint64_t zm_rtp_source_lost(const zm_rtp_source *source)
    uint64_t zm_rtp_source_received(const zm_rtp_source *source)
    uint32_t zm_rtp_source_jitter_us(const zm_rtp_source *source)
    uint8_t zm_rtp_source_fraction(zm_rtp_source *source)
    void zm_rtp_out_init(zm_rtp_out *out, uint32_t ssrc, uint16_t sequence, uint32_t timestamp)
    void zm_rtp_out_switch(zm_rtp_out *out)
    void zm_rtp_out_generate(zm_rtp_out *out, zm_rtp *rtp, uint64_t now_ns, uint32_t samples)
    void zm_rtp_out_skip(zm_rtp_out *out, const zm_rtp *source)
    bint zm_rtp_out_relay(zm_rtp_out *out, zm_rtp *rtp, const zm_rtp *source, uint64_t now_ns)

cdef extern from "native/stun.h":
    enum:
        ZM_STUN_RESPONSE_MAX
    ctypedef struct zm_stun:
        uint16_t type
        uint8_t transaction[12]
        const char *username
        uint32_t username_len, integrity_at
        bint fingerprint, use_candidate, controlled, controlling
        uint16_t unknown[8]
        uint32_t unknown_count
    bint zm_stun_parse(zm_stun *stun, const uint8_t *datagram, uint32_t length)
    bint zm_stun_check_integrity(const zm_stun *stun, const uint8_t *datagram, const char *pwd)
    uint32_t zm_stun_write_success(uint8_t *to, const zm_stun *request, const zm_addr *source, const char *pwd)
    uint32_t zm_stun_write_error(
        uint8_t *to, const zm_stun *request, unsigned code, const char *reason, const char *pwd)

cdef extern from "native/leg.h":
    ctypedef struct zm_leg:
        zm_rtp_source source
        zm_rtp_out out
        uint8_t far_fraction_lost
        uint32_t far_rtt_us

cdef extern from "native/rtcp.h":
    enum:
        ZM_RTCP_MAX
    uint32_t zm_rtcp_write(zm_leg *leg, uint8_t *to, uint64_t now_ns, bint bye)
    bint zm_rtcp_read(zm_leg *leg, const uint8_t *packet, uint32_t length, uint64_t now_ns)


cdef extern from "native/srtp.h":
    enum:
        ZM_SRTP_TRAILER_MAX
    ctypedef struct zm_srtp:
        pass
    ctypedef enum zm_srtp_result:
        ZM_SRTP_OK
        ZM_SRTP_REPLAYED
        ZM_SRTP_FAILED
    uint32_t zm_srtp_key_len(const char *profile)
    zm_srtp *zm_srtp_new(const char *profile, const uint8_t *key, bint outbound)
    void zm_srtp_free(zm_srtp *srtp)
    zm_srtp_result zm_srtp_protect(zm_srtp *srtp, uint8_t *packet, uint32_t *length)
    zm_srtp_result zm_srtp_unprotect(zm_srtp *srtp, uint8_t *packet, uint32_t *length)
    zm_srtp_result zm_srtp_protect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *length)
    zm_srtp_result zm_srtp_unprotect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *length)


def parse_rtp(bytes datagram):
    """(payload type, marker, sequence, timestamp, SSRC, payload), None when malformed."""
    cdef zm_rtp rtp
    cdef uint8_t *copy = exact_copy(datagram)
    try:
        if not zm_rtp_parse(&rtp, copy, <uint32_t>len(datagram)):
            return None
        payload = rtp.payload[:rtp.payload_len]
        return rtp.payload_type, bool(rtp.marker), rtp.sequence, rtp.timestamp, rtp.ssrc, payload
    finally:
        free(copy)


def parse_stun(bytes datagram, bytes pwd=b""):
    """A dict, None when it is no STUN message."""
    cdef zm_stun stun
    cdef uint8_t *copy = exact_copy(datagram)
    try:
        if not zm_stun_parse(&stun, copy, <uint32_t>len(datagram)):
            return None
        return {
            "type": stun.type,
            "transaction": stun.transaction[:12],
            "username": None if stun.username is NULL else stun.username[:stun.username_len],
            "authentic": bool(zm_stun_check_integrity(&stun, copy, pwd)),
            "fingerprint": bool(stun.fingerprint),
            "use_candidate": bool(stun.use_candidate),
            "controlled": bool(stun.controlled),
            "controlling": bool(stun.controlling),
            "unknown": [stun.unknown[i] for i in range(stun.unknown_count)],
        }
    finally:
        free(copy)


def answer_stun(bytes request, str address, int port, bytes pwd=None, int code=0, bytes reason=b""):
    """The success response, or the error with ``code``; ``pwd`` None leaves MESSAGE-INTEGRITY out."""
    cdef zm_stun stun
    cdef zm_addr source
    cdef uint8_t response[256]
    cdef uint32_t length
    cdef const char *key = NULL
    if pwd is not None:
        key = pwd
    assert ZM_STUN_RESPONSE_MAX == sizeof(response)
    if not zm_stun_parse(&stun, request, <uint32_t>len(request)):
        raise ValueError("no STUN message")
    if not zm_addr_parse(&source, address.encode(), <uint16_t>port):
        raise ValueError("no address")
    if code:
        length = zm_stun_write_error(response, &stun, code, reason, key)
    else:
        length = zm_stun_write_success(response, &stun, &source, key)
    return response[:length]


cdef class Stream:
    """What a leg knows of its source and of what it sends."""

    cdef zm_leg *leg

    def __cinit__(self, *, uint32_t clock_rate=8000, uint32_t ssrc=1, uint16_t sequence=0, uint32_t timestamp=0):
        self.leg = <zm_leg *>calloc(1, sizeof(zm_leg))
        if self.leg is NULL:
            raise MemoryError
        self.leg.source.clock_rate = clock_rate
        zm_rtp_out_init(&self.leg.out, ssrc, sequence, timestamp)
        self.leg.out.clock_rate = clock_rate
        self.leg.out.packet_samples = clock_rate // 50

    def __dealloc__(self):
        free(self.leg)

    def receive(self, *, uint16_t sequence, uint32_t timestamp=0, uint32_t ssrc=7, uint64_t now_ns=0, bint timed=True):
        """"ok", "restarted" or "bad"."""
        cdef zm_rtp rtp
        rtp.sequence, rtp.timestamp, rtp.ssrc = sequence, timestamp, ssrc
        result = zm_rtp_source_update(&self.leg.source, &rtp, now_ns, timed)
        return {ZM_SEQ_OK: "ok", ZM_SEQ_RESTARTED: "restarted", ZM_SEQ_BAD: "bad"}[result]

    @property
    def received(self):
        return zm_rtp_source_received(&self.leg.source)

    @property
    def lost(self):
        return zm_rtp_source_lost(&self.leg.source)

    @property
    def jitter_us(self):
        return zm_rtp_source_jitter_us(&self.leg.source)

    def fraction_lost(self):
        return zm_rtp_source_fraction(&self.leg.source)

    def switch(self):
        zm_rtp_out_switch(&self.leg.out)

    def generate(self, uint64_t now_ns, uint32_t samples=160):
        """(sequence, timestamp, marker) of a packet made here."""
        cdef zm_rtp rtp
        zm_rtp_out_generate(&self.leg.out, &rtp, now_ns, samples)
        self.leg.out.packets += 1
        return rtp.sequence, rtp.timestamp, bool(rtp.marker)

    def relay(self, uint64_t now_ns, *, uint16_t sequence, uint32_t timestamp, uint32_t ssrc=7, bint marker=False):
        """The same of a relayed packet, None when it must not be sent."""
        cdef zm_rtp rtp
        cdef zm_rtp source
        source.sequence, source.timestamp, source.ssrc, source.marker = sequence, timestamp, ssrc, marker
        if not zm_rtp_out_relay(&self.leg.out, &rtp, &source, now_ns):
            return None
        return rtp.sequence, rtp.timestamp, bool(rtp.marker)

    def skip(self, *, uint16_t sequence, uint32_t ssrc=7):
        cdef zm_rtp source
        source.sequence, source.ssrc = sequence, ssrc
        zm_rtp_out_skip(&self.leg.out, &source)

    def write_report(self, uint64_t now_ns, bint bye=False):
        cdef uint8_t packet[256]
        assert ZM_RTCP_MAX == sizeof(packet)
        return packet[:zm_rtcp_write(self.leg, packet, now_ns, bye)]

    def read_report(self, bytes packet, uint64_t now_ns=0):
        """Far side's (fraction lost of 256, round trip in us), None when malformed."""
        cdef uint8_t *copy = exact_copy(packet)
        try:
            if not zm_rtcp_read(self.leg, copy, <uint32_t>len(packet), now_ns):
                return None
            return self.leg.far_fraction_lost, self.leg.far_rtt_us
        finally:
            free(copy)


def srtp_key_len(bytes profile):
    """Octets of master key and salt; 0 for a profile that is unknown."""
    return zm_srtp_key_len(profile)


cdef class Srtp:
    """One direction of SRTP and SRTCP. Each method returns the packet, or "replayed" or "failed"."""

    cdef zm_srtp *srtp

    def __cinit__(self, bytes profile, bytes key, *, bint outbound):
        if len(key) != zm_srtp_key_len(profile):
            raise ValueError("unknown profile, or a key of another length")
        self.srtp = zm_srtp_new(profile, key, outbound)
        if self.srtp is NULL:
            raise MemoryError

    def __dealloc__(self):
        zm_srtp_free(self.srtp)

    cdef object run(
        self, zm_srtp_result (*function)(zm_srtp *, uint8_t *, uint32_t *), bytes packet, uint32_t trailer
    ):
        cdef uint32_t length = <uint32_t>len(packet)
        cdef uint8_t *copy = exact_copy(packet + bytes(trailer))
        try:
            result = function(self.srtp, copy, &length)
            if result == ZM_SRTP_OK:
                return copy[:length]
            return "replayed" if result == ZM_SRTP_REPLAYED else "failed"
        finally:
            free(copy)

    def protect(self, bytes packet):
        return self.run(zm_srtp_protect, packet, ZM_SRTP_TRAILER_MAX)

    def unprotect(self, bytes packet):
        return self.run(zm_srtp_unprotect, packet, 0)

    def protect_rtcp(self, bytes packet):
        return self.run(zm_srtp_protect_rtcp, packet, ZM_SRTP_TRAILER_MAX)

    def unprotect_rtcp(self, bytes packet):
        return self.run(zm_srtp_unprotect_rtcp, packet, 0)
