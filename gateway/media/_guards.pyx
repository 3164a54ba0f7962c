"""What guards a leg, for unit tests and fuzzing: latching, RTCP checked octet by octet, DTMF in sound, voice.

The plane itself does not go through here.  PCM is bytes of native int16 at 8 kHz; times are ns.
"""

from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from gateway.media._native cimport exact_copy, zm_addr, zm_addr_parse, zm_rtp


cdef extern from "native/codec.h":
    cdef enum codec:
        CODEC_PCMU
        CODEC_PCMA
        CODEC_OPUS
        CODEC_G722

cdef extern from "native/addr.h":
    void zm_addr_format(const zm_addr *addr, char *text)
    uint16_t zm_addr_port(const zm_addr *addr)

cdef extern from "native/latch.h":
    ctypedef struct zm_latch:
        zm_addr peer, rtcp_peer
        bint latched, rtcp_latched, rtcp_mux
    ctypedef struct zm_latch_rule:
        zm_addr rtp, signalling
        uint16_t rtcp_port
        bint learns, rtcp_mux
    void zm_latch_set(zm_latch *latch, const zm_latch_rule *rule, uint64_t now_ns)
    bint zm_latch_admits(const zm_latch *latch, const zm_addr *source, uint64_t now_ns)
    bint zm_latch_admits_rtcp(const zm_latch *latch, const zm_addr *source)
    void zm_latch_hold(zm_latch *latch, const zm_addr *source, uint64_t now_ns)
    void zm_latch_hold_rtcp(zm_latch *latch, const zm_addr *source)

cdef extern from "native/budget.h":
    ctypedef struct zm_budget:
        pass
    bint zm_budget_take(zm_budget *budget, const zm_addr *to, uint64_t now_ns, uint64_t seed)

cdef extern from "native/rtcp_wire.h":
    ctypedef struct zm_rtcp_packet:
        const uint8_t *body
        uint32_t body_len
        uint8_t type, count
    bint zm_rtcp_check(const uint8_t *datagram, uint32_t length)
    bint zm_rtcp_next(zm_rtcp_packet *packet, const uint8_t *datagram, uint32_t length, uint32_t *at)

cdef extern from "native/dtmf.h":
    cdef struct dtmf_digit:
        char digit
        uint32_t duration_ms

cdef extern from "native/dtmf_tone.h":
    cdef struct dtmf_detector:
        pass
    cdef struct dtmf_generator:
        pass
    void dtmf_detector_init(dtmf_detector *detector)
    bint dtmf_generator_start(dtmf_generator *generator, char digit)
    void dtmf_generate(dtmf_generator *generator, int16_t *pcm, size_t samples)

cdef extern from *:
    """
    #include "native/dtmf_tone.h"
    #include "native/dtmf_filter.h"
    static int detect(
        struct dtmf_detector *detector, const int16_t *pcm, size_t samples, int *tone, struct dtmf_digit *digits)
    {
        bool heard;
        int ended = dtmf_detect(detector, pcm, samples, &heard, digits);
        *tone = heard;
        return ended;
    }
    """
    int detect(dtmf_detector *detector, const int16_t *pcm, size_t samples, int *tone, dtmf_digit *digits) nogil

cdef extern from "native/dtmf_filter.h":
    enum:
        DTMF_FILTER_OUT_MAX
    cdef enum dtmf_filter_mode:
        DTMF_FILTER_LISTEN
        DTMF_FILTER_REPLACE
        DTMF_FILTER_BLOCK
    cdef struct dtmf_filter:
        pass
    bint dtmf_filter_open(dtmf_filter *filter, codec which, dtmf_filter_mode mode)
    void dtmf_filter_close(dtmf_filter *filter)
    int dtmf_filter_set_mode(dtmf_filter *filter, dtmf_filter_mode mode, zm_rtp *out)
    int dtmf_filter_put(dtmf_filter *filter, const zm_rtp *source, zm_rtp *out, dtmf_digit *digits, int *ended)

cdef extern from "native/dtmf_ear.h":
    cdef struct dtmf_ear:
        pass
    void dtmf_ear_init(dtmf_ear *ear, uint32_t rate)
    int dtmf_ear_hear(dtmf_ear *ear, int16_t *pcm, bint replace, dtmf_digit *digits)

cdef extern from "native/voice.h":
    bint zm_voice_heard(codec which, const uint8_t *payload, uint32_t length)


_CODECS = {"pcmu": CODEC_PCMU, "pcma": CODEC_PCMA, "g722": CODEC_G722, "opus": CODEC_OPUS}
_MODES = {"listen": DTMF_FILTER_LISTEN, "replace": DTMF_FILTER_REPLACE, "block": DTMF_FILTER_BLOCK}


cdef zm_addr make_addr(tuple address) except *:
    cdef zm_addr made
    memset(&made, 0, sizeof(made))
    if address is not None and not zm_addr_parse(&made, address[0].encode(), address[1]):
        raise ValueError(f"no address: {address!r}")
    return made


cdef class Budget:
    cdef zm_budget budget
    cdef uint64_t seed

    def __init__(self, *, uint64_t seed):
        self.seed = seed

    def take(self, str host, uint64_t now_ns=0):
        """Whether one more answer may go there."""
        cdef zm_addr addr = make_addr((host, 9))
        return bool(zm_budget_take(&self.budget, &addr, now_ns, self.seed))


cdef class Latch:
    """Addresses are (host, port)."""

    cdef zm_latch latch

    def set(
        self, tuple rtp, *, uint64_t now_ns=0, bint learns=False, tuple signalling=None, int rtcp_port=0,
        bint rtcp_mux=False
    ):
        cdef zm_latch_rule rule
        rule.rtp = make_addr(rtp)
        rule.signalling = make_addr(signalling)
        rule.rtcp_port = <uint16_t>rtcp_port
        rule.learns, rule.rtcp_mux = learns, rtcp_mux
        zm_latch_set(&self.latch, &rule, now_ns)

    def take(self, tuple source, uint64_t now_ns=0, *, bint good=True):
        """Whether a packet from there is admitted; a good one is held on to."""
        cdef zm_addr addr = make_addr(source)
        if not zm_latch_admits(&self.latch, &addr, now_ns):
            return False
        if good:
            zm_latch_hold(&self.latch, &addr, now_ns)
        return True

    def take_rtcp(self, tuple source):
        cdef zm_addr addr = make_addr(source)
        if not zm_latch_admits_rtcp(&self.latch, &addr):
            return False
        zm_latch_hold_rtcp(&self.latch, &addr)
        return True

    @property
    def rtcp_mux(self):
        return bool(self.latch.rtcp_mux)

    @property
    def peer(self):
        cdef char text[64]
        zm_addr_format(&self.latch.peer, text)
        return (<bytes>text).decode(), zm_addr_port(&self.latch.peer)

    @property
    def rtcp_peer(self):
        cdef char text[64]
        zm_addr_format(&self.latch.rtcp_peer, text)
        return (<bytes>text).decode(), zm_addr_port(&self.latch.rtcp_peer)


def parse_rtcp(bytes datagram):
    """[(type, count or format, body)], None when any of it is malformed."""
    cdef zm_rtcp_packet packet
    cdef uint32_t at = 0
    cdef uint8_t *copy = exact_copy(datagram)
    try:
        if not zm_rtcp_check(copy, <uint32_t>len(datagram)):
            return None
        packets = []
        while zm_rtcp_next(&packet, copy, <uint32_t>len(datagram), &at):
            packets.append((packet.type, packet.count, packet.body[:packet.body_len]))
        return packets
    finally:
        free(copy)


cdef class DtmfDetector:
    cdef dtmf_detector detector

    def __cinit__(self):
        dtmf_detector_init(&self.detector)

    def detect(self, bytes pcm, int step=160):
        """[(digit, ms)] that ended in this sound, fed in pieces of ``step`` samples (960 at most)."""
        cdef dtmf_digit ended[2]
        cdef const int16_t *samples = <const int16_t *><const char *>pcm
        cdef int at, tone, count, total = len(pcm) // 2
        digits = []
        for at in range(0, total, step):
            count = detect(&self.detector, samples + at, min(step, total - at), &tone, ended)
            digits += [(chr(ended[i].digit), ended[i].duration_ms) for i in range(count)]
        return digits


def generate_dtmf(str digit, int samples):
    cdef dtmf_generator generator
    cdef bytearray pcm = bytearray(2 * samples)
    if not dtmf_generator_start(&generator, <char>ord(digit)):
        raise ValueError(f"{digit!r} is no digit")
    dtmf_generate(&generator, <int16_t *><char *>pcm, samples)
    return bytes(pcm)


cdef class DtmfFilter:
    cdef dtmf_filter filter
    cdef bint opened

    def __cinit__(self, str mode, str codec_name):
        self.opened = dtmf_filter_open(
            &self.filter, <codec><int>_CODECS[codec_name], <dtmf_filter_mode><int>_MODES[mode])
        if not self.opened:
            raise MemoryError

    def __dealloc__(self):
        if self.opened:
            dtmf_filter_close(&self.filter)

    def set_mode(self, str mode):
        """Payloads let go."""
        cdef zm_rtp out[8]
        assert DTMF_FILTER_OUT_MAX <= 8
        cdef int count = dtmf_filter_set_mode(&self.filter, <dtmf_filter_mode><int>_MODES[mode], out)
        return [(out[i].sequence, out[i].payload[:out[i].payload_len]) for i in range(count)]

    def put(self, bytes payload, int sequence=0):
        """([(sequence, payload)] that may go on, [(digit, ms)] that ended)."""
        cdef zm_rtp rtp
        cdef zm_rtp out[8]
        cdef dtmf_digit digits[2]
        cdef int ended = 0
        memset(&rtp, 0, sizeof(rtp))
        rtp.payload, rtp.payload_len, rtp.sequence = payload, <uint32_t>len(payload), <uint16_t>sequence
        cdef int count = dtmf_filter_put(&self.filter, &rtp, out, digits, &ended)
        passed = [(out[i].sequence, out[i].payload[:out[i].payload_len]) for i in range(count)]
        return passed, [(chr(digits[i].digit), digits[i].duration_ms) for i in range(ended)]


cdef class DtmfEar:
    cdef dtmf_ear ear
    cdef int samples

    def __cinit__(self, int rate):
        dtmf_ear_init(&self.ear, <uint32_t>rate)
        self.samples = rate // 50

    def hear(self, bytes pcm, bint replace=False):
        """(what goes on, [(digit, ms)] that ended) of whole frames of 20 ms."""
        cdef bytearray sound = bytearray(pcm)
        cdef int16_t *at = <int16_t *><char *>sound
        cdef dtmf_digit ended[2]
        cdef int count
        assert len(pcm) % (2 * self.samples) == 0
        digits = []
        for _ in range(len(pcm) // (2 * self.samples)):
            count = dtmf_ear_hear(&self.ear, at, replace, ended)
            digits += [(chr(ended[i].digit), ended[i].duration_ms) for i in range(count)]
            at += self.samples
        return bytes(sound), digits


def voice_heard(str codec_name, bytes payload):
    cdef uint8_t *copy = exact_copy(payload)
    try:
        return bool(zm_voice_heard(<codec><int>_CODECS[codec_name], copy, <uint32_t>len(payload)))
    finally:
        free(copy)
