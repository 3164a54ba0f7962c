/* What an RTCP datagram consists of, checked to the last octet before any of it is believed.  Pure. */
#ifndef ZM_RTCP_WIRE_H
#define ZM_RTCP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 3550 12.1, RFC 4585 6.1, RFC 3611 2 */
enum {
    ZM_RTCP_SR = 200,
    ZM_RTCP_RR = 201,
    ZM_RTCP_SDES = 202,
    ZM_RTCP_BYE = 203,
    ZM_RTCP_APP = 204,
    ZM_RTCP_RTPFB = 205,
    ZM_RTCP_PSFB = 206,
    ZM_RTCP_XR = 207,
};

/* Feedback by its format (RFC 4585 6.2 and 6.3, RFC 5104 4.3.1, draft-holmer-rmcat-transport-wide-cc-extensions 3.1). */
enum { ZM_RTPFB_NACK = 1, ZM_RTPFB_TRANSPORT_CC = 15, ZM_PSFB_PLI = 1, ZM_PSFB_FIR = 4 };

typedef struct {
    const uint8_t *body; /* behind the header of 4 octets */
    uint32_t body_len;   /* without padding */
    uint8_t type, count; /* count: reports, chunks or sources; of feedback its format */
} zm_rtcp_packet;

/* Whether all of the datagram is well-formed RTCP. */
bool zm_rtcp_check(const uint8_t *datagram, uint32_t len);
/* Of a checked datagram: the packet at `*at`, which moves on to the next; false at the end. */
bool zm_rtcp_next(zm_rtcp_packet *packet, const uint8_t *datagram, uint32_t len, uint32_t *at);

#endif
