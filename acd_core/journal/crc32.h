#ifndef ACD_CRC32_H
#define ACD_CRC32_H

/* The CRC-32 of zlib (ISO-HDLC: polynomial 0x04C11DB7 reflected, begun and ended with all ones).
 *
 * Eight bytes a step by tables.  Where the processor multiplies without carry, 64 bytes a step: a message is folded
 * onto its next 512 bits by x^544 and x^480 mod P (Gopal et al., "Fast CRC Computation for Generic Polynomials Using
 * PCLMULQDQ Instruction", Intel 2009), and the last 16 bytes that this leaves go the way of the tables. */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ACD_CRC32_REFLECTED 0xEDB88320u

static uint32_t acd_crc32_tables[8][256];
static int acd_crc32_folds;

static uint32_t acd_crc32_by_tables(uint32_t crc, const uint8_t *data, size_t length)
{
    const uint32_t (*tables)[256] = (const uint32_t (*)[256])acd_crc32_tables;
    for (; length >= 8; data += 8, length -= 8) {
        uint64_t next;
        memcpy(&next, data, sizeof next);
        next = le64toh(next) ^ crc;
        crc = tables[7][next & 255] ^ tables[6][next >> 8 & 255] ^ tables[5][next >> 16 & 255] ^
              tables[4][next >> 24 & 255] ^ tables[3][next >> 32 & 255] ^ tables[2][next >> 40 & 255] ^
              tables[1][next >> 48 & 255] ^ tables[0][next >> 56];
    }
    if (length >= 4) {
        uint32_t next;
        memcpy(&next, data, sizeof next);
        next = le32toh(next) ^ crc;
        crc = tables[3][next & 255] ^ tables[2][next >> 8 & 255] ^ tables[1][next >> 16 & 255] ^ tables[0][next >> 24];
        data += 4;
        length -= 4;
    }
    while (length--)
        crc = crc >> 8 ^ tables[0][(crc ^ *data++) & 255];
    return crc;
}

#ifdef __x86_64__
#include <immintrin.h>

#define ACD_CRC32_FOLD __attribute__((target("pclmul,sse4.1")))

/* By `by`: its low half for the low half of `sum`, its high half for the high one. */
ACD_CRC32_FOLD static inline __m128i acd_crc32_fold(__m128i sum, __m128i by, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(sum, by, 0x00);
    __m128i high = _mm_clmulepi64_si128(sum, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* At least 64 bytes. */
ACD_CRC32_FOLD static uint32_t acd_crc32_by_folding(uint32_t crc, const uint8_t *data, size_t length)
{
    const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
    const __m128i by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    const __m128i *next = (const __m128i *)data;
    __m128i sums[4];
    uint8_t rest[16];
    for (int lane = 0; lane < 4; lane++)
        sums[lane] = _mm_loadu_si128(next++);
    sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi32_si128((int)crc));
    for (length -= 64; length >= 64; length -= 64)
        for (int lane = 0; lane < 4; lane++)
            sums[lane] = acd_crc32_fold(sums[lane], by_512, _mm_loadu_si128(next++));
    for (int lane = 1; lane < 4; lane++)
        sums[0] = acd_crc32_fold(sums[0], by_128, sums[lane]);
    for (; length >= 16; length -= 16)
        sums[0] = acd_crc32_fold(sums[0], by_128, _mm_loadu_si128(next++));
    _mm_storeu_si128((__m128i *)rest, sums[0]);
    return acd_crc32_by_tables(acd_crc32_by_tables(0, rest, sizeof rest), (const uint8_t *)next, length);
}
#endif

/* Before anything else here. */
static void acd_crc32_prepare(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? ACD_CRC32_REFLECTED : 0);
        acd_crc32_tables[0][byte] = crc;
    }
    for (int table = 1; table < 8; table++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = acd_crc32_tables[table - 1][byte];
            acd_crc32_tables[table][byte] = crc >> 8 ^ acd_crc32_tables[0][crc & 255];
        }
#ifdef __x86_64__
    acd_crc32_folds = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#endif
}

/* As zlib's crc32: goes on from `check`, 0 at the beginning. */
static uint32_t acd_crc32(uint32_t check, const uint8_t *data, size_t length)
{
#ifdef __x86_64__
    if (acd_crc32_folds && length >= 64)
        return ~acd_crc32_by_folding(~check, data, length);
#endif
    return ~acd_crc32_by_tables(~check, data, length);
}

#endif
