#include "voice.h"

#include <stdlib.h>

#include "g711.h"

enum {
    STEP = 4,          /* each fourth sample: speech has its power below 1 kHz */
    SAMPLES_MAX = 256,
    MEAN_MIN = 56,     /* of absolute values: a tone of -50 dBm0 has 45, a room's noise less */
    DTX_OCTETS = 3,    /* a packet of so few octets says that nothing is said (RFC 6716 2.1.9) */
    SILK_CONFIGS = 16, /* configurations below it begin with a SILK layer (table 2) */
    CELT_OCTETS = 12,  /* of 20 ms that are silent, at any rate but a constant one */
};

static bool g711_heard(enum codec codec, const uint8_t *payload, uint32_t len)
{
    uint8_t few[SAMPLES_MAX] = {0};
    int16_t pcm[SAMPLES_MAX];
    uint32_t count = 0, sum = 0;

    for (uint32_t i = 0; i < len && count < SAMPLES_MAX; i += STEP)
        few[count++] = payload[i];
    g711_decode(codec, pcm, few, count);
    for (uint32_t i = 0; i < count; i++)
        sum += (uint32_t)abs(pcm[i]);
    return count && sum > MEAN_MIN * count;
}

static bool opus_heard(const uint8_t *payload, uint32_t len)
{
    uint32_t config = payload[0] >> 3, frames = 1;

    if (len <= DTX_OCTETS)
        return false;
    if (config >= SILK_CONFIGS || (payload[0] & 3) != 0) /* of several frames the first octet is a count */
        return len > CELT_OCTETS;
    if (config < 12 && (config & 3) > 1) /* 40 and 60 ms: a flag for every 20 */
        frames = config & 3;
    return payload[1] >> (8 - frames) != 0; /* flags of even chance are the range coder's first bits as they are */
}

bool zm_voice_heard(enum codec codec, const uint8_t *payload, uint32_t len)
{
    if (len == 0)
        return false;
    switch (codec) {
    case CODEC_PCMA:
    case CODEC_PCMU:
        return g711_heard(codec, payload, len);
    case CODEC_OPUS:
        return opus_heard(payload, len);
    default:
        return true; /* not known: no reason for an alarm */
    }
}
