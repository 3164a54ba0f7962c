#include "finish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_reader.h"
#include "ogg_opus.h"
#include "timeline.h"

struct work {
    struct capture_reader reader;
    struct ogg_opus_writer writer;
    struct timeline *sides[2];
    int64_t position; /* encoded so far, in samples */
};

static FILE *open_stream(int file)
{
    int own = dup(file); /* fclose closes it */
    FILE *stream = own < 0 ? NULL : fdopen(own, "rb");
    if (!stream && own >= 0)
        close(own);
    return stream;
}

static void take_frame(struct work *work, int16_t frame[2 * OGG_OPUS_FRAME])
{
    for (unsigned side = 0; side < 2; side++) {
        ogg_opus_set_wide(&work->writer, side, timeline_wide(work->sides[side]));
        timeline_take(work->sides[side], frame + side, OGG_OPUS_FRAME);
    }
    work->position += OGG_OPUS_FRAME;
}

/* Encode all that can't change any more. */
static int encode_settled(struct work *work, int64_t now)
{
    int16_t frame[2 * OGG_OPUS_FRAME];

    timeline_advance(work->sides[0], now);
    timeline_advance(work->sides[1], now);
    while (work->position + OGG_OPUS_FRAME <= now - TIMELINE_SETTLED) {
        take_frame(work, frame);
        int error = ogg_opus_write(&work->writer, frame);
        if (error)
            return error;
    }
    return 0;
}

/* Encode up to the end, and so much further that the last sample gets through the encoder (RFC 7845 4.4). */
static int encode_rest(struct work *work, int64_t samples)
{
    int16_t frame[2 * OGG_OPUS_FRAME];
    int64_t end = samples + work->writer.pre_skip;

    while (work->position + OGG_OPUS_FRAME < end) {
        take_frame(work, frame);
        int error = ogg_opus_write(&work->writer, frame);
        if (error)
            return error;
    }
    take_frame(work, frame);
    return ogg_opus_write_last(&work->writer, frame, samples);
}

static enum finish_status run(struct work *work, struct finish_result *result)
{
    struct record record;
    enum read_result read;
    int64_t end = -1;

    while ((read = capture_reader_next(&work->reader, &record)) == READ_RECORD) {
        if (record.time_ns > FINISH_DURATION_MAX_S * 1000000000LL)
            return FINISH_TOO_LONG;
        int64_t now = record.time_ns * 6 / 125000;
        switch (record.type) {
        case RECORD_AUDIO:
            timeline_put(work->sides[record.side], &record);
            break;
        case RECORD_PAUSE:
            timeline_pause(work->sides[0]);
            timeline_pause(work->sides[1]);
            break;
        case RECORD_DROPPED:
            result->dropped += record.number;
            break;
        case RECORD_END:
            end = now;
            break;
        default:
            break; /* resume: sound tells; others may be added to the format */
        }
        errno = encode_settled(work, now);
        if (errno)
            return FINISH_WRITE_ERROR;
    }
    if (read == READ_FAILED)
        return FINISH_READ_ERROR;
    timeline_finish(work->sides[0]);
    timeline_finish(work->sides[1]);
    result->truncated = end < 0;
    if (end < 0) {
        int64_t left = timeline_end(work->sides[0]), right = timeline_end(work->sides[1]);
        end = left > right ? left : right;
    }
    if (end < work->position) /* marks long after the last sound, or an end before it: both only in odd files */
        end = work->position;
    errno = encode_rest(work, end);
    if (errno)
        return FINISH_WRITE_ERROR;
    result->samples = end;
    result->size = work->writer.size;
    result->gaps = timeline_gaps(work->sides[0]) + timeline_gaps(work->sides[1]);
    return FINISH_DONE;
}

enum finish_status finish_recording(const struct finish_request *request, struct finish_result *result)
{
    enum finish_status status;
    FILE *capture = open_stream(request->capture);
    struct work *work = calloc(1, sizeof *work);

    memset(result, 0, sizeof *result);
    if (!capture || !work) {
        status = FINISH_READ_ERROR;
    } else if (capture_reader_open(&work->reader, capture) < 0) {
        status = FINISH_NO_CAPTURE;
    } else {
        work->sides[0] = timeline_new();
        work->sides[1] = timeline_new();
        errno = work->sides[0] && work->sides[1] ? 0 : ENOMEM;
        if (!errno)
            errno = ogg_opus_open(
                &work->writer, request->target, (uint32_t)(work->reader.start_epoch_ns / 1000), request->bitrate,
                request->complexity, request->tags, request->tags_size);
        status = errno ? FINISH_WRITE_ERROR : run(work, result);
        int kept = errno;
        timeline_free(work->sides[0]);
        timeline_free(work->sides[1]);
        ogg_opus_free(&work->writer);
        errno = kept;
    }
    int kept = errno;
    if (capture)
        fclose(capture);
    free(work);
    errno = kept;
    return status;
}

enum finish_status finish_read_pauses(int capture, int64_t (*pauses)[2], size_t max, size_t *count)
{
    struct capture_reader reader;
    struct record record;
    enum read_result read = READ_TORN;
    FILE *stream = open_stream(capture);
    bool paused = false;

    *count = 0;
    if (!stream)
        return FINISH_READ_ERROR;
    if (capture_reader_open(&reader, stream) < 0) {
        fclose(stream);
        return FINISH_NO_CAPTURE;
    }
    while ((read = capture_reader_next(&reader, &record)) == READ_RECORD) {
        if (record.type == RECORD_PAUSE && !paused && *count < max) {
            pauses[*count][0] = record.time_ns;
            pauses[(*count)++][1] = INT64_MAX;
            paused = true;
        } else if (record.type == RECORD_RESUME && paused) {
            pauses[*count - 1][1] = record.time_ns;
            paused = false;
        }
    }
    fclose(stream);
    return read == READ_FAILED ? FINISH_READ_ERROR : FINISH_DONE;
}

enum finish_status finish_read_header(int capture, int64_t *start_epoch_ns, char *left, char *right)
{
    struct capture_reader reader;
    FILE *stream = open_stream(capture);

    if (!stream)
        return FINISH_READ_ERROR;
    int opened = capture_reader_open(&reader, stream);
    fclose(stream);
    if (opened < 0)
        return FINISH_NO_CAPTURE;
    *start_epoch_ns = reader.start_epoch_ns;
    memcpy(left, reader.text[0], sizeof reader.text[0]);
    memcpy(right, reader.text[1], sizeof reader.text[1]);
    return FINISH_DONE;
}
