/* Opus (RFC 6716) by libopus, mono, as the plane uses it.
 *
 * `rate` is the PCM side's rate: 8000 when another side of the bridge is narrowband, 16000 beside G.722 (Opus then needs
 * no resampler), 48000 otherwise.  init allocates, free frees; nothing else does. */
#ifndef ZENTRALE_OPUS_CODEC_H
#define ZENTRALE_OPUS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest Opus packet that we accept (RFC 6716 3.4: 1275 octets of one frame; several frames of speech fit as well). */
#define OPUS_PACKET_MAX 1500
/* Longest packet: 120 ms, in samples at 48 kHz (RFC 6716 3.2.5). */
#define OPUS_PACKET_SAMPLES_MAX 5760

struct opus_decode_state {
    void *decoder;
};

struct opus_encode_state {
    void *encoder;
};

/* Return 0, or -1 when out of memory or the rate is not one of 8000, 12000, 16000, 24000, 48000. */
int opus_decode_init(struct opus_decode_state *state, uint32_t rate);
void opus_decode_free(struct opus_decode_state *state);
/* Forget the past, for a new stream (SSRC change). */
void opus_decode_reset(struct opus_decode_state *state);

/* Samples at `rate` that the packet decodes to, or -1 when it is malformed (RFC 6716 3.4). */
int opus_packet_samples(const uint8_t *packet, size_t length, uint32_t rate);
/* 1 when the packet carries a copy of the one before (in-band FEC), 0 when not or malformed. */
int opus_packet_carries_fec(const uint8_t *packet, size_t length);

/* Decode one packet.  Returns samples written, or -1: malformed, or more than `samples_max`. */
int opus_decode_packet(
    struct opus_decode_state *state, const uint8_t *packet, size_t length, int16_t *pcm, size_t samples_max);
/* Decode the *lost* packet before `packet` from its FEC copy; `samples` (a multiple of 2.5 ms, at most 120 ms) is how
 * long the lost one was.  Falls back to concealment when there is no copy.  Then decode `packet` itself as usual.
 * Returns samples written (`samples`) or -1. */
int opus_decode_recover(
    struct opus_decode_state *state, const uint8_t *packet, size_t length, int16_t *pcm, size_t samples);
/* Make up `samples` (a multiple of 2.5 ms, at most 120 ms) lost samples.  Returns `samples` or -1. */
int opus_decode_conceal(struct opus_decode_state *state, int16_t *pcm, size_t samples);

/* What speech takes, in bit/s: 24000 at 8 and 16 kHz, 32000 at 48 kHz. */
static inline uint32_t opus_bitrate_for(uint32_t rate)
{
    return rate > 16000 ? 32000 : 24000;
}
/* bitrate in bit/s (6000..510000); complexity 0..10.  Returns 0 or -1. */
int opus_encode_init(struct opus_encode_state *state, uint32_t rate, uint32_t bitrate, int complexity);
void opus_encode_free(struct opus_encode_state *state);
/* What the other side loses, 0..100 %: above 0 in-band FEC is sent. */
void opus_encode_set_loss(struct opus_encode_state *state, int percent);
/* Let silence be told by packets of at most 2 octets, which need not be sent. */
void opus_encode_set_dtx(struct opus_encode_state *state, bool dtx);
/* The other side plays at most so much (RFC 7587 6.1, maxplaybackrate): code no wider than that. */
void opus_encode_set_playback_rate(struct opus_encode_state *state, uint32_t rate);
/* Encode `samples` samples (2.5, 5, 10, 20, 40 or 60 ms).  Returns octets written or -1 (also when `size` is short). */
int opus_encode_packet(
    struct opus_encode_state *state, const int16_t *pcm, size_t samples, uint8_t *packet, size_t size);

#endif
