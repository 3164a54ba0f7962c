/* Listens for DTMF in the sound of a G.711 leg, and takes it out where digits go on in another way or must reach nobody.
 *
 * To block, it holds packets back until no look of the detector can find any more that a tone had begun in them: 40 ms
 * at 20 ms a packet.  So not even the beginning of a tone passes.  Plain memory, no allocation. */
#ifndef ZENTRALE_DTMF_FILTER_H
#define ZENTRALE_DTMF_FILTER_H

#include "codec.h"
#include "dtmf_tone.h"
#include "rtp.h"

enum {
    DTMF_FILTER_PAYLOAD_MAX = 960, /* 120 ms of G.711; of longer packets the rest is cut */
    DTMF_FILTER_SLOTS = 5,
    DTMF_FILTER_OUT_MAX = DTMF_FILTER_SLOTS,
};

enum dtmf_filter_mode {
    DTMF_FILTER_LISTEN, /* report digits, leave the sound as it is */
    DTMF_FILTER_REPLACE, /* silence in place of tones, from when they are noticed on */
    DTMF_FILTER_BLOCK,  /* silence in place of all of a tone */
};

struct dtmf_filter {
    struct dtmf_detector detector;
    enum dtmf_filter_mode mode;
    uint32_t tail; /* samples behind a tone that are silenced too: it may end anywhere in the next look */
    uint8_t first, count;
    struct {
        zm_rtp rtp;
        uint8_t payload[DTMF_FILTER_PAYLOAD_MAX];
    } slots[DTMF_FILTER_SLOTS];
};

void dtmf_filter_init(struct dtmf_filter *filter, enum dtmf_filter_mode mode);
/* Change the mode; returns how many held packets are let go and writes them to `out`. */
int dtmf_filter_set_mode(struct dtmf_filter *filter, enum dtmf_filter_mode mode, zm_rtp out[DTMF_FILTER_OUT_MAX]);
/* Take a packet of G.711.  Returns how many may go on and writes them to `out`; their payload is the filter's and good
 * until the next call.  `*ended` is how many digits ended. */
int dtmf_filter_put(
    struct dtmf_filter *filter, enum codec codec, const zm_rtp *in, zm_rtp out[DTMF_FILTER_OUT_MAX],
    struct dtmf_digit digits[DTMF_TONES_PER_CALL], int *ended);

#endif
