#include "decoder.h"

#include <string.h>

#include "g711.h"

/* The longest payload of one octet per tick at 8 kHz. */
#define OCTETS_MAX (8 * PACKET_MS_RECEIVED_MAX)
/* libopus says silence that need not be sent by packets so short; a sender lets at most one of them through now and then. */
#define OPUS_QUIET_MAX 2

int decoder_init(struct decoder *decoder, enum codec codec, uint32_t rate)
{
    uint32_t clock = codec_clock_rate(codec);

    memset(decoder, 0, sizeof *decoder);
    if (!(codec == CODEC_OPUS || codec_is_octets(codec)) || !codec_has_rate(codec, rate))
        return -1;
    decoder->codec = codec;
    decoder->rate = rate;
    decoder->up = rate > clock ? rate / clock : 1;
    decoder->down = clock > rate ? clock / rate : 1;
    if (codec == CODEC_OPUS)
        return opus_decode_init(&decoder->opus, rate);
    plc_init(&decoder->plc, rate);
    return codec == CODEC_G722 ? g722_decode_open(&decoder->g722, rate) : 0;
}

void decoder_free(struct decoder *decoder)
{
    opus_decode_free(&decoder->opus);
    g722_close(&decoder->g722);
}

void decoder_reset(struct decoder *decoder)
{
    if (decoder->codec == CODEC_OPUS) {
        opus_decode_reset(&decoder->opus);
        return;
    }
    plc_init(&decoder->plc, decoder->rate);
    if (decoder->codec == CODEC_G722)
        g722_decode_restart(&decoder->g722);
}

int decoder_ticks(const struct decoder *decoder, const uint8_t *payload, size_t length)
{
    if (decoder->codec == CODEC_OPUS)
        return opus_packet_samples(payload, length, 48000);
    return length > 0 && length <= OCTETS_MAX ? (int)length : -1;
}

size_t decoder_decode(
    struct decoder *decoder, const uint8_t *payload, size_t length, int16_t *pcm, size_t samples_max)
{
    int ticks = decoder_ticks(decoder, payload, length);
    size_t samples = ticks > 0 ? decoder_samples(decoder, (uint32_t)ticks) : 0;

    if (samples == 0 || samples > samples_max)
        return 0;
    if (decoder->codec == CODEC_OPUS) {
        /* The header was right but the rest may not be: that is as good as lost. */
        if (opus_decode_packet(&decoder->opus, payload, length, pcm, samples_max) != (int)samples)
            decoder_conceal(decoder, pcm, samples);
        return samples;
    }
    if (decoder->codec == CODEC_G722)
        g722_decode_octets(&decoder->g722, payload, length, pcm);
    else
        g711_decode(decoder->codec, pcm, payload, length);
    plc_good(&decoder->plc, pcm, samples);
    return samples;
}

bool decoder_carries_copy(const struct decoder *decoder, const uint8_t *payload, size_t length)
{
    return decoder->codec == CODEC_OPUS && opus_packet_carries_fec(payload, length);
}

bool decoder_recover(struct decoder *decoder, const uint8_t *payload, size_t length, int16_t *pcm, size_t samples)
{
    if (opus_decode_recover(&decoder->opus, payload, length, pcm, samples) == (int)samples)
        return true;
    decoder_conceal(decoder, pcm, samples);
    return false;
}

void decoder_conceal(struct decoder *decoder, int16_t *pcm, size_t samples)
{
    if (decoder->codec != CODEC_OPUS)
        plc_conceal(&decoder->plc, pcm, samples);
    else if (opus_decode_conceal(&decoder->opus, pcm, samples) != (int)samples)
        memset(pcm, 0, samples * sizeof *pcm);
}

bool decoder_ends_talk(const struct decoder *decoder, size_t length)
{
    return decoder->codec == CODEC_OPUS && length <= OPUS_QUIET_MAX;
}
