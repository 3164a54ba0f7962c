/* A load generator for the media plane: the telephones and browsers of many calls in one thread of another process.
 *
 * Telephones send RTP in A-law, browsers SRTP in A-law or Opus (keys are given, there is no DTLS), with STUN checks when
 * the other side wants ICE.  Each has an IP address of its own on the loopback interface and a moment of its own within
 * the 20 ms, by chance as callers come.  What is heard is counted packet by packet; where payloads do not survive
 * (transcoding), the sound of the first calls is kept and compared with what was said (loadgen_sound.h).
 *
 * It sleeps on the clock and not on its sockets: who sends to it pays for no wake-up, as he would for none at the far
 * end of a network, and times of arrival are the kernel's. */
#ifndef ZM_LOADGEN_H
#define ZM_LOADGEN_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

typedef struct zl_load zl_load;

typedef struct {
    uint64_t sent, received;
    uint64_t lost;        /* same codec: packets that never came; else gaps in the numbers of what came, or too little */
    uint64_t duplicates;
    uint64_t unauthentic; /* SRTP that did not open */
    uint64_t unexpected;  /* RTP of another payload type or length than was negotiated */
    uint64_t overflowed;  /* lost here, by the kernel: the generator was late to read, or could not send */
    uint64_t late;        /* packets sent over 5 ms after their time */
    uint64_t delays;      /* how many the percentiles are of */
    uint32_t delay_p50_us, delay_p99_us, delay_max_us;
    /* Transcoded: the same by who heard it. */
    uint32_t delay_to_phone_us, delay_to_browser_us;
    uint64_t opus_octets, opus_packets; /* that browsers heard */
    /* Transcoded: r.m.s. difference of band spectra in dB, by who heard it; how much sound that is of; and how much of
     * what was said could not be found in what was heard. */
    double to_phone_db, to_browser_db;
    uint32_t compared_ms, unmatched_ms;
} zl_result;

typedef struct {
    const char *host; /* of both legs */
    uint16_t phone_port, browser_port;
    const char *username, *pwd; /* of the STUN checks, "server:us"; empty: no ICE */
    const char *profile;
    const uint8_t *send, *receive; /* the browser's SRTP keys */
} zl_peer;

enum { ZL_CALLS_MAX = 2000, ZL_SECONDS_MAX = 3600 };

/* NULL with a message. */
zl_load *zl_new(uint32_t calls, char *error, uint32_t error_size);
void zl_free(zl_load *load);
/* What is said where payloads do not survive: a WAV file, in a loop. */
bool zl_say(zl_load *load, const char *path, char *error, uint32_t error_size);
/* Where a call's telephone and browser are. */
void zl_addresses(
    const zl_load *load, uint32_t call, char phone[ZM_ADDR_TEXT], uint16_t *phone_port, char browser[ZM_ADDR_TEXT],
    uint16_t *browser_port);
/* Whom they talk to.  May be repeated between runs.  False: unknown profile, no address. */
bool zl_aim(zl_load *load, uint32_t call, const zl_peer *peer);
/* Run the STUN checks until all browsers have an answer.  Blocks.  False with a message. */
bool zl_connect(zl_load *load, char *error, uint32_t error_size);
/* Talk for so many frames of 20 ms, listen for `drain_ms` more and sum up.  `opus`: the browsers'.  Blocks.  False with
 * a message. */
bool zl_talk(
    zl_load *load, uint32_t frames, uint32_t drain_ms, bool opus, zl_result *result, char *error, uint32_t error_size);

#endif
