/* One leg's sound from PCM to RTP payloads: 20 ms of PCM go in on each tick, packets of the negotiated length come out.
 *
 *     encoder_put(encoder, pcm);
 *     while (encoder_take(encoder, &packet))
 *         send(packet);
 *
 * encoder_new allocates everything, put and take nothing.  Not thread-safe; one thread owns it. */
#ifndef ZENTRALE_ENCODER_H
#define ZENTRALE_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec.h"

/* How Opus is encoded: what we like, and what the other side's fmtp allows (RFC 7587 6.1). */
struct encoding {
    uint32_t opus_bitrate;       /* bit/s; 0: by the rate */
    uint32_t opus_bitrate_max;   /* never more than this; 0: no limit */
    int opus_complexity;         /* 0..10 */
    bool opus_fec;               /* in-band FEC when the other side reports loss */
    bool opus_dtx;               /* send next to nothing while there is silence */
    uint32_t opus_playback_rate; /* coded no wider than for this rate, in Hz; 0: as wide as the PCM is */
};

struct encoder;

struct encoded {
    const uint8_t *payload; /* the encoder's; until the next put */
    uint32_t length;        /* 0: nothing to send, but the time passes (DTX) */
    uint32_t ticks;         /* of RTP clock */
};

/* `rate`: of the PCM; `packet_ms`: 10 to 60 in steps of 10, Opus: 10, 20, 40 or 60 (others are made 20).
 * NULL: out of memory, or the codec does not encode from this rate (codec_has_rate). */
struct encoder *encoder_new(enum codec codec, uint32_t rate, unsigned packet_ms, const struct encoding *how);
void encoder_free(struct encoder *encoder);
/* Is it what encoder_new would make of this? */
bool encoder_fits(
    const struct encoder *encoder, enum codec codec, uint32_t rate, unsigned packet_ms, const struct encoding *how);
/* What the other side loses, in percent, as it reports it (RFC 3550 6.4.1). */
void encoder_set_loss(struct encoder *encoder, int percent);
/* Take 20 ms: rate / 50 samples.  False: this frame could not be encoded and is lost. */
bool encoder_put(struct encoder *encoder, const int16_t *pcm);
/* The next packet, or false when the next one is not whole yet. */
bool encoder_take(struct encoder *encoder, struct encoded *packet);

/* There is PCM in it that is no packet yet. */
bool encoder_holds(const struct encoder *encoder);

/* `payload` gets 20 ms of silence in the codec; returns its length, at most ENCODER_SILENCE_MAX. */
#define ENCODER_SILENCE_MAX 160
uint32_t encoder_silence(enum codec codec, uint8_t *payload);

#endif
