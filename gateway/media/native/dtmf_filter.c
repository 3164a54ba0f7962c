#include "dtmf_filter.h"

#include <string.h>

#include "g711.h"

void dtmf_filter_init(struct dtmf_filter *filter, enum dtmf_filter_mode mode)
{
    memset(filter, 0, sizeof *filter);
    filter->mode = mode;
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

static void silence(struct dtmf_filter *filter, enum codec codec, uint32_t slot)
{
    memset(
        filter->slots[slot].payload, codec == CODEC_PCMA ? G711_PCMA_SILENCE : G711_PCMU_SILENCE,
        filter->slots[slot].rtp.payload_len);
}

int dtmf_filter_put(
    struct dtmf_filter *filter, enum codec codec, const zm_rtp *in, zm_rtp out[DTMF_FILTER_OUT_MAX],
    struct dtmf_digit digits[DTMF_TONES_PER_CALL], int *ended)
{
    int16_t pcm[DTMF_FILTER_PAYLOAD_MAX];
    uint32_t len = in->payload_len < DTMF_FILTER_PAYLOAD_MAX ? in->payload_len : DTMF_FILTER_PAYLOAD_MAX;
    uint32_t slot = (filter->first + filter->count) % DTMF_FILTER_SLOTS;
    bool tone;

    filter->count++;
    filter->slots[slot].rtp = *in;
    filter->slots[slot].rtp.payload_len = len;
    memcpy(filter->slots[slot].payload, in->payload, len);
    if (codec == CODEC_PCMA)
        g711_pcma_decode(pcm, in->payload, len);
    else
        g711_pcmu_decode(pcm, in->payload, len);
    *ended = dtmf_detect(&filter->detector, pcm, len, &tone, digits);
    if (filter->mode != DTMF_FILTER_LISTEN && (tone || filter->tail))
        silence(filter, codec, slot);
    filter->tail = tone ? DTMF_BLOCK : filter->tail > len ? filter->tail - len : 0;
    if (filter->mode != DTMF_FILTER_BLOCK)
        return release(filter, 0, out);
    if (tone)
        for (uint32_t i = 0; i < filter->count; i++)
            silence(filter, codec, (filter->first + i) % DTMF_FILTER_SLOTS);
    return release(filter, len ? packets_held(len) : 0, out);
}
