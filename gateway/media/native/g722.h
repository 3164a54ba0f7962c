/* G.722 at 64 kbit/s (ITU-T G.722) by spandsp: one octet is two samples at 16 kHz, or one at 8 kHz of the lower band alone,
 * which is what a narrowband peer can hear.
 *
 * init allocates, free frees; nothing else does. */
#ifndef ZENTRALE_G722_H
#define ZENTRALE_G722_H

#include <stddef.h>
#include <stdint.h>

struct g722_codec {
    void *decoder;
    void *encoder;
    uint32_t rate;
};

/* `rate`: 8000 or 16000.  Return 0, or -1 when out of memory or the rate is another. */
int g722_decode_open(struct g722_codec *codec, uint32_t rate);
int g722_encode_open(struct g722_codec *codec, uint32_t rate);
void g722_close(struct g722_codec *codec);
/* Forget the past, for a new stream. */
void g722_decode_restart(struct g722_codec *codec);
/* Returns samples written: `octets` times rate / 8000. */
size_t g722_decode_octets(struct g722_codec *codec, const uint8_t *payload, size_t octets, int16_t *pcm);
/* `samples` is even at 16 kHz.  Returns octets written: samples times 8000 / rate. */
size_t g722_encode_samples(struct g722_codec *codec, const int16_t *pcm, size_t samples, uint8_t *payload);

#endif
