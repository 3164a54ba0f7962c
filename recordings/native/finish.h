/* From a capture file to a recording. */
#ifndef ZENTRALE_FINISH_H
#define ZENTRALE_FINISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINISH_DURATION_MAX_S 86400

struct finish_request {
    int capture; /* file descriptor at the beginning of the capture, readable */
    int target;  /* file descriptor of an empty file, writable */
    uint32_t bitrate; /* bit/s of both sides together */
    int complexity;   /* 0..10 */
    const uint8_t *tags; /* OpusTags packet */
    size_t tags_size;
};

struct finish_result {
    int64_t samples; /* exact length at 48 kHz */
    uint64_t size;   /* octets of the recording */
    uint64_t gaps;
    uint64_t dropped; /* audio records that the capture says were lost */
    bool truncated;   /* the capture has no end record */
};

enum finish_status {
    FINISH_DONE,
    FINISH_NO_CAPTURE,  /* not a capture file, or not of this version */
    FINISH_TOO_LONG,    /* longer than FINISH_DURATION_MAX_S */
    FINISH_READ_ERROR,  /* errno */
    FINISH_WRITE_ERROR, /* errno */
};

enum finish_status finish_recording(const struct finish_request *request, struct finish_result *result);

/* The pauses of a capture, in ns since its start: [from, to), the last one's end INT64_MAX when it was not resumed.  At
 * most `max`; `count` tells how many.  The capture's position is moved. */
enum finish_status finish_read_pauses(int capture, int64_t (*pauses)[2], size_t max, size_t *count);
/* The capture's header alone: start and descriptions (TEXT_MAX + 1 octets each). */
enum finish_status finish_read_header(int capture, int64_t *start_epoch_ns, char *left, char *right);

#endif
