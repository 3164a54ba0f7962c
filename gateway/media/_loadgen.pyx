"""The load generator for Python; see ``native/loadgen.h``.  What takes time runs without the interpreter lock."""

from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy


cdef extern from "native/addr.h":
    enum:
        ZM_ADDR_TEXT

cdef extern from "native/srtp.h":
    uint32_t zm_srtp_key_len(const char *profile)

cdef extern from "native/loadgen.h":
    ctypedef struct zl_load:
        pass
    ctypedef struct zl_result:
        uint64_t sent, received, lost, duplicates, unauthentic, unexpected, overflowed, late, delays
        uint32_t delay_p50_us, delay_p99_us, delay_max_us
        uint32_t delay_to_phone_us, delay_to_browser_us
        uint64_t opus_octets, opus_packets
        double to_phone_db, to_browser_db
        uint32_t compared_ms, unmatched_ms
    ctypedef struct zl_peer:
        const char *host
        uint16_t phone_port, browser_port
        const char *username
        const char *pwd
        const char *profile
        const uint8_t *send
        const uint8_t *receive
    zl_load *zl_new(uint32_t calls, char *error, uint32_t error_size)
    void zl_free(zl_load *load)
    bint zl_say(zl_load *load, const char *path, char *error, uint32_t error_size)
    void zl_addresses(
        const zl_load *load, uint32_t call, char *phone, uint16_t *phone_port, char *browser, uint16_t *browser_port)
    bint zl_aim(zl_load *load, uint32_t call, const zl_peer *peer)
    bint zl_connect(zl_load *load, char *error, uint32_t error_size) nogil
    bint zl_talk(
        zl_load *load, uint32_t frames, uint32_t drain_ms, bint opus, zl_result *result, char *error,
        uint32_t error_size) nogil


cdef extern from "native/loadgen_sound.h":
    enum:
        ZL_BLOCK
    ctypedef struct zl_heard:
        pass
    ctypedef struct zl_comparison:
        double distance_sum
        uint32_t moments
    bint zl_heard_init(zl_heard *heard, uint32_t packets_max)
    void zl_heard_free(zl_heard *heard)
    int16_t *zl_heard_add(zl_heard *heard, uint32_t samples, uint64_t arrived_ns)
    bint zl_compare(
        zl_comparison *comparison, const zl_heard *heard, const int16_t *said, uint64_t sent_ns, uint64_t *delay_ns)

cdef enum:
    FRAME = 160

BLOCK_SAMPLES = ZL_BLOCK


def compare(bytes said, bytes heard):
    """Hold what was heard against `BLOCK_SAMPLES` that were said, both PCM16 at 8 kHz.

    Said at the time 0, heard in packets of 20 ms, one every 20 ms from 0 on.  Returns the delay in microseconds and the
    distance in dB; None when the block is silent or can't be found.
    """
    cdef zl_heard kept
    cdef zl_comparison comparison
    cdef uint64_t delay_ns = 0
    cdef uint32_t packet, packets = <uint32_t>(len(heard) // (2 * FRAME))
    cdef const char *octets = heard
    cdef const int16_t *block = <const int16_t *><const char *>said
    cdef bint found
    if len(said) != 2 * ZL_BLOCK:
        raise ValueError(f"what was said has {len(said)} octets, not {2 * ZL_BLOCK}")
    comparison.distance_sum = comparison.moments = 0
    if not zl_heard_init(&kept, packets + 1):
        zl_heard_free(&kept)
        raise MemoryError
    try:
        for packet in range(packets):
            memcpy(
                zl_heard_add(&kept, FRAME, <uint64_t>packet * 20000000), octets + 2 * FRAME * packet,
                2 * FRAME)
        found = zl_compare(&comparison, &kept, block, 0, &delay_ns)
    finally:
        zl_heard_free(&kept)
    if not found:
        return None
    return delay_ns // 1000, comparison.distance_sum / comparison.moments


cdef class LoadGenerator:
    """Telephones and browsers of ``calls`` calls: aim, connect, talk, and again.  Raises OSError."""

    cdef zl_load *load
    cdef readonly int calls

    def __cinit__(self, int calls):
        cdef char error[256]
        self.calls = calls
        self.load = zl_new(<uint32_t>calls, error, sizeof(error))
        if self.load is NULL:
            raise OSError(error.decode("utf-8", "replace"))

    def __dealloc__(self):
        if self.load is not NULL:
            zl_free(self.load)

    def say(self, bytes path):
        """What is said where payloads do not survive: a WAV file, in a loop.  Raises ValueError."""
        cdef char error[256]
        if not zl_say(self.load, path, error, sizeof(error)):
            raise ValueError(error.decode("utf-8", "replace"))

    def addresses(self):
        """[((telephone's address, port), (browser's address, port))] by call."""
        cdef char phone[ZM_ADDR_TEXT]
        cdef char browser[ZM_ADDR_TEXT]
        cdef uint16_t phone_port, browser_port
        cdef uint32_t call
        found = []
        for call in range(<uint32_t>self.calls):
            zl_addresses(self.load, call, phone, &phone_port, browser, &browser_port)
            found.append(((phone.decode(), phone_port), (browser.decode(), browser_port)))
        return found

    def aim(
        self, int call, *, str host, int phone_port, int browser_port, str username, str pwd, str profile, bytes send,
        bytes receive
    ):
        """Whom a call's two ends talk to.  ``send`` and ``receive`` are the browser's SRTP keys, ``username`` its for
        STUN checks, empty without ICE."""
        cdef zl_peer peer
        cdef bytes host_octets = host.encode(), username_octets = username.encode(), pwd_octets = pwd.encode()
        cdef bytes profile_octets = profile.encode()
        cdef uint32_t key_len = zm_srtp_key_len(profile_octets)
        if not 0 <= call < self.calls:
            raise IndexError(call)
        if key_len == 0 or len(send) != key_len or len(receive) != key_len:
            raise ValueError(f"call {call}: {profile!r} is unknown, or its keys are not of {key_len} octets")
        peer.host = host_octets
        peer.phone_port, peer.browser_port = <uint16_t>phone_port, <uint16_t>browser_port
        peer.username, peer.pwd, peer.profile = username_octets, pwd_octets, profile_octets
        peer.send, peer.receive = send, receive
        if not zl_aim(self.load, <uint32_t>call, &peer):
            raise ValueError(f"call {call}: {host!r} is no address, or there is no memory for SRTP")

    def connect(self):
        """Run STUN checks until each browser has had an answer."""
        cdef char error[256]
        cdef bint done
        with nogil:
            done = zl_connect(self.load, error, sizeof(error))
        if not done:
            raise OSError(error.decode("utf-8", "replace"))

    def talk(self, int frames, int drain_ms, bint opus):
        """Talk for so many frames of 20 ms and listen for ``drain_ms`` more; figures as a dict.

        ``opus``: browsers say and hear Opus, else A-law.
        """
        cdef zl_result result
        cdef char error[256]
        cdef bint done
        with nogil:
            done = zl_talk(self.load, <uint32_t>frames, <uint32_t>drain_ms, opus, &result, error, sizeof(error))
        if not done:
            raise OSError(error.decode("utf-8", "replace"))
        return {
            "sent": result.sent,
            "received": result.received,
            "lost": result.lost,
            "duplicates": result.duplicates,
            "unauthentic": result.unauthentic,
            "unexpected": result.unexpected,
            "overflowed": result.overflowed,
            "late": result.late,
            "delays": result.delays,
            "delay_p50_us": result.delay_p50_us,
            "delay_p99_us": result.delay_p99_us,
            "delay_max_us": result.delay_max_us,
            "delay_to_phone_us": result.delay_to_phone_us,
            "delay_to_browser_us": result.delay_to_browser_us,
            "opus_octets": result.opus_octets,
            "opus_packets": result.opus_packets,
            "to_phone_db": result.to_phone_db,
            "to_browser_db": result.to_browser_db,
            "compared_ms": result.compared_ms,
            "unmatched_ms": result.unmatched_ms,
        }
