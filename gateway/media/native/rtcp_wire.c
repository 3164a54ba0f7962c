#include "rtcp_wire.h"

#include "rtp.h"

enum { HEADER = 4, SSRC = 4, BLOCK = 24, SENDER_INFO = 20 };

bool zm_rtcp_next(zm_rtcp_packet *packet, const uint8_t *datagram, uint32_t len, uint32_t *at)
{
    const uint8_t *header = datagram + *at;
    uint32_t octets;

    if (len - *at < HEADER)
        return false;
    octets = HEADER * (zm_get16(header + 2) + 1u);
    if (octets > len - *at)
        return false;
    packet->type = header[1];
    packet->count = header[0] & 31;
    packet->body = header + HEADER;
    packet->body_len = octets - HEADER;
    if (header[0] & 0x20 && packet->body_len) { /* padding, counted by its last octet (6.4.1) */
        uint32_t padding = header[octets - 1];
        packet->body_len -= padding > packet->body_len ? packet->body_len : padding;
    }
    *at += octets;
    return true;
}

/* 6.5: chunks of an SSRC and items, each ended by a zero octet and filled up to 32 bits. */
static bool check_chunks(const zm_rtcp_packet *packet)
{
    uint32_t at = 0;

    for (uint32_t chunk = 0; chunk < packet->count; chunk++) {
        at += SSRC;
        while (at < packet->body_len && packet->body[at] != 0) {
            if (packet->body_len - at < 2)
                return false;
            at += 2u + packet->body[at + 1];
        }
        at = (at + 4) & ~3u;
        if (at > packet->body_len)
            return false;
    }
    return true;
}

static bool check_feedback(const zm_rtcp_packet *packet)
{
    uint32_t information = packet->body_len - 2 * SSRC;

    if (packet->body_len < 2 * SSRC)
        return false;
    if (packet->type == ZM_RTCP_RTPFB && packet->count == ZM_RTPFB_NACK)
        return information >= 4;
    if (packet->type == ZM_RTCP_RTPFB && packet->count == ZM_RTPFB_TRANSPORT_CC)
        return information >= 8;
    if (packet->type == ZM_RTCP_PSFB && packet->count == ZM_PSFB_PLI)
        return information == 0;
    if (packet->type == ZM_RTCP_PSFB && packet->count == ZM_PSFB_FIR)
        return information >= 8 && information % 8 == 0;
    return true; /* a format that we do not read */
}

/* 6.4.2, of one block: XR and what is unknown here needs no more than its length. */
static bool check_packet(const zm_rtcp_packet *packet)
{
    switch (packet->type) {
    case ZM_RTCP_SR:
        return packet->body_len >= SSRC + SENDER_INFO + (uint32_t)BLOCK * packet->count;
    case ZM_RTCP_RR:
        return packet->body_len >= SSRC + (uint32_t)BLOCK * packet->count;
    case ZM_RTCP_SDES:
        return check_chunks(packet);
    case ZM_RTCP_BYE:
        return packet->body_len >= (uint32_t)SSRC * packet->count;
    case ZM_RTCP_APP:
        return packet->body_len >= 2 * SSRC;
    case ZM_RTCP_RTPFB:
    case ZM_RTCP_PSFB:
        return check_feedback(packet);
    default:
        return true;
    }
}

/* 6.4.1: whole words, and only in the last packet of a compound.  Transport-wide feedback is filled up to a word by
 * padding of 1 to 3 octets, each of several in one datagram (3.1 of its draft, and all browsers). */
static bool check_padding(const zm_rtcp_packet *packet, uint32_t padding, uint32_t room, bool last)
{
    bool transport_cc = packet->type == ZM_RTCP_RTPFB && packet->count == ZM_RTPFB_TRANSPORT_CC;

    return padding > 0 && padding <= room && (transport_cc || (last && padding % 4 == 0));
}

bool zm_rtcp_check(const uint8_t *datagram, uint32_t len)
{
    zm_rtcp_packet packet;
    uint32_t at = 0;

    if (len < HEADER + SSRC || datagram[1] < ZM_RTCP_SR || datagram[1] > ZM_RTCP_XR)
        return false;
    while (at < len) {
        uint32_t begin = at;
        const uint8_t *header = datagram + begin;

        if (len - begin < HEADER || header[0] >> 6 != 2 || !zm_rtcp_next(&packet, datagram, len, &at))
            return false;
        if (header[0] & 0x20 && !check_padding(&packet, datagram[at - 1], at - begin - HEADER, at == len))
            return false;
        if (!check_packet(&packet))
            return false;
    }
    return true;
}
