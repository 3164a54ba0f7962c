/* Sounds to play: loaded once from WAV or Ogg Opus, encoded once for every codec, then shared, read-only, by all legs.
 *
 * A player is no more than an index: send sound_frame(sound, codec, index), then index + 1; at sound->frames either stop
 * or go to 0.  The encoders run round the end, so a loop has no seam when the file's length is a multiple of 20 ms (a
 * shorter last frame is filled up with silence). */
#ifndef ZENTRALE_SOUND_H
#define ZENTRALE_SOUND_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"

#define SOUND_DURATION_MAX_MS 300000

struct sound {
    uint32_t frames; /* of 20 ms; at least 1 */
    uint32_t duration_ms; /* frames * 20 */
    int16_t *pcm_8k;      /* frames * 160 samples */
    int16_t *pcm_16k;     /* frames * 320 samples */
    int16_t *pcm_48k;     /* frames * 960 samples */
    uint8_t *pcmu;        /* frames * 160 octets */
    uint8_t *pcma;
    uint8_t *g722;
    uint8_t *opus;         /* packets one after the other */
    uint32_t *opus_offset; /* frames + 1 offsets into `opus` */
};

/* Load a file (see sound_file.h; mono or stereo, 4 to 192 kHz), resample, encode.  Takes about 10 ms per second of sound; call
 * it at start, not on a media thread.  NULL: `error` says what is wrong with the file. */
struct sound *sound_load(const char *path, char *error, size_t error_size);
/* The same from PCM16 in memory; `samples` per channel, interleaved when `channels` is 2. */
struct sound *sound_from_pcm(
    const int16_t *pcm, size_t samples, unsigned channels, uint32_t rate, char *error, size_t error_size);
void sound_free(struct sound *sound);

/* RTP payload of frame `index` (< frames) in PCMU, PCMA, G.722 or Opus; `length` gets its octets.  Opus: mono, 20 ms. */
const uint8_t *sound_frame(const struct sound *sound, enum codec codec, uint32_t index, size_t *length);
/* PCM of frame `index` at 8000, 16000 or 48000 Hz, for the mix path. */
const int16_t *sound_pcm(const struct sound *sound, uint32_t rate, uint32_t index);

#endif
