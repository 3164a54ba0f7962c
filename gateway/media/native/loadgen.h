/* A load generator for the media plane: the telephones and browsers of many calls in one thread of another process.
 *
 * Telephones send RTP in A-law, browsers STUN checks and SRTP (no DTLS: keys are given), each from a port of its own, at
 * a phase of its own within the 20 ms.  Relayed packets carry number and time of sending in their payload; through a
 * mix, where payloads do not survive, RTP numbers tell of loss and the beginning of a tone burst of delay. */
#ifndef ZM_LOADGEN_H
#define ZM_LOADGEN_H

#include <stdbool.h>
#include <stdint.h>

typedef struct zl_load zl_load;

typedef struct {
    uint64_t sent, received;
    uint64_t lost;        /* relay: packets that never came; mix: gaps in the numbers of what came */
    uint64_t duplicates;
    uint64_t unauthentic; /* SRTP that did not open */
    uint64_t overflowed;  /* thrown away by the kernel because the generator was late: not the plane's loss */
    uint64_t late;        /* packets sent over 5 ms after their time, for the same reason */
    uint64_t delays;      /* how many the percentiles are of */
    uint32_t delay_p50_us, delay_p99_us, delay_max_us;
} zl_result;

enum { ZL_CALLS_MAX = 2000, ZL_SECONDS_MAX = 3600 };

/* Bind two ports per call on `host`.  NULL with a message. */
zl_load *zl_new(const char *host, uint32_t calls, char *error, uint32_t error_size);
void zl_free(zl_load *load);
void zl_ports(const zl_load *load, uint32_t call, uint16_t *phone, uint16_t *browser);
/* Where a call's two legs are, and what its browser needs.  `username` is "server:us" for STUN. */
bool zl_aim(
    zl_load *load, uint32_t call, const char *host, uint16_t phone_port, uint16_t browser_port, const char *username,
    const char *pwd, const char *profile, const uint8_t *send, const uint8_t *receive);
/* Connect all browsers, then talk for so many 20 ms frames.  Blocks.  False with a message. */
bool zl_run(zl_load *load, uint32_t frames, bool mix, zl_result *result, char *error, uint32_t error_size);

#endif
