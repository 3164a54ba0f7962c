/* Capture files: read, and finished to Ogg Opus.  The input is records; their sizes and checksums are put right, because
 * else hardly any input would get past them.  Its first octet says whether this is done. */
#include <sys/mman.h>
#include <unistd.h>

#include "../../../recordings/native/capture_reader.h"
#include "../../../recordings/native/finish.h"
#include "input.h"

static const uint8_t tags[] = "OpusTags\1\0\0\0z\0\0\0\0";

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void append(int file, uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size - 4; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    put32(data + size - 4, ~crc);
    must(write(file, data, size) == (ssize_t)size, "a file");
}

static void make(int file, struct input *input)
{
    uint8_t record[RECORD_SIZE_MAX] = "ZCAPTURE\1\0\x1e";
    uint64_t time_ns = 0;

    append(file, record, 30);
    for (unsigned turns = 0; input->left && turns < 200; turns++) {
        uint8_t what = take8(input);
        size_t length = what & 0x80 ? take8(input) * 4u : take8(input) & 31;
        uint8_t *payload = take_copy(input, &length, 0);
        memset(record, 0, 20);
        record[0] = (uint8_t)(length + RECORD_SIZE_MIN);
        record[1] = (uint8_t)((length + RECORD_SIZE_MIN) >> 8);
        record[2] = what & 0x40 ? take8(input) : RECORD_AUDIO;
        record[3] = what & 1;
        record[4] = what >> 1 & 7;
        time_ns = what & 0x20 ? (uint64_t)take32(input) << 31 | take32(input) : time_ns + 20000000;
        put32(record + 8, (uint32_t)time_ns);
        put32(record + 12, (uint32_t)(time_ns >> 32));
        put32(record + 16, what & 0x10 ? take32(input) : turns * 160);
        if (length)
            memcpy(record + 20, payload, length);
        free(payload);
        append(file, record, length + RECORD_SIZE_MIN);
    }
}

/* Hours of silence cost time and find nothing: captures with a time beyond a minute are only read, unless it is refused. */
static bool is_short(int file)
{
    struct capture_reader *reader = malloc(sizeof *reader);
    FILE *stream = fdopen(dup(file), "rb");
    struct record record;
    bool found = true;

    must(reader && stream, "memory");
    if (capture_reader_open(reader, stream) == 0)
        while (capture_reader_next(reader, &record) == READ_RECORD)
            found &= record.time_ns < 60000000000 || record.time_ns > FINISH_DURATION_MAX_S * INT64_C(1000000000);
    fclose(stream);
    free(reader);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int capture = -1, target = -1;
    struct input input = {data, size};
    struct finish_result result;
    int64_t pauses[4][2], start;
    size_t count;
    char left[TEXT_MAX + 1], right[TEXT_MAX + 1];

    if (capture < 0) {
        capture = memfd_create("capture", 0);
        target = memfd_create("target", 0);
    }
    must(capture >= 0 && target >= 0 && ftruncate(capture, 0) == 0 && ftruncate(target, 0) == 0, "files");
    lseek(capture, 0, SEEK_SET);
    lseek(target, 0, SEEK_SET);
    if (take8(&input) & 1)
        must(write(capture, input.at, input.left) == (ssize_t)input.left, "a file");
    else
        make(capture, &input);
    lseek(capture, 0, SEEK_SET);
    if (is_short(capture)) {
        lseek(capture, 0, SEEK_SET);
        struct finish_request request = {capture, target, 24000, 0, tags, sizeof tags - 1};
        (void)finish_recording(&request, &result);
    }
    lseek(capture, 0, SEEK_SET);
    if (finish_read_pauses(capture, pauses, 4, &count) == FINISH_DONE)
        must(count <= 4, "at most so many pauses");
    lseek(capture, 0, SEEK_SET);
    (void)finish_read_header(capture, &start, left, right);
    return 0;
}
