#include "dtmf_ear.h"

#include <math.h>
#include <string.h>

#include "codec.h"

#define RATE_HZ 8000.0f
/* Between the highest tone of a digit (1633 Hz) and half of 8 kHz, where the rest would fold back. */
#define EDGE_HZ 3200.0f
#define PI 3.14159265f

static unsigned factor_of(const struct dtmf_ear *ear)
{
    return ear->rate / 8000;
}

/* Taps in use: a multiple of 8, of the same length in time at each rate. */
static unsigned taps_of(const struct dtmf_ear *ear)
{
    return DTMF_EAR_TAPS / 6 * factor_of(ear);
}

/* A sinc under a Hamming window, of unity gain at 0 Hz. */
static void design(struct dtmf_ear *ear)
{
    unsigned taps = taps_of(ear);
    float sum = 0;

    for (unsigned i = 0; i < taps; i++) {
        float at = (float)i - (float)(taps - 1) / 2; /* taps is even: never 0 */
        float window = 0.54f - 0.46f * cosf(2 * PI * (float)i / (float)(taps - 1));
        ear->low_pass[i] = window * sinf(2 * PI * EDGE_HZ / (float)ear->rate * at) / at;
        sum += ear->low_pass[i];
    }
    for (unsigned i = 0; i < taps; i++)
        ear->low_pass[i] /= sum;
}

void dtmf_ear_init(struct dtmf_ear *ear, uint32_t rate)
{
    memset(ear, 0, sizeof *ear);
    dtmf_detector_init(&ear->detector);
    ear->rate = rate;
    if (factor_of(ear) > 1)
        design(ear);
}

static int16_t filtered(const float *at, const float *low_pass, unsigned taps)
{
    dtmf_vector even = {0}, odd = {0}, samples[2], weights[2];
    float sum = 0;

    for (unsigned i = 0; i < taps; i += 8) { /* taps are a multiple of 8 */
        memcpy(samples, at + i, sizeof samples);
        memcpy(weights, low_pass + i, sizeof weights);
        even += samples[0] * weights[0];
        odd += samples[1] * weights[1];
    }
    even += odd;
    for (unsigned i = 0; i < 4; i++)
        sum += even[i];
    return (int16_t)lrintf(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
}

/* 20 ms to 160 samples at 8 kHz. */
static void decimate(struct dtmf_ear *ear, const int16_t *pcm, int16_t *narrow)
{
    float in[DTMF_EAR_TAPS + FRAME_SAMPLES_MAX];
    unsigned factor = factor_of(ear), taps = taps_of(ear), samples = FRAME_SAMPLES_8K * factor;

    memcpy(in, ear->past, taps * sizeof *in);
    for (unsigned i = 0; i < samples; i++)
        in[taps + i] = pcm[i];
    for (unsigned i = 0; i < FRAME_SAMPLES_8K; i++)
        narrow[i] = filtered(in + (i + 1) * factor, ear->low_pass, taps);
    memcpy(ear->past, in + samples, taps * sizeof *in);
}

int dtmf_ear_hear(struct dtmf_ear *ear, int16_t *pcm, bool replace, struct dtmf_digit digits[DTMF_TONES_PER_CALL])
{
    int16_t narrow[FRAME_SAMPLES_8K];
    const int16_t *heard = pcm;
    bool tone;
    int ended;

    if (factor_of(ear) > 1) {
        decimate(ear, pcm, narrow);
        heard = narrow;
    }
    ended = dtmf_detect(&ear->detector, heard, FRAME_SAMPLES_8K, &tone, digits);
    if (replace && (tone || ear->tail))
        memset(pcm, 0, FRAME_SAMPLES_8K * factor_of(ear) * sizeof *pcm);
    ear->tail = tone ? DTMF_BLOCK : ear->tail > FRAME_SAMPLES_8K ? ear->tail - FRAME_SAMPLES_8K : 0;
    return ended;
}
