/* What a fuzz target reads its input with.  Each piece handed to the code under test is a copy on the heap and no octet
 * longer than it says, so that AddressSanitizer sees a read behind its end. */
#ifndef ZENTRALE_FUZZ_INPUT_H
#define ZENTRALE_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

/* Holds whatever NDEBUG says. */
static inline void must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* Zeros behind the end. */
static inline uint8_t take8(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline uint16_t take16(struct input *input)
{
    uint16_t high = take8(input);

    return (uint16_t)(high << 8 | take8(input));
}

static inline uint32_t take32(struct input *input)
{
    uint32_t high = take16(input);

    return high << 16 | take16(input);
}

/* `room` octets more than `length` follow, zeros; free() it. */
static inline uint8_t *take_copy(struct input *input, size_t *length, size_t room)
{
    if (*length > input->left)
        *length = input->left;
    uint8_t *copy = calloc(1, *length + room ? *length + room : 1);
    must(copy != NULL, "memory");
    if (*length)
        memcpy(copy, input->at, *length);
    input->at += *length;
    input->left -= *length;
    return copy;
}

#endif
