/* Listens for DTMF in the packets of a leg, and takes it out where digits go on in another way or must reach nobody.
 * G.722 and Opus are decoded for it, at 8 kHz.
 *
 * To block, it holds packets back until no look of the detector can find any more that a tone had begun in them: 40 ms
 * at 20 ms a packet.  So not even the beginning of a tone passes.  open allocates, close frees; nothing else does. */
#ifndef ZENTRALE_DTMF_FILTER_H
#define ZENTRALE_DTMF_FILTER_H

#include "codec.h"
#include "decoder.h"
#include "dtmf_tone.h"
#include "rtp.h"

enum {
    DTMF_FILTER_OCTETS_MAX = 8 * PACKET_MS_RECEIVED_MAX, /* of G.711 and G.722; of longer packets the rest is cut */
    DTMF_FILTER_PAYLOAD_MAX = OPUS_PACKET_MAX,
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
    enum codec codec;
    struct decoder decoder; /* to 8 kHz; not of G.711 */
    enum dtmf_filter_mode mode;
    uint32_t tail; /* samples behind a tone that are silenced too: it may end anywhere in the next look */
    uint8_t first, count;
    struct {
        zm_rtp rtp;
        uint8_t payload[DTMF_FILTER_PAYLOAD_MAX];
    } slots[DTMF_FILTER_SLOTS];
};

/* False: out of memory; there is nothing to close then. */
bool dtmf_filter_open(struct dtmf_filter *filter, enum codec codec, enum dtmf_filter_mode mode);
void dtmf_filter_close(struct dtmf_filter *filter);
/* Forget what was heard and what is held, and go on in this mode. */
void dtmf_filter_restart(struct dtmf_filter *filter, enum dtmf_filter_mode mode);
/* Change the mode; returns how many held packets are let go and writes them to `out`. */
int dtmf_filter_set_mode(struct dtmf_filter *filter, enum dtmf_filter_mode mode, zm_rtp out[DTMF_FILTER_OUT_MAX]);
/* Take a packet.  Returns how many may go on and writes them to `out`; their payload is the filter's or the
 * packet's own, and good until the next call.  `*ended` is how many digits ended. */
int dtmf_filter_put(
    struct dtmf_filter *filter, const zm_rtp *in, zm_rtp out[DTMF_FILTER_OUT_MAX],
    struct dtmf_digit digits[DTMF_TONES_PER_CALL], int *ended);

#endif
