/* The SRTP keys of a leg, and how they change in the middle of a call without a gap: a key that stays keeps its stream
 * (its roll-over counter and its replay window), and one that goes serves for what is still under way. */
#ifndef ZM_KEYS_H
#define ZM_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "srtp.h"

typedef struct zm_leg zm_leg;

/* A replaced key opens what the peer sent before it heard of the new one. */
#define ZM_KEYS_LINGER_NS 2000000000ull

enum { ZM_KEY_DIGEST = 32 };

/* One direction's session and what tells its key from others. */
typedef struct {
    zm_srtp *srtp;
    uint8_t digest[ZM_KEY_DIGEST];
} zm_key;

/* Make a session.  False: unknown profile, or out of memory. */
bool zm_key_make(zm_key *key, const char *profile, const uint8_t *material, uint32_t len, bool outbound);

/* Take new keys; those that are not new are freed. */
void zm_keys_set(zm_leg *leg, zm_key *in, zm_key *out);
/* In clear from now on (a SIP leg), or the leg's end. */
void zm_keys_clear(zm_leg *leg);
/* Take the encryption off, if the leg has any. */
zm_srtp_result zm_keys_open(zm_leg *leg, uint8_t *datagram, uint32_t *len, bool rtcp);

#endif
