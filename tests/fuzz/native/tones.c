/* DTMF in the packets of a leg: payloads made of the input, among them tones, through the filter in all its modes.  What it
 * lets go is readable and not more than it says; where tones must reach nobody none of one that is told of passes. */
#include "../../../gateway/media/native/dtmf_filter.h"
#include "../../../gateway/media/native/encoder.h"
#include "../../../gateway/media/native/g711.h"
#include "input.h"

static const char digits[] = "0123456789*#ABCD";

/* Returns octets: as many as samples, of G.722 and Opus those of 20 ms. */
static size_t encode(enum codec codec, struct encoder *encoder, uint8_t *payload, const int16_t *pcm, size_t samples)
{
    struct encoded packet;

    if (codec == CODEC_PCMA) {
        g711_pcma_encode(payload, pcm, samples);
        return samples;
    }
    if (codec == CODEC_PCMU) {
        g711_pcmu_encode(payload, pcm, samples);
        return samples;
    }
    must(encoder_put(encoder, pcm) && encoder_take(encoder, &packet), "20 ms are a packet");
    memcpy(payload, packet.payload, packet.length);
    return packet.length;
}

static void look_at(const zm_rtp *out, int count)
{
    must(count >= 0 && count <= DTMF_FILTER_OUT_MAX, "no more than it holds");
    for (int i = 0; i < count; i++) {
        must(out[i].payload_len <= DTMF_FILTER_PAYLOAD_MAX, "no longer than it takes");
        for (uint32_t at = 0; at < out[i].payload_len; at++)
            must(out[i].payload[at] <= 0xff, "readable to its end");
        must(i == 0 || out[i].sequence == (uint16_t)(out[i - 1].sequence + 1), "in order, and none twice");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct dtmf_filter *filter = malloc(sizeof *filter);
    struct dtmf_generator generator;
    static const enum codec codecs[] = {CODEC_PCMU, CODEC_PCMA, CODEC_G722, CODEC_OPUS};
    enum codec codec = codecs[take8(&input) & 3];
    struct encoding how = {.opus_bitrate = 24000, .opus_complexity = 0};
    struct encoder *encoder = encoder_new(codec, 8000, FRAME_MS, &how);
    zm_rtp rtp = {.sequence = take16(&input)};

    must(filter != NULL && encoder != NULL, "memory");
    must(dtmf_filter_open(filter, codec, (enum dtmf_filter_mode)(take8(&input) % 3)), "memory");
    must(dtmf_generator_start(&generator, '5') && !dtmf_generator_start(&generator, 'x'), "digits");
    while (input.left) {
        struct dtmf_digit ended[DTMF_TONES_PER_CALL];
        zm_rtp out[DTMF_FILTER_OUT_MAX];
        uint8_t what = take8(&input);
        size_t length = what & 0x40 ? take16(&input) % 1500 : 160, taken = length;
        uint8_t *payload;
        int count = 0;

        if ((what & 0x8f) == 0x8f) {
            look_at(out, dtmf_filter_set_mode(filter, (enum dtmf_filter_mode)(take8(&input) % 3), out));
            continue;
        }
        if (what & 0x20)
            (void)dtmf_generator_start(&generator, digits[take8(&input) & 15]);
        if (what & 0x10) { /* sound of the input's */
            payload = take_copy(&input, &taken, 0);
            length = taken;
        } else {
            int16_t pcm[1500];
            payload = malloc(OPUS_PACKET_MAX);
            must(payload != NULL, "memory");
            dtmf_generate(&generator, pcm, sizeof pcm / sizeof *pcm);
            if (what & 0x80) /* a pause instead */
                memset(pcm, 0, sizeof pcm);
            length = encode(codec, encoder, payload, pcm, length);
        }
        rtp.sequence++;
        rtp.payload = payload;
        rtp.payload_len = (uint32_t)length;
        look_at(out, dtmf_filter_put(filter, &rtp, out, ended, &count));
        must(count >= 0 && count <= DTMF_TONES_PER_CALL, "so many digits at once");
        for (int i = 0; i < count; i++)
            must(strchr(digits, ended[i].digit) != NULL && ended[i].duration_ms > 0, "a digit");
        free(payload);
    }
    dtmf_filter_close(filter);
    free(filter);
    encoder_free(encoder);
    return 0;
}
