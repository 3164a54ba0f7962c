#include "seam.h"

#include <math.h>
#include <string.h>

#include "g711.h"
#include "thread.h"

/* The far side has heard nothing for so long, and has faded out by itself. */
#define STALE_NS 60000000ull

void zm_seam_open(zm_leg *leg)
{
    leg->seam = leg->last_octet && zm_is_g711(leg->media.codec);
}

const uint8_t *zm_seam_join(zm_leg *leg, const uint8_t *payload, uint32_t len, uint8_t *joined)
{
    uint32_t samples = len < ZM_SEAM_SAMPLES ? len : ZM_SEAM_SAMPLES;
    uint8_t last_octet = (uint8_t)leg->last_octet;
    int16_t pcm[ZM_SEAM_SAMPLES], last;
    float step;

    leg->seam = false;
    if (leg->thread->now_ns - leg->out.sent_ns > STALE_NS)
        return payload;
    g711_decode(leg->media.codec, &last, &last_octet, 1);
    g711_decode(leg->media.codec, pcm, payload, samples);
    step = (float)(last - pcm[0]);
    for (uint32_t i = 0; i < samples; i++) {
        /* A quarter of a period of a raised cosine: no corner at either end. */
        float part = 0.5f + 0.5f * cosf((float)M_PI * (float)(i + 1) / (float)(samples + 1));
        float value = (float)pcm[i] + step * part;
        pcm[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
    }
    memcpy(joined, payload, len);
    g711_encode(leg->media.codec, joined, pcm, samples);
    return joined;
}
