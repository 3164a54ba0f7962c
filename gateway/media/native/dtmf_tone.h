/* DTMF as sound (ITU-T Q.23, Q.24): a detector by Goertzel's algorithm and a generator, at 8 kHz.  Plain memory, no
 * allocation. */
#ifndef ZENTRALE_DTMF_TONE_H
#define ZENTRALE_DTMF_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtmf.h"

/* Samples of one look: 12.75 ms.  Two in a row are a digit, so one of 40 ms (Q.24: must be taken) always has them. */
#define DTMF_BLOCK 102
/* The most that a digit may have sounded, in samples, before the detector knows: a block that it half fills, and one. */
#define DTMF_NOTICE_SAMPLES (2 * DTMF_BLOCK - 1)
#define DTMF_TONES_PER_CALL 2

/* Four floats side by side, as each processor has them: wider ones are kept in memory by compilers for those that lack
 * them.  The low frequencies are one, the high ones another. */
typedef float dtmf_vector __attribute__((vector_size(16)));

struct dtmf_detector {
    dtmf_vector one[2], two[2]; /* Goertzel's state, one and two samples ago */
    float energy;
    uint16_t at;      /* samples of the present block */
    char candidate;   /* of the last block, 0 = none */
    char digit;       /* sounding, 0 = none */
    uint32_t blocks;  /* that it has sounded for */
    uint8_t missed;   /* blocks without it since */
};

void dtmf_detector_init(struct dtmf_detector *detector);
/* Take at most 960 samples.  Returns how many digits have ended (at most DTMF_TONES_PER_CALL) and writes them.  `*tone` is
 * true when a block that ended in these samples had the two tones of a digit, be it one or not in the end. */
int dtmf_detect(
    struct dtmf_detector *detector, const int16_t *pcm, size_t samples, bool *tone,
    struct dtmf_digit digits[DTMF_TONES_PER_CALL]);
/* A digit is sounding, or may be. */
static inline bool dtmf_detector_hears(const struct dtmf_detector *detector)
{
    return detector->digit != 0 || detector->candidate != 0;
}

struct dtmf_generator {
    float low, high;           /* phases, in turns */
    float low_step, high_step; /* per sample */
};

/* False: not a digit. */
bool dtmf_generator_start(struct dtmf_generator *generator, char digit);
/* -8 dBm0 for the high tone, -10 for the low one, as telephones send it (ETSI ES 201 235-2). */
void dtmf_generate(struct dtmf_generator *generator, int16_t *pcm, size_t samples);

#endif
