/* Where a SIP leg's packets may come from, and where ours go: the rule against stolen streams (rtpbleed, injected RTP,
 * CVE-2025-53399).  Pure: no sockets, no clock.
 *
 * A strict leg has the addresses of the SDP and no other.  One that learns (a peer behind a NAT, whose SDP names an
 * address that nobody can reach) takes the first good packet's source, if it is at the SDP's host or at the host that
 * signals; from then on it holds.  A re-INVITE lets it learn again if it names a new address, or if the held source has
 * fallen silent (the NAT gave it another port). */
#ifndef ZM_LATCH_H
#define ZM_LATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

/* For so long after learning, the very address of the SDP may still take over: it has the better claim, and whoever was
 * quicker was not it.  Later nobody may, for a source address can be forged. */
#define ZM_LATCH_SETTLE_NS 2000000000ull
#define ZM_LATCH_SILENT_NS 1000000000ull

typedef struct {
    zm_addr rtp, rtcp;       /* from the SDP */
    zm_addr signalling;      /* where the SIP came from; family 0 = not told */
    zm_addr peer, rtcp_peer; /* where ours go; those of the SDP until something is learned */
    bool learns;
    bool latched, rtcp_latched; /* `peer` is the source of good packets, and alone may send */
    bool rtcp_mux;              /* RTCP comes, and goes, on the RTP port (RFC 5761) */
    uint64_t latched_ns, heard_ns;
} zm_latch;

typedef struct {
    zm_addr rtp;
    uint16_t rtcp_port; /* RFC 3605; 0 = the next one */
    zm_addr signalling;
    bool learns, rtcp_mux;
} zm_latch_rule;

/* Take the rule of a description, the first or a new one. */
void zm_latch_set(zm_latch *latch, const zm_latch_rule *rule, uint64_t now_ns);
/* May a packet from there be looked at? */
bool zm_latch_admits(const zm_latch *latch, const zm_addr *from, uint64_t now_ns);
bool zm_latch_admits_rtcp(const zm_latch *latch, const zm_addr *from);
/* An admitted packet was good: authentic where there are keys, and of a negotiated payload type. */
void zm_latch_hold(zm_latch *latch, const zm_addr *from, uint64_t now_ns);
/* The same of RTCP on its own port, and on the RTP port. */
void zm_latch_hold_rtcp(zm_latch *latch, const zm_addr *from);
void zm_latch_hold_mux(zm_latch *latch);

#endif
