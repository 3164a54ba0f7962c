/* Packets out.  A browser port's datagrams gather in a batch that goes out by one sendmmsg at the end of a wake-up. */
#ifndef ZM_EGRESS_H
#define ZM_EGRESS_H

#include "thread.h"

/* Send an RTP packet with the numbers of `rtp` and this payload; the caller has asked zm_leg_can_send before it took
 * the numbers, so that none is wasted. */
void zm_send_rtp(zm_leg *leg, const zm_rtp *rtp, const uint8_t *payload, uint32_t len);
/* Send a browser's leg an RTP packet that is complete; `packet` has room for ZM_SRTP_TRAILER_MAX more.  False when it
 * could not be protected, or had been sent before. */
bool zm_send_packet(zm_leg *leg, uint8_t *packet, uint32_t len);
/* Send a compound RTCP packet; `packet` has room for ZM_SRTP_TRAILER_MAX more. */
void zm_send_rtcp(zm_leg *leg, uint8_t *packet, uint32_t len);
/* Send from a browser port. */
void zm_send_web(
    zm_thread *thread, zm_leg *leg, zm_web_port *port, const zm_addr *to, const void *datagram, uint32_t len);
/* Send what all browser ports have gathered. */
void zm_flush_web(zm_thread *thread);

#endif
