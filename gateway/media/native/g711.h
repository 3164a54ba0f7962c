/* G.711 mu-law and A-law (ITU-T G.711) by table, and packet loss concealment for it.
 *
 * One sample is one octet at 8 kHz.  Nothing here allocates or fails. */
#ifndef ZENTRALE_G711_H
#define ZENTRALE_G711_H

#include <stddef.h>
#include <stdint.h>

/* Octet that decodes to (nearly) silence, for padding. */
#define G711_PCMU_SILENCE 0xFF
#define G711_PCMA_SILENCE 0xD5

void g711_pcmu_decode(int16_t *pcm, const uint8_t *octets, size_t samples);
void g711_pcma_decode(int16_t *pcm, const uint8_t *octets, size_t samples);
void g711_pcmu_encode(uint8_t *octets, const int16_t *pcm, size_t samples);
void g711_pcma_encode(uint8_t *octets, const int16_t *pcm, size_t samples);

/* Rewrite octets of one law as the nearest value of the other, for a PCMA<->PCMU relay without PCM.
 * `to` and `from` may be the same buffer. */
void g711_pcmu_to_pcma(uint8_t *to, const uint8_t *from, size_t samples);
void g711_pcma_to_pcmu(uint8_t *to, const uint8_t *from, size_t samples);

/* Longest pitch period looked for (15 ms = 66 Hz) and what must be remembered to find it, in samples at 8 kHz. */
#define G711_PLC_PERIOD_MAX 120
#define G711_PLC_HISTORY 280

/* Concealment of lost sound at 8 kHz: repeats the last pitch period, fades it to silence within 60 ms, and joins
 * smoothly to what comes after.  No delay is added.  Plain memory: init once, no free. */
struct g711_plc {
    int16_t history[G711_PLC_HISTORY]; /* the last samples played, oldest first */
    float period[G711_PLC_PERIOD_MAX]; /* the repeated period */
    unsigned period_samples;
    unsigned position;    /* in `period` */
    unsigned concealed;   /* samples made up since the last good one; 0: none */
};

void g711_plc_init(struct g711_plc *plc);
/* Tell of `samples` good samples about to be played; after a loss their beginning is cross-faded in place. */
void g711_plc_good(struct g711_plc *plc, int16_t *pcm, size_t samples);
/* Make up `samples` samples. */
void g711_plc_conceal(struct g711_plc *plc, int16_t *pcm, size_t samples);

#endif
