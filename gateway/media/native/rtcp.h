/* RTCP (RFC 3550 6): reports about a leg, sent every 5 s or so, and what is learned from the far side's. */
#ifndef ZM_RTCP_H
#define ZM_RTCP_H

#include "leg.h"

enum { ZM_RTCP_MAX = 256 };

/* Wall clock time as reports have it: seconds since 1900 and 2^-32 of a second (RFC 3550 4). */
uint64_t zm_ntp_now(void);
/* Write SR or RR with SDES and, when `bye`, BYE.  Returns its length. */
uint32_t zm_rtcp_write(zm_leg *leg, uint8_t to[ZM_RTCP_MAX], uint64_t now_ns, bool bye);
/* Take a compound, or a single packet (RFC 5506).  The caller knows that it is authentic, or comes from the leg's peer.
 * False when malformed: then nothing of it was taken. */
bool zm_rtcp_read(zm_leg *leg, const uint8_t *packet, uint32_t len, uint64_t now_ns);

#endif
