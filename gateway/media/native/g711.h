/* G.711 mu-law and A-law (ITU-T G.711) by table.
 *
 * One sample is one octet at 8 kHz.  Nothing here allocates or fails. */
#ifndef ZENTRALE_G711_H
#define ZENTRALE_G711_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"

/* Octet that decodes to (nearly) silence, for padding. */
#define G711_PCMU_SILENCE 0xFF
#define G711_PCMA_SILENCE 0xD5

void g711_pcmu_decode(int16_t *pcm, const uint8_t *octets, size_t samples);
void g711_pcma_decode(int16_t *pcm, const uint8_t *octets, size_t samples);
void g711_pcmu_encode(uint8_t *octets, const int16_t *pcm, size_t samples);
void g711_pcma_encode(uint8_t *octets, const int16_t *pcm, size_t samples);

/* The same in the law of a leg: A-law for CODEC_PCMA, else mu-law. */
static inline void g711_decode(enum codec law, int16_t *pcm, const uint8_t *octets, size_t samples)
{
    (law == CODEC_PCMA ? g711_pcma_decode : g711_pcmu_decode)(pcm, octets, samples);
}

static inline void g711_encode(enum codec law, uint8_t *octets, const int16_t *pcm, size_t samples)
{
    (law == CODEC_PCMA ? g711_pcma_encode : g711_pcmu_encode)(octets, pcm, samples);
}

/* Rewrite octets of one law as the nearest value of the other, for a PCMA<->PCMU relay without PCM.
 * `to` and `from` may be the same buffer. */
void g711_pcmu_to_pcma(uint8_t *to, const uint8_t *from, size_t samples);
void g711_pcma_to_pcmu(uint8_t *to, const uint8_t *from, size_t samples);

#endif
