/* The jitter buffer with each codec: packets made of the input, in any order and at any time, and a tick now and then. */
#include "../../../gateway/media/native/jitter.h"
#include "input.h"

static const struct {
    enum codec codec;
    uint32_t rate;
} ways[] = {
    {CODEC_PCMU, 8000}, {CODEC_PCMA, 8000}, {CODEC_G722, 16000}, {CODEC_G722, 8000},
    {CODEC_OPUS, 48000}, {CODEC_OPUS, 8000}, {CODEC_OPUS, 16000},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t way = take8(&input) % (sizeof ways / sizeof *ways);
    struct jitter *jitter = jitter_new(ways[way].codec, ways[way].rate);
    struct jitter_packet packet = {.ssrc = 1, .timestamp = take32(&input), .sequence = take16(&input)};
    struct jitter_statistics statistics;
    int16_t *pcm = malloc(ways[way].rate / 50 * sizeof *pcm); /* just a frame */
    int64_t now_ns = 1000000000;
    unsigned turns = 0;

    must(jitter && pcm, "memory");
    while (input.left && turns++ < 400) {
        uint8_t what = take8(&input);
        size_t length = what & 0x80 ? take8(&input) * 8u : take8(&input) & 63;
        uint8_t *payload;

        packet.sequence += what & 1 ? (uint16_t)(int8_t)take8(&input) : 1;
        if (what & 2)
            packet.timestamp = take32(&input);
        else
            packet.timestamp += codec_frame_ticks(ways[way].codec) * (what & 1 ? (uint32_t)(int8_t)take8(&input) : 1u);
        if ((what & 0x0c) == 0x0c)
            packet.ssrc = take8(&input);
        payload = take_copy(&input, &length, 0);
        packet.payload = payload;
        packet.length = (uint16_t)length;
        now_ns += what & 0x10 ? (int64_t)take8(&input) * 4000000 : 20000000;
        if ((what & 0x60) == 0x60)
            jitter_follow(jitter, &packet, now_ns);
        else if (what & 0x20)
            (void)jitter_put_noise(jitter, &packet, now_ns);
        else
            (void)jitter_put(jitter, &packet, now_ns);
        free(payload);
        if (what & 0x40)
            (void)jitter_get(jitter, pcm, now_ns);
        if (what == 0xff)
            jitter_reset(jitter);
        jitter_read_statistics(jitter, &statistics);
        must(statistics.target_ms >= JITTER_TARGET_MIN_MS && statistics.target_ms <= JITTER_TARGET_MAX_MS, "target");
    }
    free(pcm);
    jitter_free(jitter);
    return 0;
}
