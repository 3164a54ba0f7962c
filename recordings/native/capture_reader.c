#include "capture_reader.h"

#include <errno.h>
#include <string.h>

#define HEADER_FIXED 26
#define RECORD_FIXED 20
#define CRC_SIZE 4

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

static int64_t get64(const uint8_t *at)
{
    return (int64_t)((uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32);
}

static bool sound_crc(const struct capture_reader *reader, const uint8_t *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size - CRC_SIZE; i++)
        crc = crc >> 8 ^ reader->crc_table[(crc ^ data[i]) & 0xFF];
    return get32(data + size - CRC_SIZE) == (uint32_t)~crc;
}

int capture_reader_open(struct capture_reader *reader, FILE *file)
{
    uint8_t *header = reader->buffer;

    memset(reader, 0, sizeof *reader);
    reader->file = file;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
        reader->crc_table[i] = value;
    }
    if (fread(header, 1, HEADER_FIXED, file) != HEADER_FIXED || memcmp(header, "ZCAPTURE", 8) != 0 ||
        get16(header + 8) != 1)
        return -1;
    size_t size = get16(header + 10);
    size_t left = header[24], right = header[25];
    if (size != HEADER_FIXED + left + right + CRC_SIZE)
        return -1;
    size_t rest = size - HEADER_FIXED;
    if (fread(header + HEADER_FIXED, 1, rest, file) != rest || !sound_crc(reader, header, size))
        return -1;
    reader->start_epoch_ns = get64(header + 16);
    memcpy(reader->text[0], header + HEADER_FIXED, left);
    memcpy(reader->text[1], header + HEADER_FIXED + left, right);
    return 0;
}

static enum read_result cut_off(const struct capture_reader *reader)
{
    return ferror(reader->file) ? READ_FAILED : READ_TORN;
}

enum read_result capture_reader_next(struct capture_reader *reader, struct record *record)
{
    uint8_t *data = reader->buffer;

    if (reader->ended)
        return READ_FINISHED;
    if (fread(data, 1, 2, reader->file) != 2)
        return cut_off(reader);
    size_t size = get16(data);
    if (size < RECORD_SIZE_MIN || size > RECORD_SIZE_MAX)
        return READ_TORN;
    if (fread(data + 2, 1, size - 2, reader->file) != size - 2)
        return cut_off(reader);
    record->type = data[2];
    record->side = data[3];
    record->codec = data[4];
    record->time_ns = get64(data + 8);
    record->number = get32(data + 16);
    record->payload = data + RECORD_FIXED;
    record->length = size - RECORD_SIZE_MIN;
    if (!sound_crc(reader, data, size) || record->side > 1 || record->time_ns < 0)
        return READ_TORN;
    reader->ended = record->type == RECORD_END;
    return READ_RECORD;
}
