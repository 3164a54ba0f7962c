#include "video.h"

#include <string.h>

enum {
    WINDOW = 8192,        /* packets behind the newest that a stretch remembers as its own; half of half the numbers */
    ONE_BYTE_EXTENSIONS = 0xbede, /* RFC 8285 4.2 */
};

void zm_video_set(zm_video *video, const zm_video_media *media)
{
    if (video->media.codec != media->codec)
        zm_video_close(video);
    video->media = *media;
    video->source.clock_rate = ZM_VIDEO_CLOCK_RATE;
}

/* --- key frames ------------------------------------------------------------------------------------------------------- */

/* RFC 7741 4.2: descriptor with its optional parts, then the payload header, whose bit P is 0 in a key frame. */
static bool begins_vp8(const uint8_t *payload, uint32_t len)
{
    uint32_t at = 1;
    uint8_t first, more;

    if (len < 2)
        return false;
    first = payload[0];
    if ((first & 0x17) != 0x10) /* S: a partition begins, PID: the first one */
        return false;
    if (first & 0x80) { /* X */
        more = payload[at++];
        if (more & 0x80) { /* I: picture id of one octet or two */
            if (at >= len)
                return false;
            at += payload[at] & 0x80 ? 2 : 1;
        }
        if (more & 0x40) /* L: TL0PICIDX */
            at++;
        if (more & 0x30) /* T or K */
            at++;
    }
    return at < len && (payload[at] & 0x01) == 0;
}

/* RFC 6184 5.4 to 5.8.  In a slice `first_mb_in_slice` comes first, as ue(v): 0 is a single bit 1. */
static bool begins_h264(const uint8_t *payload, uint32_t len)
{
    enum { IDR = 5, SPS = 7, STAP_A = 24, FU_A = 28 };
    uint32_t at;

    if (len < 2)
        return false;
    switch (payload[0] & 31) {
    case SPS:
        return true;
    case IDR:
        return payload[1] & 0x80;
    case FU_A:
        return len > 2 && payload[1] & 0x80 && (payload[1] & 31) == IDR && payload[2] & 0x80;
    case STAP_A:
        for (at = 1; at + 3 <= len; at += 2 + zm_get16(payload + at))
            if ((payload[at + 2] & 31) == SPS || (payload[at + 2] & 31) == IDR)
                return true;
        return false;
    default:
        return false;
    }
}

bool zm_video_begins_key_frame(zm_video_codec codec, const uint8_t *payload, uint32_t len)
{
    return codec == ZM_VIDEO_VP8 ? begins_vp8(payload, len) : begins_h264(payload, len);
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */

void zm_video_close(zm_video *viewer)
{
    viewer->open = false;
    viewer->out.mapped = viewer->rtx.mapped = viewer->transport.mapped = false;
    viewer->sr_in = viewer->sr_out = 0;
    viewer->lost_known = false;
}

static void numbers_begin(zm_video_numbers *numbers, uint32_t ssrc, uint16_t sequence)
{
    numbers->mapped = true;
    numbers->in_ssrc = ssrc;
    numbers->in_base = sequence;
    numbers->sequence_offset = (uint16_t)(numbers->sequence + 1 - sequence);
}

void zm_video_open(zm_video *viewer, const zm_rtp *first, uint64_t now_ns)
{
    zm_video_numbers *out = &viewer->out;
    uint64_t passed_ns = out->sent_ns ? now_ns - out->sent_ns : 0;
    uint32_t passed = (uint32_t)((unsigned __int128)passed_ns * ZM_VIDEO_CLOCK_RATE / 1000000000u);

    viewer->open = true;
    numbers_begin(out, first->ssrc, first->sequence);
    /* At least one, so that the new frame is not taken for a part of the last one. */
    out->timestamp_offset = out->timestamp + (passed ? passed : 1) - first->timestamp;
}

/* Ours for a received sequence number; false when it is older than the stretch. */
static bool number(zm_video_numbers *numbers, uint16_t received, uint16_t *sent)
{
    uint16_t since = (uint16_t)(received - numbers->in_base);

    if ((int16_t)since < 0)
        return false;
    if (since > 2 * WINDOW) /* else it would look older than its own beginning after 2^15 packets */
        numbers->in_base = (uint16_t)(received - WINDOW);
    *sent = (uint16_t)(received + numbers->sequence_offset);
    if ((int16_t)(*sent - numbers->sequence) > 0)
        numbers->sequence = *sent;
    return true;
}

static uint16_t number_transport(zm_video_transport *transport, uint16_t received)
{
    uint16_t sent;

    if (!transport->mapped) {
        transport->mapped = true;
        transport->in_base = received;
        transport->offset = (uint16_t)(transport->sequence + 1 - received);
    }
    if ((uint16_t)(received - transport->in_base) > 2 * WINDOW && (int16_t)(received - transport->in_base) > 0)
        transport->in_base = (uint16_t)(received - WINDOW);
    sent = (uint16_t)(received + transport->offset);
    if ((int16_t)(sent - transport->sequence) > 0)
        transport->sequence = sent;
    return sent;
}

bool zm_video_sequence_back(const zm_video_numbers *numbers, uint16_t sent, uint16_t *received)
{
    *received = (uint16_t)(sent - numbers->sequence_offset);
    return numbers->mapped && (int16_t)(*received - numbers->in_base) >= 0 && (int16_t)(sent - numbers->sequence) <= 0;
}

bool zm_video_transport_back(const zm_video_transport *transport, uint16_t sent, uint16_t *received)
{
    *received = (uint16_t)(sent - transport->offset);
    return transport->mapped && (int16_t)(*received - transport->in_base) >= 0;
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

/* The element of a one-byte header extension, NULL when the packet has none of this id with as many octets. */
static const uint8_t *find_extension(const uint8_t *datagram, uint8_t id, uint32_t octets)
{
    const uint8_t *at = datagram + ZM_RTP_HEADER + 4u * (datagram[0] & 15), *end;

    if (id == 0 || !(datagram[0] & 0x10) || zm_get16(at) != ONE_BYTE_EXTENSIONS)
        return NULL;
    end = at + 4 + 4u * zm_get16(at + 2); /* parsing has seen that it is inside */
    for (at += 4; at < end;) {
        uint32_t len = (*at & 15) + 1u;
        uint8_t found = *at >> 4;
        if (found == 0) { /* padding */
            at++;
            continue;
        }
        if (found == 15 || at + 1 + len > end)
            return NULL;
        if (found == id)
            return len == octets ? at + 1 : NULL;
        at += 1 + len;
    }
    return NULL;
}

static uint8_t *put_extension(uint8_t *at, uint8_t id, const uint8_t *octets, uint32_t len)
{
    *at++ = (uint8_t)(id << 4 | (len - 1));
    memcpy(at, octets, len);
    return at + len;
}

/* Those that both sides have, with the viewer's ids.  Returns their octets. */
static uint32_t write_extensions(
    zm_video *viewer, const zm_video_media *source, const uint8_t *datagram, uint8_t *to)
{
    const uint8_t *transport = find_extension(datagram, source->transport_cc_id, 2);
    const uint8_t *sent_at = find_extension(datagram, source->abs_send_time_id, 3);
    uint8_t *at = to + 4, ours[2];

    if (transport && viewer->media.transport_cc_id) {
        zm_put16(ours, number_transport(&viewer->transport, zm_get16(transport)));
        at = put_extension(at, viewer->media.transport_cc_id, ours, 2);
    }
    if (sent_at && viewer->media.abs_send_time_id)
        at = put_extension(at, viewer->media.abs_send_time_id, sent_at, 3);
    if (at == to + 4)
        return 0;
    while ((at - to) % 4)
        *at++ = 0;
    zm_put16(to, ONE_BYTE_EXTENSIONS);
    zm_put16(to + 2, (uint16_t)((at - to) / 4 - 1));
    return (uint32_t)(at - to);
}

/* Number a retransmission.  Its first two octets name the packet (RFC 4588 4); without any it is a probe. */
static bool number_rtx(zm_video *viewer, const zm_rtp *rtp, zm_rtp *sent, uint16_t *original)
{
    zm_video_numbers *rtx = &viewer->rtx;

    if (viewer->media.rtx_payload_type < 0)
        return false;
    if (rtp->payload_len >= 2) {
        uint16_t received = zm_get16(rtp->payload);
        if ((int16_t)(received - viewer->out.in_base) < 0)
            return false;
        *original = (uint16_t)(received + viewer->out.sequence_offset);
    }
    if (!rtx->mapped || rtx->in_ssrc != rtp->ssrc)
        numbers_begin(rtx, rtp->ssrc, rtp->sequence);
    sent->payload_type = (uint8_t)viewer->media.rtx_payload_type;
    sent->ssrc = viewer->media.rtx_ssrc;
    return number(rtx, rtp->sequence, &sent->sequence);
}

static bool number_picture(zm_video *viewer, const zm_rtp *rtp, zm_rtp *sent, uint64_t now_ns)
{
    zm_video_numbers *out = &viewer->out;

    if (!number(out, rtp->sequence, &sent->sequence))
        return false;
    sent->payload_type = viewer->media.payload_type;
    sent->ssrc = viewer->media.ssrc;
    if (sent->sequence == out->sequence) {
        out->timestamp = rtp->timestamp + out->timestamp_offset;
        out->sent_ns = now_ns;
    }
    return true;
}

uint32_t zm_video_rewrite(
    zm_video *viewer, const zm_video_media *source, const uint8_t *datagram, uint32_t len, const zm_rtp *rtp,
    uint64_t now_ns, uint8_t *to)
{
    zm_rtp sent = {.timestamp = rtp->timestamp + viewer->out.timestamp_offset, .marker = rtp->marker};
    bool is_rtx = rtp->payload_type != source->payload_type;
    uint32_t extensions, octets = (uint32_t)(datagram + len - rtp->payload); /* with padding: probes are nothing else */
    uint16_t original = 0;

    if (is_rtx ? !number_rtx(viewer, rtp, &sent, &original) : !number_picture(viewer, rtp, &sent, now_ns))
        return 0;
    zm_rtp_write(to, &sent);
    extensions = write_extensions(viewer, source, datagram, to + ZM_RTP_HEADER);
    to[0] |= (uint8_t)((datagram[0] & 0x20) | (extensions ? 0x10 : 0));
    memcpy(to + ZM_RTP_HEADER + extensions, rtp->payload, octets);
    if (is_rtx && rtp->payload_len >= 2)
        zm_put16(to + ZM_RTP_HEADER + extensions, original);
    if (!is_rtx) {
        viewer->packets++;
        viewer->octets += rtp->payload_len;
    }
    return ZM_RTP_HEADER + extensions + octets;
}
