#include "pcm.h"

#include <string.h>

#include "g711.h"

enum { OPUS_COMPLEXITY = 5 };

uint32_t zm_pcm_rate(const zm_leg *leg, uint32_t rate)
{
    uint32_t own = zm_is_g711(leg->media.codec) ? 8000 : 48000;

    return rate && rate < own ? rate : own;
}

/* --- what it says --------------------------------------------------------------------------------------------------- */

bool zm_pcm_listen(zm_leg *leg, uint32_t rate)
{
    if (leg->jitter && leg->jitter_codec == leg->media.codec && leg->jitter_rate == rate)
        return true;
    zm_pcm_deafen(leg);
    leg->jitter = jitter_new(leg->media.codec, rate);
    leg->jitter_codec = leg->media.codec;
    leg->jitter_rate = rate;
    return leg->jitter != NULL;
}

void zm_pcm_deafen(zm_leg *leg)
{
    jitter_free(leg->jitter);
    leg->jitter = NULL;
}

static struct jitter_packet packet_of(const zm_rtp *rtp)
{
    return (struct jitter_packet){
        .ssrc = rtp->ssrc,
        .timestamp = rtp->timestamp,
        .sequence = rtp->sequence,
        .length = (uint16_t)rtp->payload_len,
        .payload = rtp->payload,
    };
}

void zm_pcm_put(zm_leg *leg, const zm_rtp *rtp)
{
    struct jitter_packet packet = packet_of(rtp);

    if (leg->jitter)
        jitter_put(leg->jitter, &packet, (int64_t)leg->thread->now_ns);
}

void zm_pcm_follow(zm_leg *leg, const zm_rtp *rtp)
{
    struct jitter_packet packet = packet_of(rtp);

    if (leg->jitter)
        jitter_follow(leg->jitter, &packet, (int64_t)leg->thread->now_ns);
}

bool zm_pcm_get(zm_leg *leg, int16_t *pcm)
{
    if (leg->jitter)
        return jitter_get(leg->jitter, pcm, (int64_t)leg->thread->now_ns) != JITTER_SILENT;
    return false;
}

/* --- what it hears -------------------------------------------------------------------------------------------------- */

bool zm_pcm_speak(zm_leg *leg, uint32_t rate)
{
    bool opus = leg->media.codec == CODEC_OPUS;

    if (rate == 0)
        rate = leg->pcm_rate && (leg->encoder.encoder != NULL) == opus ? leg->pcm_rate : zm_pcm_rate(leg, 0);
    if (leg->pcm_rate == rate && (leg->encoder.encoder != NULL) == opus)
        return true;
    zm_pcm_mute(leg);
    if (opus && opus_encode_init(&leg->encoder, rate, 0, OPUS_COMPLEXITY) < 0) {
        leg->encoder.encoder = NULL;
        return false;
    }
    leg->pcm_rate = rate;
    return true;
}

void zm_pcm_mute(zm_leg *leg)
{
    if (leg->encoder.encoder)
        opus_encode_free(&leg->encoder);
    leg->encoder.encoder = NULL;
    leg->pcm_rate = 0;
}

uint32_t zm_pcm_encode(zm_leg *leg, const int16_t *pcm, uint8_t *payload)
{
    uint32_t samples = leg->pcm_rate / 50;
    int len = (int)samples;

    if (leg->media.codec == CODEC_PCMA)
        g711_pcma_encode(payload, pcm, samples);
    else if (leg->media.codec == CODEC_PCMU)
        g711_pcmu_encode(payload, pcm, samples);
    else
        len = opus_encode_packet(&leg->encoder, pcm, samples, payload, OPUS_PACKET_MAX);
    return len > 0 ? (uint32_t)len : 0;
}
