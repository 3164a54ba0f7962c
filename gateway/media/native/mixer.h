/* Mixing: sums of what parties say, as each of them hears it, and a limiter that keeps a sum within 16 bits.
 *
 * One voice alone passes bit by bit.  Where voices add up to more than fits, the limiter turns the sum down, at once
 * within a frame and back up within some tenths of a second, and bends the peaks that are left instead of cutting
 * them off: no wrap-round, no clipping's harshness, no pumping. */
#ifndef ZENTRALE_MIXER_H
#define ZENTRALE_MIXER_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"

/* The sum of so many int16 can't overflow int32. */
#define MIXER_PARTIES_MAX 64

struct mixer_limiter {
    float gain; /* at the end of the last frame; 0 = nothing mixed yet */
};

/* sum += said */
void mixer_add(int32_t *sum, const int16_t *said, size_t samples);
/* sum -= said */
void mixer_subtract(int32_t *sum, const int16_t *said, size_t samples);
/* sum -> pcm through the limiter.  At most FRAME_SAMPLES_MAX samples, 20 ms of them. */
void mixer_limit(struct mixer_limiter *limiter, int16_t *pcm, const int32_t *sum, size_t samples);

/* pcm *= gain, which goes in a straight line from `from` to `to` (0..1). */
void mixer_ramp(int16_t *pcm, size_t samples, float from, float to);

#endif
