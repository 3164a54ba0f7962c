#include "rtcp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, NTP_EPOCH = 2208988800u /* seconds from 1900 to 1970 */ };

static void header(uint8_t *to, uint32_t count, uint8_t type, uint32_t octets)
{
    to[0] = (uint8_t)(0x80 | count);
    to[1] = type;
    zm_put16(to + 2, (uint16_t)(octets / 4 - 1));
}

static uint64_t ntp_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec + NTP_EPOCH) << 32 | ((uint64_t)now.tv_nsec << 32) / 1000000000u;
}

/* RFC 3550 6.4.1 */
static uint32_t write_block(zm_leg *leg, uint8_t *to, uint64_t now_ns)
{
    zm_rtp_source *source = &leg->source;
    uint64_t lost = zm_rtp_source_lost(source) - source->lost_before;

    zm_put32(to, source->ssrc);
    zm_put32(to + 4, (uint32_t)(lost > 0x7fffff ? 0x7fffff : lost));
    to[4] = zm_rtp_source_fraction(source);
    zm_put32(to + 8, source->cycles + source->max_seq);
    zm_put32(to + 12, source->jitter >> 4);
    zm_put32(to + 16, source->sr_middle);
    zm_put32(to + 20, source->sr_middle ? (uint32_t)(((now_ns - source->sr_arrival_ns) << 16) / 1000000000u) : 0);
    return 24;
}

static uint32_t write_names(zm_leg *leg, uint8_t *to)
{
    char name[16];
    uint32_t name_len = (uint32_t)snprintf(name, sizeof name, "z%08x", leg->out.ssrc);
    uint32_t octets = (8 + 2 + name_len + 1 + 3) & ~3u; /* at least one zero octet ends the chunk, 6.5 */

    memset(to, 0, octets);
    header(to, 1, SDES, octets);
    zm_put32(to + 4, leg->out.ssrc);
    to[8] = 1; /* CNAME */
    to[9] = (uint8_t)name_len;
    memcpy(to + 10, name, name_len);
    return octets;
}

uint32_t zm_rtcp_write(zm_leg *leg, uint8_t to[ZM_RTCP_MAX], uint64_t now_ns, bool bye)
{
    bool sender = leg->out.packets != leg->reported_packets; /* sent since the last report, 6.4 */
    uint32_t blocks = leg->source.known ? 1 : 0, len = 8;

    zm_put32(to + 4, leg->out.ssrc);
    if (sender) {
        uint64_t ntp = ntp_now(), since = now_ns - leg->out.sent_ns;
        zm_put32(to + 8, (uint32_t)(ntp >> 32));
        zm_put32(to + 12, (uint32_t)ntp);
        zm_put32(to + 16, leg->out.timestamp + (uint32_t)(since * (leg->out.clock_rate / 1000) / 1000000u));
        zm_put32(to + 20, leg->out.packets);
        zm_put32(to + 24, leg->out.octets);
        len = 28;
    }
    if (blocks)
        len += write_block(leg, to + len, now_ns);
    header(to, blocks, sender ? SR : RR, len);
    leg->reported_packets = leg->out.packets;
    len += write_names(leg, to + len);
    if (bye) {
        header(to + len, 1, BYE, 8);
        zm_put32(to + len + 4, leg->out.ssrc);
        len += 8;
    }
    return len;
}

static void read_blocks(zm_leg *leg, const uint8_t *block, uint32_t count)
{
    for (; count; count--, block += 24) {
        uint32_t last = zm_get32(block + 16), delay = zm_get32(block + 20);
        if (zm_get32(block) != leg->out.ssrc)
            continue;
        leg->far_fraction_lost = block[4];
        if (last) {
            uint32_t middle = (uint32_t)(ntp_now() >> 16), trip = middle - last - delay; /* 6.4.1, 1/65536 s */
            leg->far_rtt_us = (int32_t)trip < 0 ? 0 : (uint32_t)((uint64_t)trip * 1000000 >> 16);
        }
        if (leg->encoder)
            encoder_set_loss(leg->encoder, block[4] * 100 / 256);
    }
}

bool zm_rtcp_read(zm_leg *leg, const uint8_t *packet, uint32_t len, uint64_t now_ns)
{
    if (len < 8 || (packet[1] != SR && packet[1] != RR))
        return false; /* a compound begins with a report, 6.1; feedback alone (RFC 5506) tells us nothing */
    while (len >= 4) {
        uint32_t octets = 4 * (zm_get16(packet + 2) + 1u), count = packet[0] & 31;
        uint32_t fixed = packet[1] == SR ? 28 : 8;
        if (packet[0] >> 6 != 2 || octets > len)
            return false;
        if (packet[1] == SR || packet[1] == RR) {
            if (octets < fixed + 24 * count)
                return false;
            if (packet[1] == SR && leg->source.known && zm_get32(packet + 4) == leg->source.ssrc) {
                leg->source.sr_middle = zm_get32(packet + 10);
                leg->source.sr_arrival_ns = now_ns;
            }
            read_blocks(leg, packet + fixed, count);
        } /* SDES names nobody we need; BYE: the signalling says so, and the numbers may go on after it */
        packet += octets;
        len -= octets;
    }
    return len == 0;
}
