/* N-1 mixing: each party hears all the others, with saturation instead of wrap-round. */
#ifndef ZENTRALE_MIXER_H
#define ZENTRALE_MIXER_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"

/* The sum of so many int16 can't overflow int32. */
#define MIXER_PARTIES_MAX 64

/* heard[i] = sum of said[j] for j != i, saturated.
 *
 * All buffers hold `samples` (at most FRAME_SAMPLES_MAX) at one rate.  said[i] NULL: silent; heard[i] NULL: not wanted.
 * heard[i] may be said[i] itself, but no other party's. */
void mixer_mix(const int16_t *const *said, int16_t *const *heard, size_t parties, size_t samples);

/* mixed += added, saturated. */
void mixer_add(int16_t *mixed, const int16_t *added, size_t samples);

#endif
