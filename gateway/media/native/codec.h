/* The audio codecs of the media plane and the one frame time that everything but relayed packets runs on. */
#ifndef ZENTRALE_CODEC_H
#define ZENTRALE_CODEC_H

#include <stdint.h>

#define FRAME_MS 20
#define FRAME_NS 20000000LL
#define FRAME_SAMPLES_8K 160
#define FRAME_SAMPLES_48K 960
/* Largest frame of PCM, in samples. */
#define FRAME_SAMPLES_MAX 960

/* The values are written into capture files (docs/reference/capture-format.md): never renumber. */
enum codec {
    CODEC_PCMU = 0,
    CODEC_PCMA = 1,
    CODEC_OPUS = 2,
    CODEC_L16_8K = 3,  /* int16 little-endian mono at 8 kHz; in capture files only */
    CODEC_L16_48K = 4, /* the same at 48 kHz */
    CODEC_COUNT = 5,
};

/* RTP clock rate in Hz; Opus always counts at 48 kHz (RFC 7587 4.1). */
static inline uint32_t codec_clock_rate(enum codec codec)
{
    return codec == CODEC_OPUS || codec == CODEC_L16_48K ? 48000 : 8000;
}

/* RTP timestamp units of a 20 ms frame. */
static inline uint32_t codec_frame_ticks(enum codec codec)
{
    return codec_clock_rate(codec) / 50;
}

#endif
