"""The load generator for Python; see ``native/loadgen.h``.  `LoadGenerator.run` blocks without the interpreter lock."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "native/loadgen.h":
    ctypedef struct zl_load:
        pass
    ctypedef struct zl_result:
        uint64_t sent, received, lost, duplicates, unauthentic, overflowed, late, delays
        uint32_t delay_p50_us, delay_p99_us, delay_max_us
    zl_load *zl_new(const char *host, uint32_t calls, char *error, uint32_t error_size)
    void zl_free(zl_load *load)
    void zl_ports(const zl_load *load, uint32_t call, uint16_t *phone, uint16_t *browser)
    bint zl_aim(
        zl_load *load, uint32_t call, const char *host, uint16_t phone_port, uint16_t browser_port,
        const char *username, const char *pwd, const char *profile, const uint8_t *send, const uint8_t *receive)
    bint zl_run(
        zl_load *load, uint32_t frames, bint mix, zl_result *result, char *error, uint32_t error_size) nogil


cdef class LoadGenerator:
    """Telephones and browsers of ``calls`` calls; one run each.  Raises OSError."""

    cdef zl_load *load
    cdef readonly int calls

    def __cinit__(self, str host, int calls):
        cdef char error[256]
        self.calls = calls
        self.load = zl_new(host.encode(), <uint32_t>calls, error, sizeof(error))
        if self.load is NULL:
            raise OSError(error.decode("utf-8", "replace"))

    def __dealloc__(self):
        if self.load is not NULL:
            zl_free(self.load)

    def ports(self):
        """[(telephone's port, browser's port)] by call."""
        cdef uint16_t phone, browser
        cdef uint32_t call
        found = []
        for call in range(<uint32_t>self.calls):
            zl_ports(self.load, call, &phone, &browser)
            found.append((phone, browser))
        return found

    def aim(
        self, int call, *, str host, int phone_port, int browser_port, str username, str pwd, str profile, bytes send,
        bytes receive
    ):
        """Where the call's legs are at the plane; ``send`` and ``receive`` are the browser's SRTP keys."""
        if not 0 <= call < self.calls:
            raise IndexError(call)
        if len(send) != len(receive) or len(send) < 28:
            raise ValueError("SRTP keys must be of one length, 28 octets at least")
        if not zl_aim(
            self.load, <uint32_t>call, host.encode(), <uint16_t>phone_port, <uint16_t>browser_port, username.encode(),
            pwd.encode(), profile.encode(), send, receive
        ):
            raise ValueError(f"call {call}: unknown SRTP profile {profile!r} or address {host!r}")

    def run(self, int frames, bint mix):
        """Talk for so many frames of 20 ms; figures as a dict."""
        cdef zl_result result
        cdef char error[256]
        cdef bint done
        with nogil:
            done = zl_run(self.load, <uint32_t>frames, mix, &result, error, sizeof(error))
        if not done:
            raise OSError(error.decode("utf-8", "replace"))
        return {
            "sent": result.sent,
            "received": result.received,
            "lost": result.lost,
            "duplicates": result.duplicates,
            "unauthentic": result.unauthentic,
            "overflowed": result.overflowed,
            "late": result.late,
            "delays": result.delays,
            "delay_p50_us": result.delay_p50_us,
            "delay_p99_us": result.delay_p99_us,
            "delay_max_us": result.delay_max_us,
        }
