/* Writes Ogg Opus (RFC 7845) with two channels that know nothing of each other.
 *
 * Customer and agent are two mono streams of channel mapping family 1, not one stereo stream: whatever the bit rate,
 * nothing of one side leaks into the other (decision 0021). */
#ifndef ZENTRALE_OGG_OPUS_H
#define ZENTRALE_OGG_OPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ogg/ogg.h>
#include <opus/opus_multistream.h>

#define OGG_OPUS_FRAME 960 /* 20 ms at 48 kHz */

struct ogg_opus_writer {
    OpusMSEncoder *encoder;
    ogg_stream_state stream;
    bool stream_ready;
    bool wide[2]; /* per channel */
    int file;
    int pre_skip;
    int64_t packets;
    unsigned packets_in_page;
    uint64_t size; /* octets written to the file */
};

/* `tags`: a whole OpusTags packet (RFC 7845 5.2).  0, or an errno. */
int ogg_opus_open(
    struct ogg_opus_writer *writer, int file, uint32_t serial, uint32_t bitrate, int complexity, const uint8_t *tags,
    size_t tags_size);
/* From the next frame on the channel is telephone sound (up to 4 kHz), or wideband (up to 8 kHz).  Encoding what is not
 * there would only cost time: with this half of it is saved. */
void ogg_opus_set_wide(struct ogg_opus_writer *writer, unsigned channel, bool wide);
/* One frame of interleaved left and right.  0, or an errno. */
int ogg_opus_write(struct ogg_opus_writer *writer, const int16_t *interleaved);
/* The last frame; `samples` is how long the whole recording is, in samples at 48 kHz: decoders cut it there.  With it
 * all frames together must hold samples + pre_skip, and less without it.  0, or an errno. */
int ogg_opus_write_last(struct ogg_opus_writer *writer, const int16_t *interleaved, int64_t samples);
void ogg_opus_free(struct ogg_opus_writer *writer);

#endif
