/* Making sound a little longer or shorter without changing its pitch: pitch periods are put in or taken out with a
 * cross-fade where the sound is most like itself.  No allocation. */
#ifndef ZENTRALE_STRETCH_H
#define ZENTRALE_STRETCH_H

#include <stddef.h>
#include <stdint.h>

/* The period (2.5 to 15 ms, in samples; at most half of `samples`) at which the beginning of `pcm` (20 to 40 ms at 8, 16
 * or 48 kHz) repeats itself best.  0: none with a normalised correlation of at least `likeness_min`; near silence anything
 * will do. */
size_t stretch_find_period(const int16_t *pcm, size_t samples, uint32_t rate, float likeness_min);
/* Take one period out of the beginning; needs two.  Returns the new number of samples. */
size_t stretch_remove(int16_t *pcm, size_t samples, size_t period);
/* Put one period in at the beginning; `pcm` has room for it.  Returns the new number of samples. */
size_t stretch_insert(int16_t *pcm, size_t samples, size_t period);

#endif
