/* The jitter buffer of the mix path: RTP payloads in at any time and order, 20 ms of PCM out on each tick.
 *
 * It decodes, so that loss is concealed by who can do it best, and stretches or shortens the sound by pitch periods to hold
 * its delay at a target of 20 to 60 ms that follows the measured jitter: clock drift, bursts and a changed path delay are
 * all the same to it.  Where the sender is silent on purpose (comfort noise of RFC 3389, Opus DTX) it makes noise.  A new
 * SSRC or a jump of the timestamp starts a new stream once two packets agree on it.  Memory is fixed: jitter_new allocates
 * everything, put and get nothing.  Not thread-safe; one thread owns it. */
#ifndef ZENTRALE_JITTER_H
#define ZENTRALE_JITTER_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"

#define JITTER_TARGET_MIN_MS 20
#define JITTER_TARGET_MAX_MS 60
/* More sound than this is never held: the oldest is thrown away. */
#define JITTER_HELD_MAX_MS 320
/* Largest payload that is kept. */
#define JITTER_PAYLOAD_MAX 1500

struct jitter;

struct jitter_packet {
    uint32_t ssrc;
    uint32_t timestamp; /* RTP, in the codec's clock */
    uint16_t sequence;
    uint16_t length; /* octets of payload */
    const uint8_t *payload;
};

enum jitter_put_result {
    JITTER_KEPT,
    JITTER_DUPLICATE,
    JITTER_LATE,      /* its turn had passed */
    JITTER_MALFORMED, /* empty, too large, or not of this codec */
    JITTER_ON_TRIAL,  /* of a new stream; kept aside until a second one confirms it */
};

enum jitter_get_result {
    JITTER_PLAYED,    /* sound as it was sent */
    JITTER_CONCEALED, /* at least in part made up */
    JITTER_SILENT,    /* nothing to play: no stream yet, or it has paused; the PCM is zero */
    JITTER_QUIET,     /* the sender says that nobody speaks: noise at the level of what was behind the speech */
};

struct jitter_statistics {
    uint64_t received;    /* packets put */
    uint64_t duplicates;
    uint64_t late;
    uint64_t malformed;
    uint64_t overflowed;  /* thrown away because too much was held */
    uint64_t concealed;   /* ticks (20 ms) that were at least in part made up */
    uint64_t recovered;   /* packets recovered from FEC */
    uint64_t resets;      /* new streams */
    uint64_t quiet;       /* ticks of comfort noise */
    uint64_t stretched;   /* samples put in to slow down */
    uint64_t shortened;   /* samples taken out to catch up */
    uint32_t target_ms;   /* delay aimed at */
    uint32_t delay_ms;    /* see jitter_delay_ms */
};

/* `rate`: of the PCM; see codec_has_rate.  NULL: out of memory or the rate does not fit. */
struct jitter *jitter_new(enum codec codec, uint32_t rate);
void jitter_free(struct jitter *jitter);
/* Forget all sound and start anew, e.g. after a hold.  Statistics stay. */
void jitter_reset(struct jitter *jitter);
/* Put a packet; the payload is copied.  `arrival_ns`: monotonic, the same clock as `now_ns` of get. */
enum jitter_put_result jitter_put(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns);
/* Take a packet whose sound is heard by another way: the next `get` goes on behind it.  So a relayed stream becomes one
 * from this buffer without a gap: what the buffer needs to fill up is made up and then stretched. */
void jitter_follow(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns);
/* Put a comfort noise packet (RFC 3389); the payload is copied. */
enum jitter_put_result jitter_put_noise(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns);
/* Get the next 20 ms: writes rate / 50 samples.  To be called every 20 ms; late or early by some ms is harmless. */
enum jitter_get_result jitter_get(struct jitter *jitter, int16_t *pcm, int64_t now_ns);
/* The delay that a fastest packet meets now, from its arrival to its first sample's time; 0 while nothing comes. */
uint32_t jitter_delay_ms(const struct jitter *jitter);
void jitter_read_statistics(const struct jitter *jitter, struct jitter_statistics *statistics);

#endif
