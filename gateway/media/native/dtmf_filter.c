#include "dtmf_filter.h"

#include <string.h>

#include "encoder.h"
#include "g711.h"

static bool is_g711(enum codec codec)
{
    return codec == CODEC_PCMA || codec == CODEC_PCMU;
}

bool dtmf_filter_open(struct dtmf_filter *filter, enum codec codec, enum dtmf_filter_mode mode)
{
    memset(filter, 0, sizeof *filter);
    filter->codec = codec;
    dtmf_filter_restart(filter, mode);
    if (is_g711(codec) || decoder_init(&filter->decoder, codec, 8000) == 0)
        return true;
    decoder_free(&filter->decoder);
    return false;
}

void dtmf_filter_close(struct dtmf_filter *filter)
{
    if (!is_g711(filter->codec))
        decoder_free(&filter->decoder);
}

void dtmf_filter_restart(struct dtmf_filter *filter, enum dtmf_filter_mode mode)
{
    filter->mode = mode;
    filter->tail = 0;
    filter->first = filter->count = 0;
    dtmf_detector_init(&filter->detector);
}

static int release(struct dtmf_filter *filter, uint32_t keep, zm_rtp *out)
{
    int released = 0;

    for (; filter->count > keep; filter->count--) {
        out[released] = filter->slots[filter->first].rtp;
        out[released].payload = filter->slots[filter->first].payload;
        released++;
        filter->first = (uint8_t)((filter->first + 1) % DTMF_FILTER_SLOTS);
    }
    return released;
}

int dtmf_filter_set_mode(struct dtmf_filter *filter, enum dtmf_filter_mode mode, zm_rtp out[DTMF_FILTER_OUT_MAX])
{
    filter->mode = mode;
    return mode == DTMF_FILTER_BLOCK ? 0 : release(filter, 0, out);
}

/* How many packets of this length must wait, so that what begins in the oldest has been noticed. */
static uint32_t packets_held(uint32_t samples)
{
    uint32_t held = (samples - 1 + DTMF_NOTICE_SAMPLES) / samples;

    return held < DTMF_FILTER_SLOTS ? held : DTMF_FILTER_SLOTS - 1;
}

/* Silence as long as the packet that it stands in for, so that nothing is concealed behind it: frames of CELT that decode to
 * nothing, in a packet of code 3 (RFC 6716 3.2.5), of the longest of 20, 10 and 2.5 ms that goes into it. */
static uint32_t opus_silence(uint8_t *payload, uint32_t ticks)
{
    static const struct {
        uint32_t ticks;
        uint8_t toc;
    } frames[] = {{960, 0xF8}, {480, 0xF0}, {120, 0xE0}};
    uint32_t kind = 0, len = 0;

    while (ticks % frames[kind].ticks)
        kind++; /* a packet is a multiple of 2.5 ms: decoder_ticks has looked */
    payload[len++] = frames[kind].toc | 3;
    payload[len++] = (uint8_t)(ticks / frames[kind].ticks);
    for (uint32_t at = 0; at < ticks; at += frames[kind].ticks) {
        payload[len++] = 0xFF;
        payload[len++] = 0xFE;
    }
    return len;
}

static void silence(struct dtmf_filter *filter, uint32_t slot)
{
    uint8_t frame[ENCODER_SILENCE_MAX], *payload = filter->slots[slot].payload;
    uint32_t len = filter->slots[slot].rtp.payload_len, piece;

    if (filter->codec == CODEC_OPUS) {
        int ticks = decoder_ticks(&filter->decoder, payload, len);
        if (ticks > 0)
            filter->slots[slot].rtp.payload_len = opus_silence(payload, (uint32_t)ticks);
        return;
    }
    piece = encoder_silence(filter->codec, frame);
    for (uint32_t at = 0; at < len; at += piece)
        memcpy(payload + at, frame, len - at < piece ? len - at : piece);
}

/* Samples at 8 kHz; 0: not of this codec, or the sender announces silence. */
static uint32_t decode(struct dtmf_filter *filter, const uint8_t *payload, uint32_t len, int16_t *pcm)
{
    if (filter->codec == CODEC_PCMA)
        g711_pcma_decode(pcm, payload, len);
    else if (filter->codec == CODEC_PCMU)
        g711_pcmu_decode(pcm, payload, len);
    else if (decoder_ends_talk(&filter->decoder, len))
        return 0;
    else
        return (uint32_t)decoder_decode(&filter->decoder, payload, len, pcm, DTMF_FILTER_OCTETS_MAX);
    return len;
}

static uint32_t tail_after(const struct dtmf_filter *filter, bool tone, uint32_t samples)
{
    if (tone)
        return DTMF_BLOCK;
    return filter->tail > samples ? filter->tail - samples : 0;
}

int dtmf_filter_put(
    struct dtmf_filter *filter, const zm_rtp *in, zm_rtp out[DTMF_FILTER_OUT_MAX],
    struct dtmf_digit digits[DTMF_TONES_PER_CALL], int *ended)
{
    int16_t pcm[DTMF_FILTER_OCTETS_MAX];
    uint32_t len_max = filter->codec == CODEC_OPUS ? DTMF_FILTER_PAYLOAD_MAX : DTMF_FILTER_OCTETS_MAX;
    uint32_t len = in->payload_len < len_max ? in->payload_len : len_max;
    uint32_t slot = (filter->first + filter->count) % DTMF_FILTER_SLOTS, samples;
    bool tone;

    if (filter->mode == DTMF_FILTER_LISTEN && filter->count == 0) { /* nothing is changed or waits: no copy is needed */
        samples = decode(filter, in->payload, len, pcm);
        *ended = dtmf_detect(&filter->detector, pcm, samples, &tone, digits);
        filter->tail = tail_after(filter, tone, samples);
        out[0] = *in;
        out[0].payload_len = len;
        return 1;
    }
    filter->count++;
    filter->slots[slot].rtp = *in;
    filter->slots[slot].rtp.payload_len = len;
    memcpy(filter->slots[slot].payload, in->payload, len);
    samples = decode(filter, in->payload, len, pcm);
    *ended = dtmf_detect(&filter->detector, pcm, samples, &tone, digits);
    if (filter->mode != DTMF_FILTER_LISTEN && (tone || filter->tail))
        silence(filter, slot);
    filter->tail = tail_after(filter, tone, samples);
    if (filter->mode != DTMF_FILTER_BLOCK)
        return release(filter, 0, out);
    if (tone)
        for (uint32_t i = 0; i < filter->count; i++)
            silence(filter, (filter->first + i) % DTMF_FILTER_SLOTS);
    return release(filter, samples ? packets_held(samples) : 0, out);
}
