#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The layout is docs/reference/capture-format.md's. */
#define MAGIC "ZCAPTURE"
#define VERSION 1
#define HEADER_FIXED 26
#define RECORD_FIXED 20
#define CRC_SIZE 4
#define RECORD_EMPTY (RECORD_FIXED + CRC_SIZE)
/* Room in the batch beside a whole ring: notes of lost records and the end. */
#define BATCH_EXTRA (5 * RECORD_EMPTY)
#define BATCH_NS (150 * 1000000LL)

enum record_type {
    RECORD_AUDIO = 1,
    RECORD_PAUSE = 2,
    RECORD_RESUME = 3,
    RECORD_DROPPED = 4,
    RECORD_END = 5,
};

struct capture {
    /* Set once. */
    struct capture_writer *writer;
    int64_t start_ns;
    int64_t start_epoch_ns;
    capture_failed failed;
    capture_done done;
    void *context;
    char path[CAPTURE_PATH_MAX];
    char text[2][CAPTURE_TEXT_MAX + 1];

    /* The ring: the producer moves `head`, the writer `tail`; both only ever grow. */
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
    _Atomic bool finished;
    uint8_t ring[CAPTURE_RING_SIZE];

    /* The producer's. */
    bool paused;
    uint32_t lost[2];     /* since the last note of it in the ring */
    uint64_t lost_total;
    int64_t last_ns;      /* since start; the end's once finished */

    /* The writer's. */
    struct capture *next;
    int file;
    int error;
    uint64_t written; /* octets of whole records in the file */
    uint32_t unwritten[2]; /* lost to a full disk, not yet noted in the file */
    int64_t unwritten_ns;  /* when the last of them was */
    uint64_t unwritten_total;
};

struct capture_writer {
    pthread_t thread;
    pthread_mutex_t lock; /* guards `incoming`, `count` and `stopping`; never taken by a media thread's call */
    struct capture *incoming;
    unsigned count;
    bool stopping;
    int wake; /* eventfd */
    struct capture *captures; /* from here on the writer thread's own */
    uint32_t crc_table[256];
    uint8_t batch[CAPTURE_RING_SIZE + BATCH_EXTRA];
};

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value & 0xFFFF);
    put16(at + 2, value >> 16);
}

static void put64(uint8_t *at, uint64_t value)
{
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}

static int64_t get64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static void record_head(
    uint8_t *at, size_t size, enum record_type type, unsigned side, unsigned codec, int64_t time_ns, uint32_t number)
{
    put16(at, (unsigned)size);
    at[2] = (uint8_t)type;
    at[3] = (uint8_t)side;
    at[4] = (uint8_t)codec;
    at[5] = at[6] = at[7] = 0;
    put64(at + 8, (uint64_t)time_ns);
    put32(at + 16, number);
}

/* The media thread's half. */

static uint64_t ring_room(struct capture *capture)
{
    uint64_t tail = atomic_load_explicit(&capture->tail, memory_order_acquire);
    return CAPTURE_RING_SIZE - (atomic_load_explicit(&capture->head, memory_order_relaxed) - tail);
}

static void ring_copy_in(struct capture *capture, uint64_t at, const uint8_t *from, size_t size)
{
    size_t start = at % CAPTURE_RING_SIZE;
    size_t first = size < CAPTURE_RING_SIZE - start ? size : CAPTURE_RING_SIZE - start;
    memcpy(capture->ring + start, from, first);
    memcpy(capture->ring, from + first, size - first);
}

/* Put a record (its CRC is worked out by the writer).  False: no room. */
static bool ring_put(struct capture *capture, const uint8_t head[RECORD_FIXED], const uint8_t *payload, size_t length)
{
    static const uint8_t no_crc[CRC_SIZE] = {0};
    uint64_t at = atomic_load_explicit(&capture->head, memory_order_relaxed);

    if (ring_room(capture) < RECORD_EMPTY + length)
        return false;
    ring_copy_in(capture, at, head, RECORD_FIXED);
    if (length)
        ring_copy_in(capture, at + RECORD_FIXED, payload, length);
    ring_copy_in(capture, at + RECORD_FIXED + length, no_crc, CRC_SIZE);
    atomic_store_explicit(&capture->head, at + RECORD_EMPTY + length, memory_order_release);
    return true;
}

static int64_t advance(struct capture *capture, int64_t time_ns)
{
    int64_t since = time_ns - capture->start_ns;
    if (since < 0)
        since = 0;
    if (since > capture->last_ns)
        capture->last_ns = since;
    return since;
}

/* Say in the file what was lost before the next record goes in. */
static bool note_lost(struct capture *capture, int64_t since)
{
    uint8_t head[RECORD_FIXED];

    for (unsigned side = 0; side < 2; side++) {
        if (!capture->lost[side])
            continue;
        record_head(head, RECORD_EMPTY, RECORD_DROPPED, side, 0, since, capture->lost[side]);
        if (!ring_put(capture, head, NULL, 0))
            return false;
        capture->lost[side] = 0;
    }
    return true;
}

void capture_audio(
    struct capture *capture, enum capture_side side, enum codec codec, int64_t time_ns, uint32_t timestamp,
    const uint8_t *payload, size_t length)
{
    uint8_t head[RECORD_FIXED];
    int64_t since = advance(capture, time_ns);

    if (capture->paused || length == 0)
        return;
    record_head(head, RECORD_EMPTY + length, RECORD_AUDIO, side, codec, since, timestamp);
    if (length > CAPTURE_PAYLOAD_MAX || !note_lost(capture, since) || !ring_put(capture, head, payload, length)) {
        capture->lost[side]++;
        capture->lost_total++;
    }
}

static void mark(struct capture *capture, enum record_type type, int64_t time_ns)
{
    uint8_t head[RECORD_FIXED];
    record_head(head, RECORD_EMPTY, type, 0, 0, advance(capture, time_ns), 0);
    /* Only for people who read the file: a pause is silence whether its marks got in or not. */
    ring_put(capture, head, NULL, 0);
}

void capture_pause(struct capture *capture, int64_t time_ns)
{
    if (!capture->paused)
        mark(capture, RECORD_PAUSE, time_ns);
    capture->paused = true;
}

void capture_resume(struct capture *capture, int64_t time_ns)
{
    if (capture->paused)
        mark(capture, RECORD_RESUME, time_ns);
    capture->paused = false;
}

static void poke(int wake)
{
    uint64_t one = 1;
    ssize_t ignored = write(wake, &one, sizeof one); /* non-blocking; full means that it is awake anyway */
    (void)ignored;
}

void capture_finish(struct capture *capture, int64_t time_ns)
{
    int wake = capture->writer->wake;
    advance(capture, time_ns);
    /* From here on the writer may free it. */
    atomic_store_explicit(&capture->finished, true, memory_order_release);
    poke(wake);
}

/* The writer's half. */

static void make_crc_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0); /* CRC-32 of IEEE 802.3, as in zlib */
        table[i] = value;
    }
}

static void seal(const uint32_t table[256], uint8_t *record, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size - CRC_SIZE; i++)
        crc = crc >> 8 ^ table[(crc ^ record[i]) & 0xFF];
    put32(record + size - CRC_SIZE, ~crc);
}

static void fail(struct capture *capture, int error)
{
    if (capture->error)
        return;
    capture->error = error;
    if (capture->failed)
        capture->failed(capture->context, error);
}

static bool write_at_end(struct capture *capture, const uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t result = pwrite(capture->file, data + done, size - done, (off_t)(capture->written + done));
        if (result < 0 && errno == EINTR)
            continue;
        if (result <= 0) {
            fail(capture, result < 0 ? errno : EIO);
            return false; /* what did get in is overwritten by the next batch, or cut at the end */
        }
        done += (size_t)result;
    }
    capture->written += size;
    return true;
}

static void create_file(struct capture_writer *writer, struct capture *capture)
{
    uint8_t header[HEADER_FIXED + 2 * CAPTURE_TEXT_MAX + CRC_SIZE] = MAGIC;
    size_t left = strlen(capture->text[0]), right = strlen(capture->text[1]);
    size_t size = HEADER_FIXED + left + right + CRC_SIZE;

    capture->file = open(capture->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (capture->file < 0) {
        fail(capture, errno);
        return;
    }
    put16(header + 8, VERSION);
    put16(header + 10, (unsigned)size);
    put64(header + 16, (uint64_t)capture->start_epoch_ns);
    header[24] = (uint8_t)left;
    header[25] = (uint8_t)right;
    memcpy(header + HEADER_FIXED, capture->text[0], left);
    memcpy(header + HEADER_FIXED + left, capture->text[1], right);
    seal(writer->crc_table, header, size);
    if (!write_at_end(capture, header, size)) {
        close(capture->file); /* without its header the file is worth nothing */
        unlink(capture->path);
        capture->file = -1;
    }
}

static uint8_t *append(
    struct capture_writer *writer, uint8_t *at, enum record_type type, unsigned side, int64_t time_ns, uint32_t number)
{
    record_head(at, RECORD_EMPTY, type, side, 0, time_ns, number);
    seal(writer->crc_table, at, RECORD_EMPTY);
    return at + RECORD_EMPTY;
}

/* Write what the ring holds, and the end when it is finished.  All records of a batch are written or none. */
static void drain(struct capture_writer *writer, struct capture *capture, bool finished)
{
    uint8_t *at = writer->batch;
    uint32_t audio[2] = {0, 0};
    int64_t last_ns = capture->unwritten_ns;
    uint64_t tail = atomic_load_explicit(&capture->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&capture->head, memory_order_acquire);
    size_t size = (size_t)(head - tail);

    if (size == 0 && !finished)
        return;
    for (unsigned side = 0; side < 2; side++)
        if (capture->unwritten[side])
            at = append(writer, at, RECORD_DROPPED, side, capture->unwritten_ns, capture->unwritten[side]);
    uint8_t *record = at;
    size_t start = tail % CAPTURE_RING_SIZE;
    size_t first = size < CAPTURE_RING_SIZE - start ? size : CAPTURE_RING_SIZE - start;
    memcpy(at, capture->ring + start, first);
    memcpy(at + first, capture->ring, size - first);
    atomic_store_explicit(&capture->tail, head, memory_order_release);
    for (at += size; record < at;) {
        size_t length = (size_t)record[0] | (size_t)record[1] << 8;
        seal(writer->crc_table, record, length);
        audio[record[3] & 1] += record[2] == RECORD_AUDIO;
        last_ns = get64(record + 8);
        record += length;
    }
    if (finished) {
        for (unsigned side = 0; side < 2; side++)
            if (capture->lost[side])
                at = append(writer, at, RECORD_DROPPED, side, capture->last_ns, capture->lost[side]);
        at = append(writer, at, RECORD_END, 0, capture->last_ns, 0);
    }
    if (capture->file >= 0 && write_at_end(capture, writer->batch, (size_t)(at - writer->batch))) {
        capture->unwritten[0] = capture->unwritten[1] = 0;
        return;
    }
    capture->unwritten_ns = last_ns;
    for (unsigned side = 0; side < 2; side++) {
        capture->unwritten[side] += audio[side];
        capture->unwritten_total += audio[side];
    }
}

static void complete(struct capture_writer *writer, struct capture *capture)
{
    if (capture->file >= 0) {
        if (capture->error && ftruncate(capture->file, (off_t)capture->written) != 0) {
            /* The torn record stays; a reader cuts it by its CRC. */
        }
        if (close(capture->file) != 0 && !capture->error)
            capture->error = errno;
    }
    struct capture_result result = {
        .duration_ns = capture->last_ns,
        .records_dropped = capture->lost_total + capture->unwritten_total,
        .error = capture->error,
    };
    pthread_mutex_lock(&writer->lock);
    writer->count--;
    pthread_mutex_unlock(&writer->lock);
    capture->done(capture->context, &result);
    free(capture);
}

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Take over new captures.  True: the writer is to stop. */
static bool take_incoming(struct capture_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    struct capture *incoming = writer->incoming;
    bool stopping = writer->stopping;
    writer->incoming = NULL;
    pthread_mutex_unlock(&writer->lock);
    while (incoming) {
        struct capture *capture = incoming;
        incoming = capture->next;
        create_file(writer, capture);
        capture->next = writer->captures;
        writer->captures = capture;
    }
    return stopping;
}

static void *run(void *argument)
{
    struct capture_writer *writer = argument;
    struct pollfd waited = {.fd = writer->wake, .events = POLLIN};
    int64_t next_ns = monotonic_ns() + BATCH_NS;
    bool stopping = false;

    while (!stopping) {
        int64_t left_ns = next_ns - monotonic_ns();
        if (left_ns > 0 && poll(&waited, 1, (int)(left_ns / 1000000) + 1) > 0) {
            uint64_t count;
            ssize_t ignored = read(writer->wake, &count, sizeof count);
            (void)ignored;
        }
        stopping = take_incoming(writer);
        bool due = stopping || monotonic_ns() >= next_ns;
        if (due)
            next_ns = monotonic_ns() + BATCH_NS;
        for (struct capture **link = &writer->captures; *link;) {
            struct capture *capture = *link;
            /* Read before the ring: all that was put in before the end is then seen. */
            bool finished = atomic_load_explicit(&capture->finished, memory_order_acquire) || stopping;
            if (due || finished)
                drain(writer, capture, finished);
            if (finished) {
                *link = capture->next;
                complete(writer, capture);
            } else {
                link = &capture->next;
            }
        }
    }
    return NULL;
}

struct capture_writer *capture_writer_start(void)
{
    struct capture_writer *writer = calloc(1, sizeof *writer);

    if (!writer)
        return NULL;
    make_crc_table(writer->crc_table);
    writer->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer->wake < 0) {
        free(writer);
        return NULL;
    }
    pthread_mutex_init(&writer->lock, NULL);
    int error = pthread_create(&writer->thread, NULL, run, writer);
    if (error) {
        pthread_mutex_destroy(&writer->lock);
        close(writer->wake);
        free(writer);
        errno = error;
        return NULL;
    }
    pthread_setname_np(writer->thread, "capture");
    return writer;
}

void capture_writer_stop(struct capture_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_mutex_unlock(&writer->lock);
    poke(writer->wake);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->lock);
    close(writer->wake);
    free(writer);
}

/* Copy at most CAPTURE_TEXT_MAX octets, whole UTF-8 characters only. */
static void copy_text(char to[CAPTURE_TEXT_MAX + 1], const char *text)
{
    size_t length = strlen(text);
    if (length > CAPTURE_TEXT_MAX) {
        length = CAPTURE_TEXT_MAX;
        while (length > 0 && ((uint8_t)text[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(to, text, length);
    to[length] = 0;
}

struct capture *capture_begin(
    struct capture_writer *writer, const char *path, int64_t start_ns, int64_t start_epoch_ns, const char *left,
    const char *right, capture_failed failed, capture_done done, void *context)
{
    if (strlen(path) >= CAPTURE_PATH_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    struct capture *capture = aligned_alloc(64, (sizeof *capture + 63) / 64 * 64);
    if (!capture) {
        errno = ENOMEM;
        return NULL;
    }
    memset(capture, 0, sizeof *capture);
    capture->writer = writer;
    capture->start_ns = start_ns;
    capture->start_epoch_ns = start_epoch_ns;
    capture->failed = failed;
    capture->done = done;
    capture->context = context;
    capture->file = -1;
    strcpy(capture->path, path);
    copy_text(capture->text[0], left);
    copy_text(capture->text[1], right);
    pthread_mutex_lock(&writer->lock);
    bool accepted = writer->count < CAPTURES_MAX && !writer->stopping;
    if (accepted) {
        writer->count++;
        capture->next = writer->incoming;
        writer->incoming = capture;
    }
    pthread_mutex_unlock(&writer->lock);
    if (!accepted) {
        free(capture);
        errno = EMFILE;
        return NULL;
    }
    return capture;
}
