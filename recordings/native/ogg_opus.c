#include "ogg_opus.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PACKET_MAX 4000
/* RFC 7845 6: pages of about a second, so that players can seek. */
#define PACKETS_PER_PAGE 50
#define PAGE_MAX 60000 /* octets: such a page stays whole */

static int write_all(struct ogg_opus_writer *writer, const unsigned char *data, long size)
{
    while (size > 0) {
        ssize_t done = write(writer->file, data, (size_t)size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        data += done;
        size -= (long)done;
        writer->size += (uint64_t)done;
    }
    return 0;
}

static int flush_pages(struct ogg_opus_writer *writer)
{
    ogg_page page;

    writer->packets_in_page = 0;
    while (ogg_stream_flush_fill(&writer->stream, &page, PAGE_MAX)) {
        int error = write_all(writer, page.header, page.header_len);
        if (!error)
            error = write_all(writer, page.body, page.body_len);
        if (error)
            return error;
    }
    return 0;
}

static int add_packet(struct ogg_opus_writer *writer, const uint8_t *data, size_t size, int64_t granule, bool last)
{
    ogg_packet packet = {
        .packet = (unsigned char *)data, /* copied, never changed */
        .bytes = (long)size,
        .b_o_s = writer->packets == 0,
        .e_o_s = last,
        .granulepos = granule,
        .packetno = writer->packets,
    };

    writer->packets++;
    if (ogg_stream_packetin(&writer->stream, &packet) != 0)
        return ENOMEM;
    /* Each header has its page for itself (RFC 7845 3). */
    if (writer->packets <= 2 || last || ++writer->packets_in_page == PACKETS_PER_PAGE)
        return flush_pages(writer);
    return 0;
}

/* RFC 7845 5.1, with two uncoupled streams (5.1.1.2). */
static size_t make_head(uint8_t head[23], int pre_skip)
{
    static const uint8_t fixed[23] = {
        'O', 'p', 'u', 's', 'H', 'e', 'a', 'd',
        1,    /* version */
        2,    /* channels */
        0, 0, /* pre-skip */
        0x80, 0xBB, 0, 0, /* made from 48 kHz */
        0, 0,             /* gain */
        1,                /* mapping family: left, right */
        2, 0,             /* streams, of which coupled */
        0, 1,             /* left is stream 0, right is stream 1 */
    };
    memcpy(head, fixed, sizeof fixed);
    head[10] = (uint8_t)pre_skip;
    head[11] = (uint8_t)(pre_skip >> 8);
    return sizeof fixed;
}

int ogg_opus_open(
    struct ogg_opus_writer *writer, int file, uint32_t serial, uint32_t bitrate, int complexity, const uint8_t *tags,
    size_t tags_size)
{
    static const unsigned char mapping[2] = {0, 1};
    uint8_t head[23];
    opus_int32 lookahead = 0;
    int error;

    memset(writer, 0, sizeof *writer);
    writer->file = file;
    writer->encoder = opus_multistream_encoder_create(48000, 2, 2, 0, mapping, OPUS_APPLICATION_VOIP, &error);
    if (!writer->encoder)
        return ENOMEM;
    if (opus_multistream_encoder_ctl(writer->encoder, OPUS_SET_BITRATE((opus_int32)bitrate)) != OPUS_OK ||
        opus_multistream_encoder_ctl(writer->encoder, OPUS_SET_COMPLEXITY(complexity)) != OPUS_OK ||
        opus_multistream_encoder_ctl(writer->encoder, OPUS_GET_LOOKAHEAD(&lookahead)) != OPUS_OK)
        return EINVAL;
    if (ogg_stream_init(&writer->stream, (int)serial) != 0)
        return ENOMEM;
    writer->stream_ready = true;
    writer->pre_skip = lookahead;
    for (unsigned channel = 0; channel < 2; channel++) {
        writer->wide[channel] = true;
        ogg_opus_set_wide(writer, channel, false);
    }
    error = add_packet(writer, head, make_head(head, lookahead), 0, false);
    return error ? error : add_packet(writer, tags, tags_size, 0, false);
}

void ogg_opus_set_wide(struct ogg_opus_writer *writer, unsigned channel, bool wide)
{
    OpusEncoder *encoder;

    if (writer->wide[channel] == wide)
        return;
    opus_multistream_encoder_ctl(writer->encoder, OPUS_MULTISTREAM_GET_ENCODER_STATE((opus_int32)channel, &encoder));
    opus_encoder_ctl(encoder, OPUS_SET_MAX_BANDWIDTH(wide ? OPUS_BANDWIDTH_WIDEBAND : OPUS_BANDWIDTH_NARROWBAND));
    writer->wide[channel] = wide;
}

static int encode(struct ogg_opus_writer *writer, const int16_t *interleaved, int64_t granule, bool last)
{
    uint8_t packet[PACKET_MAX];
    int size = opus_multistream_encode(writer->encoder, interleaved, OGG_OPUS_FRAME, packet, PACKET_MAX);
    if (size < 1)
        return EIO;
    return add_packet(writer, packet, (size_t)size, granule, last);
}

int ogg_opus_write(struct ogg_opus_writer *writer, const int16_t *interleaved)
{
    int64_t frames = writer->packets - 2 + 1; /* with this one */
    return encode(writer, interleaved, frames * OGG_OPUS_FRAME, false);
}

int ogg_opus_write_last(struct ogg_opus_writer *writer, const int16_t *interleaved, int64_t samples)
{
    return encode(writer, interleaved, writer->pre_skip + samples, true);
}

void ogg_opus_free(struct ogg_opus_writer *writer)
{
    if (writer->encoder)
        opus_multistream_encoder_destroy(writer->encoder);
    if (writer->stream_ready)
        ogg_stream_clear(&writer->stream);
    writer->encoder = NULL;
    writer->stream_ready = false;
}
