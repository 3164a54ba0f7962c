/* Comfort noise (RFC 3389): what is played while the other side sends nothing because nobody speaks.  Plain memory: no
 * allocation, no free. */
#ifndef ZENTRALE_NOISE_H
#define ZENTRALE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* Reflection coefficients that are used; further ones shape the noise too little to be heard. */
#define NOISE_ORDER_MAX 12

struct noise {
    float level;  /* RMS to be reached, in units of a sample */
    float gain;   /* of the excitation now: follows `wanted` without a step */
    float wanted;
    unsigned order;
    float reflection[NOISE_ORDER_MAX];
    float delayed[NOISE_ORDER_MAX + 1];
    uint32_t random;
};

void noise_init(struct noise *noise);
/* Take a payload: level in -dBov, then reflection coefficients (RFC 3389 3).  Returns 0, or -1 when it is empty. */
int noise_update(struct noise *noise, const uint8_t *payload, size_t length);
void noise_make(struct noise *noise, int16_t *pcm, size_t samples);

#endif
