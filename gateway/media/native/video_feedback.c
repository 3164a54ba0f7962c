#include "video_feedback.h"

#include <stdio.h>
#include <string.h>

enum {
    HEADER = 4,
    NAMES = 24,     /* SDES with a CNAME of 9 letters */
    BLOCK = 24,
    SR_INFO = 24,   /* SSRC and sender info */
    PSFB_APPLICATION = 15, /* RFC 4585 6.4 */
    SSRCS_MAX = 2,  /* in a REMB of ours */
};

static uint32_t write_header(uint8_t *to, uint32_t count, uint8_t type, uint32_t octets)
{
    to[0] = (uint8_t)(0x80 | count);
    to[1] = type;
    zm_put16(to + 2, (uint16_t)(octets / 4 - 1));
    return octets;
}

static uint32_t write_names(uint8_t *to, uint32_t ssrc, uint32_t cname)
{
    char name[16];

    memset(to, 0, NAMES);
    write_header(to, 1, ZM_RTCP_SDES, NAMES);
    zm_put32(to + 4, ssrc);
    to[8] = 1; /* CNAME, RFC 3550 6.5.1 */
    to[9] = 9;
    snprintf(name, sizeof name, "z%08x", cname); /* the same as of the leg's sound: they belong together */
    memcpy(to + 10, name, 9);
    return NAMES;
}

/* Feedback goes alone where that was negotiated (RFC 5506), else behind an empty report (RFC 4585 3.1). */
static uint32_t write_start(const zm_video_media *media, uint8_t *to, uint32_t cname)
{
    if (media->reduced_size)
        return 0;
    write_header(to, 0, ZM_RTCP_RR, 8);
    zm_put32(to + 4, media->ssrc);
    return 8 + write_names(to + 8, media->ssrc, cname);
}

uint32_t zm_video_ask_key_frame(zm_video *source, uint32_t cname, uint8_t to[ZM_VIDEO_RTCP_MAX])
{
    uint32_t len = write_start(&source->media, to, cname);

    if (!source->media.pli && !source->media.fir)
        return 0;
    if (source->media.pli) {
        write_header(to + len, ZM_PSFB_PLI, ZM_RTCP_PSFB, 12);
        zm_put32(to + len + 4, source->media.ssrc);
        zm_put32(to + len + 8, source->source.ssrc);
        return len + 12;
    }
    write_header(to + len, ZM_PSFB_FIR, ZM_RTCP_PSFB, 20);
    zm_put32(to + len + 4, source->media.ssrc);
    zm_put32(to + len + 8, 0);
    zm_put32(to + len + 12, source->source.ssrc);
    zm_put32(to + len + 16, (uint32_t)++source->fir_sequence << 24);
    return len + 20;
}

/* --- from the viewer to the source ------------------------------------------------------------------------------------ */

/* The whole packet as it is, for changes in place; 0 when there is no room. */
static uint32_t copy(const zm_rtcp_packet *packet, uint8_t *to, uint32_t room)
{
    uint32_t octets = HEADER + 4u * zm_get16(packet->body - 2);

    if (octets > room)
        return 0;
    memcpy(to, packet->body - HEADER, octets);
    return octets;
}

/* RFC 4585 6.2.1: PID and a mask of 16 packets behind it, which keeps its meaning under a constant offset. */
static uint32_t translate_nack(zm_video *viewer, zm_video *source, const zm_rtcp_packet *packet, uint8_t *to, uint32_t len)
{
    uint32_t begin = len;
    uint16_t received;

    if (!source->media.nack || zm_get32(packet->body + 4) != viewer->media.ssrc)
        return 0;
    len += 12;
    for (uint32_t at = 8; at + 4 <= packet->body_len && len + 4 <= ZM_VIDEO_RTCP_MAX; at += 4) {
        if (!zm_video_sequence_back(&viewer->out, zm_get16(packet->body + at), &received))
            continue;
        zm_put16(to + len, received);
        memcpy(to + len + 2, packet->body + at + 2, 2);
        len += 4;
    }
    if (len == begin + 12)
        return 0;
    write_header(to + begin, ZM_RTPFB_NACK, ZM_RTCP_RTPFB, len - begin);
    zm_put32(to + begin + 4, source->media.ssrc);
    zm_put32(to + begin + 8, viewer->out.in_ssrc);
    viewer->counted.nacks++;
    return len;
}

/* draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1: all that names packets is the base sequence number. */
static uint32_t translate_transport(
    zm_video *viewer, zm_video *source, const zm_rtcp_packet *packet, uint8_t *to, uint32_t len)
{
    uint32_t octets = copy(packet, to + len, ZM_VIDEO_RTCP_MAX - len);
    uint16_t base;

    if (octets == 0 || packet->body_len < 16 || source->media.transport_cc_id == 0 ||
        !zm_video_transport_back(&viewer->transport, zm_get16(packet->body + 8), &base))
        return 0;
    zm_put32(to + len + 4, source->media.ssrc);
    zm_put32(to + len + 8, viewer->out.in_ssrc);
    zm_put16(to + len + 12, base);
    return len + octets;
}

/* draft-alvestrand-rmcat-remb-03 2.2: the rate stays, the sources named are the source's own. */
static uint32_t translate_remb(zm_video *viewer, zm_video *source, const zm_rtcp_packet *packet, uint8_t *to, uint32_t len)
{
    uint32_t ssrcs[SSRCS_MAX] = {viewer->out.in_ssrc, viewer->rtx.in_ssrc}, count = viewer->rtx.mapped ? 2 : 1;

    if (packet->body_len < 16 || memcmp(packet->body + 8, "REMB", 4) != 0)
        return 0;
    write_header(to + len, PSFB_APPLICATION, ZM_RTCP_PSFB, 20 + 4 * count);
    zm_put32(to + len + 4, source->media.ssrc);
    zm_put32(to + len + 8, 0);
    memcpy(to + len + 12, packet->body + 8, 8);
    to[len + 16] = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++)
        zm_put32(to + len + 20 + 4 * i, ssrcs[i]);
    return len + 20 + 4 * count;
}

/* RFC 3550 6.4.1: of the blocks the one about our stream, as if the viewer had heard the source itself. */
static uint32_t translate_blocks(
    zm_video *viewer, zm_video *source, const uint8_t *block, uint32_t count, uint32_t cname, uint8_t *to)
{
    uint16_t received;
    uint32_t cycles, lost;

    for (; count && zm_get32(block) != viewer->media.ssrc; count--)
        block += BLOCK;
    if (count == 0 || !zm_video_sequence_back(&viewer->out, zm_get16(block + 10), &received))
        return 0;
    cycles = source->source.cycles;
    if (received > source->source.max_seq && cycles)
        cycles -= 1 << 16;
    lost = zm_get32(block + 4) & 0xffffff;
    if (!viewer->lost_known) {
        viewer->lost_known = true;
        viewer->lost_before = lost;
    }
    write_header(to, 1, ZM_RTCP_RR, 8 + BLOCK);
    zm_put32(to + 4, source->media.ssrc);
    memcpy(to + 8, block, BLOCK);
    zm_put32(to + 8, viewer->out.in_ssrc);
    zm_put32(to + 12, (uint32_t)block[4] << 24 | ((lost - viewer->lost_before) & 0xffffff));
    zm_put32(to + 16, cycles | received);
    if (viewer->sr_out == 0 || zm_get32(block + 16) != viewer->sr_out) {
        memset(to + 24, 0, 8); /* it has not heard a report that the source would know */
    } else {
        zm_put32(to + 24, viewer->sr_in);
    }
    return 8 + BLOCK + write_names(to + 8 + BLOCK, source->media.ssrc, cname);
}

uint32_t zm_video_feedback(
    zm_video *viewer, zm_video *source, const zm_rtcp_packet *packet, uint32_t cname, uint8_t to[ZM_VIDEO_RTCP_MAX])
{
    uint32_t len, fixed = packet->type == ZM_RTCP_SR ? SR_INFO : 4;

    if (packet->type == ZM_RTCP_SR || packet->type == ZM_RTCP_RR) {
        if (!viewer->open || packet->body_len < fixed + (uint32_t)BLOCK * packet->count)
            return 0;
        return translate_blocks(viewer, source, packet->body + fixed, packet->count, cname, to);
    }
    if (packet->body_len < 8 || (packet->type != ZM_RTCP_RTPFB && packet->type != ZM_RTCP_PSFB))
        return 0;
    if (packet->type == ZM_RTCP_PSFB && (packet->count == ZM_PSFB_PLI || packet->count == ZM_PSFB_FIR)) {
        uint32_t about = packet->count == ZM_PSFB_PLI ? 4 : 8; /* FIR names its source in the entry */
        if (packet->body_len >= about + 4 && zm_get32(packet->body + about) == viewer->media.ssrc)
            source->key_wanted = true;
        return 0;
    }
    if (!viewer->open)
        return 0;
    len = write_start(&source->media, to, cname);
    if (packet->type == ZM_RTCP_PSFB)
        return packet->count == PSFB_APPLICATION ? translate_remb(viewer, source, packet, to, len) : 0;
    if (packet->count == ZM_RTPFB_NACK)
        return translate_nack(viewer, source, packet, to, len);
    return packet->count == ZM_RTPFB_TRANSPORT_CC ? translate_transport(viewer, source, packet, to, len) : 0;
}

/* --- from the source to the viewer ------------------------------------------------------------------------------------ */

uint32_t zm_video_report(
    zm_video *source, zm_video *viewer, const zm_rtcp_packet *packet, uint64_t ntp, uint32_t cname,
    uint8_t to[ZM_VIDEO_RTCP_MAX])
{
    const uint8_t *body = packet->body;

    (void)source;
    if (packet->type != ZM_RTCP_SR || packet->body_len < SR_INFO || !viewer->open ||
        zm_get32(body) != viewer->out.in_ssrc)
        return 0;
    /* On our clock, as the reports about the leg's sound are: the two are matched by them (lip synchronisation). */
    viewer->sr_in = zm_get32(body + 6);
    viewer->sr_out = (uint32_t)(ntp >> 16);
    write_header(to, 0, ZM_RTCP_SR, HEADER + SR_INFO);
    zm_put32(to + 4, viewer->media.ssrc);
    zm_put32(to + 8, (uint32_t)(ntp >> 32));
    zm_put32(to + 12, (uint32_t)ntp);
    zm_put32(to + 16, zm_get32(body + 12) + viewer->out.timestamp_offset);
    zm_put32(to + 20, viewer->packets);
    zm_put32(to + 24, viewer->octets);
    return HEADER + SR_INFO + write_names(to + HEADER + SR_INFO, viewer->media.ssrc, cname);
}
