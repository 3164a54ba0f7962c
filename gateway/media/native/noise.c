#include "noise.h"

#include <math.h>
#include <string.h>

#define OVERLOAD 32768.0f /* 0 dBov: the RMS of a square wave at the limits (RFC 3389 3.1) */
#define GLIDE 0.02f       /* per sample: 6 ms to the new level */

void noise_init(struct noise *noise)
{
    memset(noise, 0, sizeof *noise);
    noise->random = 0x9E3779B9u;
}

int noise_update(struct noise *noise, const uint8_t *payload, size_t length)
{
    float residual = 1;

    if (length == 0)
        return -1;
    noise->level = OVERLOAD * powf(10, (float)(payload[0] & 0x7F) / -20);
    unsigned order = length - 1 < NOISE_ORDER_MAX ? (unsigned)(length - 1) : NOISE_ORDER_MAX;
    for (unsigned i = 0; i < order; i++) {
        /* RFC 3389 3.2; an octet of 255 is not allowed and taken for 254. */
        unsigned octet = payload[1 + i] < 255 ? payload[1 + i] : 254;
        noise->reflection[i] = 258.0f * ((float)octet - 127) / 32768;
        residual *= 1 - noise->reflection[i] * noise->reflection[i];
    }
    for (unsigned i = noise->order; i < order; i++)
        noise->delayed[i + 1] = 0;
    noise->order = order;
    /* The filter adds what 1 - k^2 takes away in each of its stages; uniform excitation has an RMS of 1 / sqrt(3). */
    noise->wanted = noise->level * sqrtf(3 * residual);
    return 0;
}

/* Uniform in -1..1. */
static inline float excitation(struct noise *noise)
{
    noise->random ^= noise->random << 13;
    noise->random ^= noise->random >> 17;
    noise->random ^= noise->random << 5;
    return (float)(int32_t)noise->random / 2147483648.0f;
}

/* All-pole lattice: stable for whatever coefficients, since all are within -1..1. */
void noise_make(struct noise *noise, int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        noise->gain += GLIDE * (noise->wanted - noise->gain);
        float value = noise->gain * excitation(noise);
        for (unsigned stage = noise->order; stage-- > 0;) {
            value -= noise->reflection[stage] * noise->delayed[stage];
            noise->delayed[stage + 1] = noise->delayed[stage] + noise->reflection[stage] * value;
        }
        noise->delayed[0] = value;
        pcm[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
    }
}
