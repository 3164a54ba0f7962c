/* SRTP and SRTCP (RFC 3711), with AES-CM and HMAC-SHA1, 256-bit keys (RFC 6188) and AES-GCM (RFC 7714).
 *
 * The transforms are ours, the primitives are OpenSSL's (docs/decisions/0011).  A session is one direction of one leg.  It
 * belongs to one thread. */
#ifndef ZM_SRTP_H
#define ZM_SRTP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct zm_srtp zm_srtp;

/* Room that protecting may need behind the packet: tag, and the SRTCP index. */
enum { ZM_SRTP_TRAILER_MAX = 24, ZM_SRTP_KEY_MAX = 46 };

typedef enum {
    ZM_SRTP_OK,
    ZM_SRTP_REPLAYED, /* the same packet again, or one too old to tell: ignore it */
    ZM_SRTP_FAILED,   /* not authentic or malformed */
} zm_srtp_result;

/* Once per process, before any session. */
bool zm_srtp_init(void);
/* Octets of master key and salt of the profile, 0 when unknown.  Names are those of DTLS-SRTP in the IANA registry
 * (SRTP_AES128_CM_SHA1_80, SRTP_AEAD_AES_128_GCM, ...) and of SDES (AES_CM_128_HMAC_SHA1_80, AEAD_AES_128_GCM, ...). */
uint32_t zm_srtp_key_len(const char *profile);
/* `key` is master key and salt.  NULL: unknown profile or out of memory. */
zm_srtp *zm_srtp_new(const char *profile, const uint8_t *key, bool outbound);
void zm_srtp_free(zm_srtp *srtp);

/* In place; `len` changes.  The buffer has ZM_SRTP_TRAILER_MAX octets more when protecting. */
zm_srtp_result zm_srtp_protect(zm_srtp *srtp, uint8_t *packet, uint32_t *len);
zm_srtp_result zm_srtp_unprotect(zm_srtp *srtp, uint8_t *packet, uint32_t *len);
zm_srtp_result zm_srtp_protect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *len);
zm_srtp_result zm_srtp_unprotect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *len);

#endif
