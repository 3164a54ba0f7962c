/* Capture files: what two legs said, written as it came (docs/reference/capture-format.md).
 *
 * Each capture has a lock-free ring with one producer (the media thread that owns the two legs) and one consumer (the
 * writer).  ONE writer thread serves all captures and appends to their files at most CAPTURE_BATCH_MS after the sound.
 * A full ring or a full disk loses records, which are counted and noted in the file; the media thread never waits. */
#ifndef ZENTRALE_CAPTURE_H
#define ZENTRALE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"

#define CAPTURE_BATCH_MS 200
/* Octets of ring per capture: 3.5 s of two G.711 legs. */
#define CAPTURE_RING_SIZE 65536
#define CAPTURE_PATH_MAX 1024
#define CAPTURE_TEXT_MAX 255
#define CAPTURES_MAX 4096
/* Largest payload of one audio record: a 20 ms frame of L16 at 48 kHz and whatever fits an RTP packet. */
#define CAPTURE_PAYLOAD_MAX 1920

enum capture_side {
    CAPTURE_LEFT = 0,
    CAPTURE_RIGHT = 1,
};

struct capture_writer;
struct capture;

struct capture_result {
    int64_t duration_ns;     /* from start to capture_finish */
    uint64_t records_dropped; /* audio records lost to a full ring or disk */
    int error;                /* errno of the first failure, 0: none */
};

/* Called once per capture on the writer's thread when its file is complete (all of it in the kernel's hands,
 * so a crash of this process can't harm it) or given up: hand over, do not
 * block.  `result` lives until the call returns. */
typedef void (*capture_done)(void *context, const struct capture_result *result);

/* Called at most once per capture, on the writer's thread and before `done`: from here on sound is lost, because `error`
 * (errno: no room, no such folder) keeps it from the file.  It goes on when there is room again.  May be NULL. */
typedef void (*capture_failed)(void *context, int error);

/* Start the writer thread.  NULL: errno. */
struct capture_writer *capture_writer_start(void);
/* Finish all captures (those still open get an end record at their last time), call their `done`, end the thread.  No
 * other call on this writer's captures may be under way. */
void capture_writer_stop(struct capture_writer *writer);

/* Begin a capture: allocates the ring; the file is created by the writer thread, exclusively (an existing file is an
 * error in the result).  `start_ns`: monotonic time zero of the capture; `start_epoch_ns`: the same moment in ns since
 * 1970.  `left`, `right`: descriptions for the file's header (UTF-8, cut at CAPTURE_TEXT_MAX).  From any thread.
 * NULL: errno (ENOMEM, ENAMETOOLONG, EMFILE at CAPTURES_MAX); `done` is then not called. */
struct capture *capture_begin(
    struct capture_writer *writer, const char *path, int64_t start_ns, int64_t start_epoch_ns, const char *left,
    const char *right, capture_failed failed, capture_done done, void *context);

/* The following are the media thread's, all wait-free.  `time_ns`: monotonic, same clock as `start_ns`; arrival time for
 * received packets. */

/* One RTP payload.  `timestamp`: RTP.  Dropped and counted when the ring is full or while paused it is skipped. */
void capture_audio(
    struct capture *capture, enum capture_side side, enum codec codec, int64_t time_ns, uint32_t timestamp,
    const uint8_t *payload, size_t length);
void capture_pause(struct capture *capture, int64_t time_ns);
void capture_resume(struct capture *capture, int64_t time_ns);
/* The last call: the handle is dead afterwards; `done` follows. */
void capture_finish(struct capture *capture, int64_t time_ns);

#endif
