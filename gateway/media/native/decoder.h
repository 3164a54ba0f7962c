/* One RTP payload after the other to PCM at one rate, whatever the codec, and what stands in for those that are lost.
 *
 * init allocates, free frees; nothing else does. */
#ifndef ZENTRALE_DECODER_H
#define ZENTRALE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec.h"
#include "g722.h"
#include "opus_codec.h"
#include "plc.h"

/* The longest packet in samples, at the highest rate. */
#define DECODER_SAMPLES_MAX (PACKET_MS_RECEIVED_MAX * 48)

struct decoder {
    enum codec codec;
    uint32_t rate;
    unsigned up, down; /* samples = RTP clock ticks * up / down */
    struct opus_decode_state opus;
    struct g722_codec g722;
    struct plc plc;
};

/* Returns 0, or -1: out of memory, or the codec does not decode to this rate (codec_has_rate). */
int decoder_init(struct decoder *decoder, enum codec codec, uint32_t rate);
void decoder_free(struct decoder *decoder);
/* Forget the past, for a new stream. */
void decoder_reset(struct decoder *decoder);

/* Length of a payload in RTP clock ticks, or -1: empty, too long, or not of this codec. */
int decoder_ticks(const struct decoder *decoder, const uint8_t *payload, size_t length);
static inline size_t decoder_samples(const struct decoder *decoder, uint32_t ticks)
{
    return ticks * decoder->up / decoder->down;
}

/* Decode a payload that decoder_ticks has passed.  Returns samples written (a payload that is broken further in is
 * concealed), at most `samples_max`, 0 when they would not fit. */
size_t decoder_decode(
    struct decoder *decoder, const uint8_t *payload, size_t length, int16_t *pcm, size_t samples_max);
/* Does the payload carry a copy of the sound before it (Opus in-band FEC)? */
bool decoder_carries_copy(const struct decoder *decoder, const uint8_t *payload, size_t length);
/* Decode the copy of the lost `samples` before `payload`; the payload itself is still to be decoded.  False: there was
 * none after all, and the samples are concealed. */
bool decoder_recover(struct decoder *decoder, const uint8_t *payload, size_t length, int16_t *pcm, size_t samples);
/* Make up `samples` lost samples; Opus: in whole 2.5 ms, at most 120 ms. */
void decoder_conceal(struct decoder *decoder, int16_t *pcm, size_t samples);
/* Did the sender announce by this payload that it sends nothing for a while (Opus DTX)? */
bool decoder_ends_talk(const struct decoder *decoder, size_t length);

#endif
