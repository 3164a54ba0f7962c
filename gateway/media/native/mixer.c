#include "mixer.h"

#include <math.h>
#include <stdlib.h>

/* Up to here a sum passes as it is; above, peaks are bent towards full scale. */
#define KNEE 29000.0f
#define FULL 32767.0f
/* The limiter aims here: below the knee, so that a steady loud sum is turned down rather than bent. */
#define CEILING 28000.0f
/* The gain is there after a quarter of a frame, and comes back by this factor per frame of 20 ms (0.35 dB: some tenths
 * of a second for what two or three loud voices cost). */
#define ATTACK_PART 4
#define RELEASE 1.04f

void mixer_add(int32_t *sum, const int16_t *said, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] += said[i];
}

void mixer_subtract(int32_t *sum, const int16_t *said, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] -= said[i];
}

static int32_t peak_of(const int32_t *sum, size_t samples)
{
    int32_t peak = 0;

    for (size_t i = 0; i < samples; i++) {
        int32_t size = abs(sum[i]);
        peak = size > peak ? size : peak;
    }
    return peak;
}

/* Beyond the knee the curve goes on with slope 1 and flattens towards full scale, which it never passes. */
static int16_t bend(float value)
{
    float size = fabsf(value);

    if (size > KNEE) {
        float over = (size - KNEE) / (FULL - KNEE);
        size = KNEE + (FULL - KNEE) * over / (1 + over);
    }
    return (int16_t)lrintf(value < 0 ? -size : size);
}

void mixer_limit(struct mixer_limiter *limiter, int16_t *pcm, const int32_t *sum, size_t samples)
{
    int32_t peak = peak_of(sum, samples);
    float before = limiter->gain > 0 ? limiter->gain : 1;
    float wanted = (float)peak > CEILING ? CEILING / (float)peak : 1;
    float released = before * RELEASE > 1 ? 1 : before * RELEASE;
    float gain = wanted < released ? wanted : released;
    size_t attack = gain < before ? samples / ATTACK_PART : samples;

    limiter->gain = gain;
    if (before >= 1 && gain >= 1) {
        for (size_t i = 0; i < samples; i++)
            pcm[i] = (int16_t)sum[i];
        return;
    }
    for (size_t i = 0; i < samples; i++) {
        float now = i < attack ? before + (gain - before) * (float)(i + 1) / (float)attack : gain;
        pcm[i] = bend((float)sum[i] * now);
    }
}

void mixer_ramp(int16_t *pcm, size_t samples, float from, float to)
{
    float step = (to - from) / (float)samples;

    if (from >= 1 && to >= 1)
        return;
    for (size_t i = 0; i < samples; i++)
        pcm[i] = (int16_t)lrintf((float)pcm[i] * (from + step * (float)(i + 1)));
}
