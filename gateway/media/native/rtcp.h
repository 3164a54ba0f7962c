/* RTCP (RFC 3550 6): reports about a leg, sent every 5 s or so, and what is learned from the far side's. */
#ifndef ZM_RTCP_H
#define ZM_RTCP_H

#include "leg.h"

enum { ZM_RTCP_MAX = 256 };

/* Write SR or RR with SDES and, when `bye`, BYE.  Returns its length. */
uint32_t zm_rtcp_write(zm_leg *leg, uint8_t to[ZM_RTCP_MAX], uint64_t now_ns, bool bye);
/* False when malformed. */
bool zm_rtcp_read(zm_leg *leg, const uint8_t *packet, uint32_t len, uint64_t now_ns);

#endif
