/* Reads capture files (docs/reference/capture-format.md), torn ones up to the tear. */
#ifndef ZENTRALE_CAPTURE_READER_H
#define ZENTRALE_CAPTURE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RECORD_SIZE_MIN 24
#define RECORD_SIZE_MAX 1944
#define PAYLOAD_MAX (RECORD_SIZE_MAX - RECORD_SIZE_MIN)
#define TEXT_MAX 255

enum record_type {
    RECORD_AUDIO = 1,
    RECORD_PAUSE = 2,
    RECORD_RESUME = 3,
    RECORD_DROPPED = 4,
    RECORD_END = 5,
};

enum payload_codec {
    PAYLOAD_PCMU = 0,
    PAYLOAD_PCMA = 1,
    PAYLOAD_OPUS = 2,
    PAYLOAD_L16_8K = 3,
    PAYLOAD_L16_48K = 4,
    PAYLOAD_G722 = 5,
    PAYLOAD_CODECS = 6,
};

struct record {
    enum record_type type;
    unsigned side;
    enum payload_codec codec;
    int64_t time_ns;
    uint32_t number;
    size_t length;
    const uint8_t *payload; /* valid until the next read */
};

enum read_result {
    READ_RECORD,
    READ_FINISHED, /* the `end` record has been read */
    READ_TORN,     /* the file stops without one, or what follows is damaged */
    READ_FAILED,   /* errno */
};

struct capture_reader {
    FILE *file;
    bool ended;
    int64_t start_epoch_ns;
    char text[2][TEXT_MAX + 1];
    uint32_t crc_table[256];
    uint8_t buffer[RECORD_SIZE_MAX];
};

/* Read the header.  Takes `file` over only for reading; the caller closes it.  0, or -1: no capture or not version 1. */
int capture_reader_open(struct capture_reader *reader, FILE *file);
enum read_result capture_reader_next(struct capture_reader *reader, struct record *record);

#endif
