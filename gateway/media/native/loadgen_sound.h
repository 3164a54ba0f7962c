/* What a far end heard, against what was said: how late it is, and how much it was changed.
 *
 * Half a second of what was said is looked up in what was heard by correlation: its place there tells the delay, with
 * jitter buffer and codecs.  At that place the two are compared by their spectra: 32 ms at a time, power in 17 critical
 * bands (Zwicker) of the telephone's range, the r.m.s. difference in dB over the bands, averaged over all moments at
 * which something is said.  0 is the same sound; a change of time that a jitter buffer makes counts for little. */
#ifndef ZM_LOADGEN_SOUND_H
#define ZM_LOADGEN_SOUND_H

#include <stdbool.h>
#include <stdint.h>

enum { ZL_BLOCK = 4000 /* samples at 8 kHz */, ZL_DELAY_MAX_MS = 400 };

/* What one end heard, at 8 kHz, and when each packet of it came. */
typedef struct {
    int16_t *pcm;
    uint32_t *starts; /* first sample of each packet */
    uint64_t *arrived_ns;
    uint32_t packets, samples;
    uint32_t packets_max, samples_max;
} zl_heard;

typedef struct {
    double distance_sum; /* dB, over `moments` */
    uint32_t moments;
    uint32_t blocks, unmatched;
} zl_comparison;

bool zl_heard_init(zl_heard *heard, uint32_t packets_max);
void zl_heard_free(zl_heard *heard);
/* Room for `samples` more of a packet that came then; NULL when full. */
int16_t *zl_heard_add(zl_heard *heard, uint32_t samples, uint64_t arrived_ns);

/* Look up a block that was said (its first packet was sent at `sent_ns`).  False when it is silent, or not found; then
 * it is counted in `unmatched`. */
bool zl_compare(
    zl_comparison *comparison, const zl_heard *heard, const int16_t said[ZL_BLOCK], uint64_t sent_ns,
    uint64_t *delay_ns);

#endif
