/* The jitter buffer's own state, for jitter.c (what comes in) and jitter_out.c (what is played). */
#ifndef ZENTRALE_JITTER_STATE_H
#define ZENTRALE_JITTER_STATE_H

#include <stdbool.h>

#include "decoder.h"
#include "held.h"
#include "jitter.h"
#include "noise.h"
#include "playout.h"

#define JITTER_MS 1000000LL
#define JITTER_SECOND 1000000000LL
#define JITTER_FIFO_SAMPLES (DECODER_SAMPLES_MAX + 3 * FRAME_SAMPLES_MAX)

/* A packet that may be the first of a new stream. */
struct jitter_trial {
    bool used;
    uint32_t ssrc;
    uint32_t timestamp;
    uint16_t sequence;
    uint16_t length;
    int64_t arrival_ns;
    uint8_t payload[JITTER_PAYLOAD_MAX];
};

struct jitter {
    struct decoder decoder;
    uint32_t rate;
    uint32_t clock;
    uint32_t frame_samples, frame_ticks; /* 20 ms */

    /* The stream as it comes in. */
    bool streaming;
    uint32_t ssrc;
    int64_t newest;    /* unwrapped timestamp */
    int64_t newest_ns; /* its arrival */
    uint16_t newest_sequence;
    uint64_t seen;     /* bit n: newest_sequence - n has come */

    /* Playing. */
    bool playing;
    bool quiet;                 /* not playing, because the sender has nothing to say: noise */
    bool quiet_follows;         /* what was decoded last said so */
    int64_t buffering_since_ns; /* arrival of the first packet held, while not playing */
    int64_t position;           /* unwrapped timestamp of the next sample to decode */
    unsigned starved_ms;        /* made up with nothing held */
    int64_t got_ns;             /* the last get */
    unsigned since_adjusted;    /* ticks */
    struct noise noise;

    /* Delay: measured and wanted. */
    struct playout playout;
    bool delay_known;
    float delay_ms;

    struct jitter_statistics statistics;
    size_t fifo_samples;
    int16_t fifo[JITTER_FIFO_SAMPLES]; /* decoded, not yet played */
    struct jitter_trial trial;
    struct held held;
};

static inline int64_t jitter_ticks_ns(const struct jitter *jitter, int64_t ticks)
{
    return ticks * (JITTER_SECOND / 8000) / (jitter->clock / 8000);
}

static inline int64_t jitter_ms_ticks(const struct jitter *jitter, unsigned ms)
{
    return (int64_t)ms * (jitter->clock / 1000);
}

/* A click would be heard where one stream is cut off for another: let it fade out instead. */
void jitter_fade_out(struct jitter *jitter);

#endif
