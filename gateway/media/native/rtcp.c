#include "rtcp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rtcp_wire.h"

enum { NTP_EPOCH = 2208988800u /* seconds from 1900 to 1970 */ };

static void header(uint8_t *to, uint32_t count, uint8_t type, uint32_t octets)
{
    to[0] = (uint8_t)(0x80 | count);
    to[1] = type;
    zm_put16(to + 2, (uint16_t)(octets / 4 - 1));
}

uint64_t zm_ntp_now(void)
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
    header(to, 1, ZM_RTCP_SDES, octets);
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
        uint64_t ntp = zm_ntp_now(), since = now_ns - leg->out.sent_ns;
        zm_put32(to + 8, (uint32_t)(ntp >> 32));
        zm_put32(to + 12, (uint32_t)ntp);
        zm_put32(to + 16, leg->out.timestamp + (uint32_t)(since * (leg->out.clock_rate / 1000) / 1000000u));
        zm_put32(to + 20, leg->out.packets);
        zm_put32(to + 24, leg->out.octets);
        leg->reports_sent[leg->report_next++ % ZM_REPORTS_KEPT] = (uint32_t)(ntp >> 16);
        len = 28;
    }
    if (blocks)
        len += write_block(leg, to + len, now_ns);
    header(to, blocks, sender ? ZM_RTCP_SR : ZM_RTCP_RR, len);
    leg->reported_packets = leg->out.packets;
    len += write_names(leg, to + len);
    if (bye) {
        header(to + len, 1, ZM_RTCP_BYE, 8);
        zm_put32(to + len + 4, leg->out.ssrc);
        len += 8;
    }
    return len;
}

/* Round trip by 6.4.1, in us; -1 unless the far side answers a report that we sent: then no forged or confused one can
 * name just any time. */
static int64_t round_trip_us(const zm_leg *leg, uint32_t last, uint32_t delay)
{
    bool ours = false;
    uint32_t trip;

    for (uint32_t i = 0; i < ZM_REPORTS_KEPT; i++)
        ours = ours || (last && last == leg->reports_sent[i]);
    if (!ours)
        return -1;
    trip = (uint32_t)(zm_ntp_now() >> 16) - last - delay; /* 1/65536 s */
    return (int32_t)trip < 0 ? 0 : (int64_t)((uint64_t)trip * 1000000 >> 16);
}

static void read_blocks(zm_leg *leg, const uint8_t *block, uint32_t count)
{
    for (; count; count--, block += 24) {
        uint32_t percent, remembered;
        int64_t trip_us;
        if (zm_get32(block) != leg->out.ssrc)
            continue;
        leg->far_known = true;
        leg->far_news = true;
        leg->far_fraction_lost = block[4];
        percent = block[4] * 100u / 256;
        remembered = leg->far_loss_percent * 3u / 4;
        leg->far_loss_percent = (uint8_t)(percent > remembered ? percent : remembered);
        leg->far_jitter = zm_get32(block + 12);
        trip_us = round_trip_us(leg, zm_get32(block + 16), zm_get32(block + 20));
        if (trip_us >= 0) {
            leg->far_rtt_known = true;
            leg->far_rtt_us = (uint32_t)trip_us;
        }
    }
}

/* 6.3.4: the source is gone.  It may come back under another number, or under this one, and the call goes on: only the
 * signalling ends it. */
static void read_bye(zm_leg *leg, const zm_rtcp_packet *packet)
{
    for (uint32_t i = 0; i < packet->count; i++)
        if (leg->source.known && zm_get32(packet->body + 4 * i) == leg->source.ssrc)
            zm_rtp_source_leave(&leg->source);
}

bool zm_rtcp_read(zm_leg *leg, const uint8_t *datagram, uint32_t len, uint64_t now_ns)
{
    zm_rtcp_packet packet;
    uint32_t at = 0;

    if (!zm_rtcp_check(datagram, len))
        return false;
    while (zm_rtcp_next(&packet, datagram, len, &at)) {
        if (packet.type == ZM_RTCP_SR) {
            if (leg->source.known && zm_get32(packet.body) == leg->source.ssrc) {
                leg->source.sr_middle = zm_get32(packet.body + 6);
                leg->source.sr_arrival_ns = now_ns;
            }
            read_blocks(leg, packet.body + 24, packet.count);
        } else if (packet.type == ZM_RTCP_RR) {
            read_blocks(leg, packet.body + 4, packet.count);
        } else if (packet.type == ZM_RTCP_BYE) {
            read_bye(leg, &packet);
        } /* SDES names nobody we need; feedback about pictures is the pictures' business */
    }
    return true;
}
