#include "g722.h"

/* Not <spandsp.h>: it wants the headers of libtiff for its fax. */
#include <spandsp/telephony.h>

#include <spandsp/g722.h>

#define BIT_RATE 64000

static int options(uint32_t rate)
{
    return rate == 8000 ? G722_SAMPLE_RATE_8000 : 0;
}

int g722_decode_open(struct g722_codec *codec, uint32_t rate)
{
    codec->rate = rate;
    codec->decoder = rate == 8000 || rate == 16000 ? g722_decode_init(NULL, BIT_RATE, options(rate)) : NULL;
    return codec->decoder ? 0 : -1;
}

int g722_encode_open(struct g722_codec *codec, uint32_t rate)
{
    codec->rate = rate;
    codec->encoder = rate == 8000 || rate == 16000 ? g722_encode_init(NULL, BIT_RATE, options(rate)) : NULL;
    return codec->encoder ? 0 : -1;
}

void g722_close(struct g722_codec *codec)
{
    if (codec->decoder)
        g722_decode_free(codec->decoder);
    if (codec->encoder)
        g722_encode_free(codec->encoder);
    codec->decoder = codec->encoder = NULL;
}

void g722_decode_restart(struct g722_codec *codec)
{
    g722_decode_init(codec->decoder, BIT_RATE, options(codec->rate));
}

size_t g722_decode_octets(struct g722_codec *codec, const uint8_t *payload, size_t octets, int16_t *pcm)
{
    return (size_t)g722_decode(codec->decoder, pcm, payload, (int)octets);
}

size_t g722_encode_samples(struct g722_codec *codec, const int16_t *pcm, size_t samples, uint8_t *payload)
{
    return (size_t)g722_encode(codec->encoder, payload, pcm, (int)samples);
}
