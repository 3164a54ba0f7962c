#include "packetize.h"

#include <string.h>

#include "egress.h"

void zm_send_made(zm_leg *leg, const uint8_t *payload, uint32_t len, uint32_t ticks)
{
    zm_rtp rtp = {.payload_type = leg->media.payload_type};

    zm_rtp_out_generate(&leg->out, &rtp, leg->thread->now_ns, ticks);
    zm_send_rtp(leg, &rtp, payload, len);
}

void zm_send_frame(zm_leg *leg, const uint8_t *payload, uint32_t len)
{
    uint32_t packet_len = (uint32_t)leg->media.packet_ms * 8, at = 0;

    if (!codec_is_octets(leg->media.codec)) {
        zm_send_made(leg, payload, len, codec_frame_ticks(leg->media.codec));
        return;
    }
    if (packet_len == len && leg->pending_len == 0) {
        zm_send_made(leg, payload, len, len);
        return;
    }
    if (leg->pending_len + len > sizeof leg->pending)
        leg->pending_len = 0;
    memcpy(leg->pending + leg->pending_len, payload, len);
    leg->pending_len += len;
    for (; leg->pending_len - at >= packet_len; at += packet_len)
        zm_send_made(leg, leg->pending + at, packet_len, packet_len);
    leg->pending_len -= at;
    memmove(leg->pending, leg->pending + at, leg->pending_len);
}

void zm_send_silence(zm_leg *leg)
{
    uint8_t payload[ENCODER_SILENCE_MAX];

    zm_send_frame(leg, payload, encoder_silence(leg->media.codec, payload));
}
