/* One side of a recording: puts its packets in order, decodes them and lays the sound on a time line at 48 kHz.
 *
 * A packet's place is its RTP timestamp, so that sound is as continuous as it was spoken; where the stream as a whole
 * lies is taken from its fastest packets' arrival.  Everything that no packet covers is silence. */
#ifndef ZENTRALE_TIMELINE_H
#define ZENTRALE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture_reader.h"

#define TIMELINE_RATE 48000
/* A packet waits so long for others that belong before it. */
#define TIMELINE_HOLD (TIMELINE_RATE / 2)
/* Sound this far behind the newest record does not change any more. */
#define TIMELINE_SETTLED (3 * TIMELINE_RATE)

struct timeline;

/* NULL: out of memory. */
struct timeline *timeline_new(void);
void timeline_free(struct timeline *timeline);
/* Take an audio record. */
void timeline_put(struct timeline *timeline, const struct record *record);
/* What comes next follows a pause: the silence before it is no gap. */
void timeline_pause(struct timeline *timeline);
/* Decode all packets that arrived before `position` (samples since the start) less TIMELINE_HOLD. */
void timeline_advance(struct timeline *timeline, int64_t position);
/* Decode what is left. */
void timeline_finish(struct timeline *timeline);
/* Take the next `samples` from the front of the time line into every second place of `interleaved`. */
void timeline_take(struct timeline *timeline, int16_t *interleaved, size_t samples);
/* Is there sound above 4 kHz in what is taken next?  (Roughly: some packet of the last seconds was wideband.) */
bool timeline_wide(const struct timeline *timeline);
/* Where the last sound ends, in samples since the start. */
int64_t timeline_end(const struct timeline *timeline);
/* How often sound was missing between packets, pauses not counted. */
uint64_t timeline_gaps(const struct timeline *timeline);

#endif
