#include "pcm.h"

#include <string.h>

#include "encoder.h"

uint32_t zm_pcm_rate(const zm_leg *leg, uint32_t rate)
{
    uint32_t own = codec_rate(leg->media.codec);

    return rate && rate < own ? rate : own;
}

/* --- what it says --------------------------------------------------------------------------------------------------- */

bool zm_pcm_listen(zm_leg *leg, uint32_t rate)
{
    if (leg->jitter && leg->jitter_codec == leg->media.codec && leg->jitter_rate == rate)
        return true; /* the description tunes by itself */
    zm_pcm_deafen(leg);
    leg->jitter = jitter_new(leg->media.codec, rate);
    leg->jitter_codec = leg->media.codec;
    leg->jitter_rate = rate;
    zm_digits_tune(leg);
    return leg->jitter != NULL;
}

void zm_pcm_deafen(zm_leg *leg)
{
    jitter_free(leg->jitter);
    leg->jitter = NULL;
    zm_digits_tune(leg);
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

void zm_pcm_put_noise(zm_leg *leg, const zm_rtp *rtp)
{
    struct jitter_packet packet = packet_of(rtp);

    if (leg->jitter)
        jitter_put_noise(leg->jitter, &packet, (int64_t)leg->thread->now_ns);
}

void zm_pcm_follow(zm_leg *leg, const zm_rtp *rtp)
{
    struct jitter_packet packet = packet_of(rtp);

    if (leg->jitter)
        jitter_follow(leg->jitter, &packet, (int64_t)leg->thread->now_ns);
}

bool zm_pcm_get(zm_leg *leg, int16_t *pcm)
{
    bool heard;

    if (leg->jitter == NULL)
        return false;
    heard = jitter_get(leg->jitter, pcm, (int64_t)leg->thread->now_ns) != JITTER_SILENT;
    if (heard)
        leg->buffer_ms = jitter_delay_ms(leg->jitter);
    zm_digits_overhear(leg, pcm);
    return heard;
}

/* --- what it hears -------------------------------------------------------------------------------------------------- */

struct encoding zm_pcm_how(const zm_leg *leg)
{
    const zm_media *media = &leg->media;
    struct encoding how = leg->thread->encoding;

    how.opus_bitrate_max = media->opus_bitrate_max;
    how.opus_fec = media->opus_fec;
    how.opus_dtx = how.opus_dtx && media->opus_dtx;
    how.opus_playback_rate = media->opus_playback_rate;
    return how;
}

bool zm_pcm_speak(zm_leg *leg, uint32_t rate)
{
    struct encoding how = zm_pcm_how(leg);
    enum codec codec = leg->media.codec;
    /* Octets are cut to packets behind the seams, by zm_send_frame. */
    unsigned packet_ms = codec_is_octets(codec) ? FRAME_MS : leg->media.packet_ms;

    if (rate == 0)
        rate = leg->encoder && encoder_fits(leg->encoder, codec, leg->pcm_rate, packet_ms, &how) ? leg->pcm_rate
                                                                                                 : codec_rate(codec);
    if (leg->encoder && encoder_fits(leg->encoder, codec, rate, packet_ms, &how))
        return true;
    zm_pcm_mute(leg);
    leg->encoder = encoder_new(codec, rate, packet_ms, &how);
    leg->pcm_rate = leg->encoder ? rate : 0;
    return leg->encoder != NULL;
}

void zm_pcm_mute(zm_leg *leg)
{
    encoder_free(leg->encoder);
    leg->encoder = NULL;
    leg->pcm_rate = 0;
}

bool zm_pcm_encode(zm_leg *leg, const int16_t *pcm, zm_encoded *made)
{
    struct encoded packet;

    made->count = 0;
    if (!encoder_put(leg->encoder, pcm))
        return false;
    while (made->count < ZM_ENCODED_MAX && encoder_take(leg->encoder, &packet)) {
        made->ticks = packet.ticks;
        made->len[made->count] = packet.length;
        memcpy(made->payload[made->count++], packet.payload, packet.length);
    }
    return true;
}
