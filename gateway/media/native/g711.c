#include "g711.h"

#include "g711_tables.h"

void g711_pcmu_decode(int16_t *pcm, const uint8_t *octets, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        pcm[i] = PCMU_VALUES[octets[i]];
}

void g711_pcma_decode(int16_t *pcm, const uint8_t *octets, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        pcm[i] = PCMA_VALUES[octets[i]];
}

/* Negative values by one's complement, as the ITU's own software library (G.191) does: the steps are then the same
 * on both sides of zero. */
static inline unsigned magnitude(int16_t value)
{
    return (unsigned)(value < 0 ? ~value : value);
}

void g711_pcmu_encode(uint8_t *octets, const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        unsigned size = (magnitude(pcm[i]) >> 2) + 33; /* 14 bits and the bias that makes segments powers of two */
        if (size > 0x1FFF)
            size = 0x1FFF;
        unsigned segment = 26u - (unsigned)__builtin_clz(size); /* 33..63 -> 0, 64..127 -> 1, ... */
        unsigned octet = segment << 4 | ((size >> (segment + 1)) & 15) | (pcm[i] < 0 ? 0x80u : 0);
        octets[i] = (uint8_t)~octet;
    }
}

void g711_pcma_encode(uint8_t *octets, const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        unsigned size = magnitude(pcm[i]) >> 4; /* 12 bits less the sign */
        unsigned segment = size < 32 ? size >> 4 : 28u - (unsigned)__builtin_clz(size);
        unsigned step = segment < 2 ? size & 15 : (size >> (segment - 1)) & 15;
        unsigned octet = segment << 4 | step | (pcm[i] < 0 ? 0 : 0x80u);
        octets[i] = (uint8_t)(octet ^ 0x55);
    }
}

void g711_pcmu_to_pcma(uint8_t *to, const uint8_t *from, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        to[i] = PCMU_AS_PCMA[from[i]];
}

void g711_pcma_to_pcmu(uint8_t *to, const uint8_t *from, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        to[i] = PCMA_AS_PCMU[from[i]];
}
