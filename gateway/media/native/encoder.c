#include "encoder.h"

#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "g722.h"
#include "opus_codec.h"

/* Octets of 20 ms at 64 kbit/s. */
#define FRAME_OCTETS 160
/* Less than a packet waits, and a frame comes in. */
#define OCTETS_MAX (8 * PACKET_MS_MAX + FRAME_OCTETS)
#define SAMPLES_MAX (48 * PACKET_MS_MAX)
#define PACKETS_MAX 2 /* per put: two of 10 ms */
/* Silence that libopus tells by so little need not be sent; the first such packet is, so that the far jitter buffer knows. */
#define QUIET_MAX 2

struct encoder {
    enum codec codec;
    uint32_t rate;
    uint32_t packet_ticks;
    unsigned packet_ms; /* as asked for */
    struct encoding how;
    int loss_percent;
    struct opus_encode_state opus;
    struct g722_codec g722;

    /* One octet per tick: those that wait. */
    uint8_t octets[OCTETS_MAX];
    uint32_t octets_count;
    uint32_t octets_taken; /* handed out; they go at the next put */

    /* Opus: samples that wait, and packets made of them. */
    int16_t pcm[SAMPLES_MAX];
    size_t pcm_count, packet_samples;
    bool quiet; /* the last packet told silence: the next ones like it are not sent */
    uint8_t packets[PACKETS_MAX][OPUS_PACKET_MAX];
    uint32_t lengths[PACKETS_MAX];
    unsigned packets_count, packets_taken;
};

static bool open_opus(struct encoder *encoder, const struct encoding *how)
{
    uint32_t bitrate = how->opus_bitrate ? how->opus_bitrate : opus_bitrate_for(encoder->rate);

    if (how->opus_bitrate_max && how->opus_bitrate_max < bitrate)
        bitrate = how->opus_bitrate_max;
    if (opus_encode_init(&encoder->opus, encoder->rate, bitrate, how->opus_complexity) < 0)
        return false;
    opus_encode_set_dtx(&encoder->opus, how->opus_dtx);
    if (how->opus_playback_rate)
        opus_encode_set_playback_rate(&encoder->opus, how->opus_playback_rate);
    return true;
}

struct encoder *encoder_new(enum codec codec, uint32_t rate, unsigned packet_ms, const struct encoding *how)
{
    bool opus = codec == CODEC_OPUS, fits = packet_ms >= PACKET_MS_MIN && packet_ms <= PACKET_MS_MAX;

    if (!(opus || codec_is_octets(codec)) || !codec_has_rate(codec, rate))
        return NULL;
    unsigned asked_ms = packet_ms;
    if (!fits || packet_ms % 10 || (opus && packet_ms % 20 && packet_ms != 10))
        packet_ms = FRAME_MS;
    struct encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return NULL;
    encoder->codec = codec;
    encoder->rate = rate;
    encoder->packet_ticks = codec_clock_rate(codec) / 1000 * packet_ms;
    encoder->packet_samples = rate / 1000 * packet_ms;
    encoder->packet_ms = asked_ms;
    encoder->how = *how;
    if ((opus && !open_opus(encoder, how)) || (codec == CODEC_G722 && g722_encode_open(&encoder->g722, rate) < 0)) {
        encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

void encoder_free(struct encoder *encoder)
{
    if (!encoder)
        return;
    opus_encode_free(&encoder->opus);
    g722_close(&encoder->g722);
    free(encoder);
}

void encoder_set_loss(struct encoder *encoder, int percent)
{
    /* Reports are some seconds apart, and loss comes in clusters: it is believed at once and forgotten slowly. */
    int remembered = encoder->loss_percent * 3 / 4;

    if (percent < remembered)
        percent = remembered;
    if (encoder->codec != CODEC_OPUS || !encoder->how.opus_fec || percent == encoder->loss_percent)
        return;
    encoder->loss_percent = percent;
    opus_encode_set_loss(&encoder->opus, percent);
}

bool encoder_fits(
    const struct encoder *encoder, enum codec codec, uint32_t rate, unsigned packet_ms, const struct encoding *how)
{
    const struct encoding *own = &encoder->how;

    if (encoder->codec != codec || encoder->rate != rate || encoder->packet_ms != packet_ms)
        return false;
    return codec != CODEC_OPUS ||
           (own->opus_bitrate == how->opus_bitrate && own->opus_bitrate_max == how->opus_bitrate_max &&
            own->opus_complexity == how->opus_complexity && own->opus_fec == how->opus_fec && own->opus_dtx == how->opus_dtx &&
            own->opus_playback_rate == how->opus_playback_rate);
}

static bool put_octets(struct encoder *encoder, const int16_t *pcm)
{
    uint8_t *to;

    encoder->octets_count -= encoder->octets_taken;
    if (encoder->octets_count > 0)
        memmove(encoder->octets, encoder->octets + encoder->octets_taken, encoder->octets_count);
    encoder->octets_taken = 0;
    if (encoder->octets_count + FRAME_OCTETS > OCTETS_MAX) /* nobody takes them */
        encoder->octets_count = 0;
    to = encoder->octets + encoder->octets_count;
    if (encoder->codec == CODEC_G722)
        g722_encode_samples(&encoder->g722, pcm, encoder->rate / 50, to);
    else
        g711_encode(encoder->codec, to, pcm, FRAME_SAMPLES_8K);
    encoder->octets_count += FRAME_OCTETS;
    return true;
}

static bool put_samples(struct encoder *encoder, const int16_t *pcm)
{
    size_t frame = encoder->rate / 50, samples = encoder->packet_samples;
    bool good = true;

    encoder->packets_count = encoder->packets_taken = 0;
    if (samples > frame) { /* 40 and 60 ms gather */
        memcpy(encoder->pcm + encoder->pcm_count, pcm, frame * sizeof *pcm);
        encoder->pcm_count += frame;
        if (encoder->pcm_count < samples)
            return true;
        pcm = encoder->pcm;
        encoder->pcm_count = 0;
        frame = samples;
    }
    for (size_t at = 0; at < frame; at += samples) {
        unsigned number = encoder->packets_count;
        int length = opus_encode_packet(
            &encoder->opus, pcm + at, samples, encoder->packets[number], sizeof encoder->packets[number]);
        bool quiet = length <= QUIET_MAX;
        good = good && length > 0;
        encoder->lengths[number] = length > 0 && !(quiet && encoder->quiet) ? (uint32_t)length : 0;
        encoder->quiet = quiet;
        encoder->packets_count++;
    }
    return good;
}

bool encoder_put(struct encoder *encoder, const int16_t *pcm)
{
    return encoder->codec == CODEC_OPUS ? put_samples(encoder, pcm) : put_octets(encoder, pcm);
}

bool encoder_take(struct encoder *encoder, struct encoded *packet)
{
    packet->ticks = encoder->packet_ticks;
    if (encoder->codec == CODEC_OPUS) {
        if (encoder->packets_taken == encoder->packets_count)
            return false;
        packet->payload = encoder->packets[encoder->packets_taken];
        packet->length = encoder->lengths[encoder->packets_taken++];
        return true;
    }
    if (encoder->octets_count - encoder->octets_taken < encoder->packet_ticks)
        return false;
    packet->payload = encoder->octets + encoder->octets_taken;
    packet->length = encoder->packet_ticks;
    encoder->octets_taken += encoder->packet_ticks;
    return true;
}

bool encoder_holds(const struct encoder *encoder)
{
    return encoder->pcm_count > 0;
}

uint32_t encoder_silence(enum codec codec, uint8_t *payload)
{
    /* TOC "CELT, full band, 20 ms, mono" and the shortest frame that decodes to silence. */
    static const uint8_t opus[] = {0xF8, 0xFF, 0xFE};
    /* G.722 has no code for silence.  Of the codes that its encoder gives for zeros, this row is the quietest wherever the
     * far decoder stood before: -61 dBFS within 20 ms, which is the noise of the codec itself. */
    static const uint8_t g722[] = {0xFC, 0xF9, 0xF8, 0xFE};

    if (codec == CODEC_OPUS) {
        memcpy(payload, opus, sizeof opus);
        return sizeof opus;
    }
    if (codec == CODEC_G722) {
        for (unsigned i = 0; i < FRAME_OCTETS; i++)
            payload[i] = g722[i % sizeof g722];
        return FRAME_OCTETS;
    }
    memset(payload, codec == CODEC_PCMA ? G711_PCMA_SILENCE : G711_PCMU_SILENCE, FRAME_OCTETS);
    return FRAME_OCTETS;
}
