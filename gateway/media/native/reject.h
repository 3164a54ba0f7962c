/* Why a datagram was thrown away. */
#ifndef ZM_REJECT_H
#define ZM_REJECT_H

#include <stdint.h>

typedef enum {
    ZM_REJECT_SIZE,      /* too short or too long to be anything */
    ZM_REJECT_MALFORMED, /* no RTP, RTCP, STUN or DTLS */
    ZM_REJECT_SOURCE,    /* from an address that may not send */
    ZM_REJECT_EARLY,     /* before there is a description, or before there are keys */
    ZM_REJECT_FORGED,    /* not authentic SRTP or SRTCP */
    ZM_REJECT_REPLAYED,  /* the same SRTP or SRTCP again */
    ZM_REJECT_PAYLOAD,   /* of a payload type that was not negotiated, or empty */
    ZM_REJECT_SEQUENCE,  /* numbered far from what came before */
    ZM_REJECT_STUN,      /* a check without the right credentials */
    ZM_REJECTS,
} zm_reject_cause;

#endif
