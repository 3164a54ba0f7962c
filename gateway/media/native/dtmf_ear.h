/* Listens for DTMF in the sound of a leg that is decoded anyway, at whatever rate that is, and takes it out where digits go
 * on in another way.  Beside packets it is dtmf_filter.h that does so.  Plain memory, no allocation. */
#ifndef ZENTRALE_DTMF_EAR_H
#define ZENTRALE_DTMF_EAR_H

#include "dtmf_tone.h"

enum { DTMF_EAR_TAPS = 48 };

struct dtmf_ear {
    struct dtmf_detector detector;
    uint32_t rate;
    uint32_t tail; /* samples at 8 kHz behind a tone that are silenced, too: it may end anywhere in the next look */
    float low_pass[DTMF_EAR_TAPS], past[DTMF_EAR_TAPS]; /* from the rate to 8 kHz */
};

/* `rate`: 8000, 16000 or 48000. */
void dtmf_ear_init(struct dtmf_ear *ear, uint32_t rate);
/* Take 20 ms.  `replace`: tones are silenced in it, from when they are noticed on.  Returns how many digits ended. */
int dtmf_ear_hear(struct dtmf_ear *ear, int16_t *pcm, bool replace, struct dtmf_digit digits[DTMF_TONES_PER_CALL]);

#endif
