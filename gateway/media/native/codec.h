/* The audio codecs of the media plane, their clocks and rates, and the one frame time that everything but relayed
 * packets runs on. */
#ifndef ZENTRALE_CODEC_H
#define ZENTRALE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MS 20
#define FRAME_NS 20000000LL
#define FRAME_SAMPLES_8K 160
#define FRAME_SAMPLES_16K 320
#define FRAME_SAMPLES_48K 960
/* Largest frame of PCM, in samples. */
#define FRAME_SAMPLES_MAX 960

/* What a packet may hold when we make it, and the longest that we take (RFC 6716 3.2.5; for the others by custom). */
#define PACKET_MS_MIN 10
#define PACKET_MS_MAX 60
#define PACKET_MS_RECEIVED_MAX 120

/* Static payload type of comfort noise (RFC 3389 4). */
#define PAYLOAD_TYPE_NOISE 13

/* The values are written into capture files (docs/reference/capture-format.md): never renumber. */
enum codec {
    CODEC_PCMU = 0,
    CODEC_PCMA = 1,
    CODEC_OPUS = 2,
    CODEC_L16_8K = 3,  /* int16 little-endian mono at 8 kHz; in capture files only */
    CODEC_L16_48K = 4, /* the same at 48 kHz */
    CODEC_G722 = 5,
};

/* RTP clock rate in Hz; Opus always counts at 48 kHz (RFC 7587 4.1), G.722 at 8 kHz though it samples at 16 (RFC 3551
 * 4.5.2). */
static inline uint32_t codec_clock_rate(enum codec codec)
{
    return codec == CODEC_OPUS || codec == CODEC_L16_48K ? 48000 : 8000;
}

/* RTP timestamp units of a 20 ms frame. */
static inline uint32_t codec_frame_ticks(enum codec codec)
{
    return codec_clock_rate(codec) / 50;
}

/* The widest PCM that it carries, in Hz.  Each codec decodes to and encodes from every lower rate of 8, 16 and 48 kHz by
 * itself, so that legs of different codecs meet at the least of their rates and nothing is resampled. */
static inline uint32_t codec_rate(enum codec codec)
{
    return codec == CODEC_OPUS || codec == CODEC_L16_48K ? 48000 : codec == CODEC_G722 ? 16000 : 8000;
}

static inline bool codec_has_rate(enum codec codec, uint32_t rate)
{
    return (rate == 8000 || rate == 16000 || rate == 48000) && rate <= codec_rate(codec);
}

/* One octet for each tick of an 8 kHz clock (64 kbit/s): payloads may be cut and joined anywhere. */
static inline bool codec_is_octets(enum codec codec)
{
    return codec == CODEC_PCMU || codec == CODEC_PCMA || codec == CODEC_G722;
}

#endif
