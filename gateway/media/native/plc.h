/* Packet loss concealment for codecs without their own (G.711, G.722), on PCM at 8 or 16 kHz: repeats the last pitch
 * period, fades it to silence within 60 ms, and joins smoothly to what comes after.  No delay is added.  Plain memory: init
 * once, no free. */
#ifndef ZENTRALE_PLC_H
#define ZENTRALE_PLC_H

#include <stddef.h>
#include <stdint.h>

/* Longest pitch period looked for (15 ms = 66 Hz) and what must be remembered to find it, in samples at 16 kHz. */
#define PLC_PERIOD_MAX 240
#define PLC_HISTORY 560

struct plc {
    unsigned scale; /* samples per sample at 8 kHz: 1 or 2 */
    int16_t history[PLC_HISTORY]; /* the last samples played, oldest first; PLC_HISTORY / 2 of them at 8 kHz */
    float period[PLC_PERIOD_MAX]; /* the repeated period */
    unsigned period_samples;
    unsigned position;  /* in `period` */
    unsigned concealed; /* samples made up since the last good one; 0: none */
};

/* `rate`: 8000 or 16000. */
void plc_init(struct plc *plc, uint32_t rate);
/* Tell of `samples` good samples about to be played; after a loss their beginning is cross-faded in place. */
void plc_good(struct plc *plc, int16_t *pcm, size_t samples);
/* Make up `samples` samples. */
void plc_conceal(struct plc *plc, int16_t *pcm, size_t samples);

#endif
