#include "sound.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>
#include <speex/speex_resampler.h>

#include "g711.h"
#include "g722.h"
#include "sound_file.h"

#define RATE_MIN 4000u
#define RATE_MAX 192000u
#define OPUS_BITRATE 32000
#define OPUS_FRAME_MAX 400  /* 20 ms at 32 kbit/s are 80 octets; VBR peaks stay far below this */
#define PRIMING 10          /* frames from the end that the encoder hears before the first */

struct sound *sound_load(const char *path, char *error, size_t error_size)
{
    struct sound_file file;
    char reason[160];

    if (!sound_file_read(&file, path, SOUND_DURATION_MAX_MS, error, error_size))
        return NULL;
    struct sound *sound = sound_from_pcm(file.pcm, file.samples, file.channels, file.rate, reason, sizeof reason);
    if (!sound)
        snprintf(error, error_size, "%s: %s", path, reason);
    sound_file_free(&file);
    return sound;
}

/* Resample a loop: the filter hears the end before the beginning and the beginning after the end, so it has no edge. */
static int resample_loop(const int16_t *pcm, size_t samples, uint32_t rate, int16_t *to, size_t wanted, uint32_t to_rate)
{
    int16_t block[1024], out[8192];
    int error;

    if (rate == to_rate) {
        memcpy(to, pcm, (wanted < samples ? wanted : samples) * sizeof *to);
        return 0;
    }
    SpeexResamplerState *resampler = speex_resampler_init(1, rate, to_rate, SPEEX_RESAMPLER_QUALITY_MAX, &error);
    if (!resampler)
        return -1;
    speex_resampler_skip_zeros(resampler);
    size_t lead = rate / 25; /* 40 ms: more than the filter's half length, and a whole number at usual rates */
    size_t skip = to_rate / 25;
    size_t at = (samples - lead % samples) % samples;
    size_t written = 0;
    while (written < wanted) {
        spx_uint32_t taken = 0, made = 0;
        for (size_t i = 0; i < 1024; i++)
            block[i] = pcm[(at + i) % samples];
        /* As little in as fills `out`, at the worst ratio of 4 kHz to 48 kHz. */
        taken = rate >= to_rate ? 1024 : 1024 * rate / to_rate;
        if (taken == 0)
            taken = 1;
        made = 8192;
        if (speex_resampler_process_int(resampler, 0, block, &taken, out, &made) != RESAMPLER_ERR_SUCCESS)
            break;
        at = (at + taken) % samples;
        size_t from = made < skip ? made : skip;
        skip -= from;
        size_t count = made - from < wanted - written ? made - from : wanted - written;
        memcpy(to + written, out + from, count * sizeof *to);
        written += count;
    }
    speex_resampler_destroy(resampler);
    return written == wanted ? 0 : -1;
}

static int encode_opus(struct sound *sound)
{
    int16_t frame[FRAME_SAMPLES_48K];
    opus_int32 lookahead = 0;
    int error;
    size_t total = (size_t)sound->frames * FRAME_SAMPLES_48K;
    size_t used = 0;
    OpusEncoder *encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_AUDIO, &error);

    if (!encoder)
        return -1;
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(OPUS_BITRATE));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(10));
    opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(&lookahead));
    /* Started `lookahead` early, packet k decodes to exactly frame k. */
    for (int64_t index = -PRIMING; index < (int64_t)sound->frames; index++) {
        uint8_t packet[OPUS_FRAME_MAX];
        int64_t start = index * FRAME_SAMPLES_48K + lookahead + (int64_t)total * PRIMING;
        for (size_t i = 0; i < FRAME_SAMPLES_48K; i++)
            frame[i] = sound->pcm_48k[((size_t)start + i) % total];
        /* The first frame follows the last one of a loop but also whatever was sent before: let it stand alone. */
        opus_encoder_ctl(encoder, OPUS_SET_PREDICTION_DISABLED(index == 0));
        int length = opus_encode(encoder, frame, FRAME_SAMPLES_48K, packet, sizeof packet);
        if (length < 1) {
            opus_encoder_destroy(encoder);
            return -1;
        }
        if (index < 0)
            continue;
        sound->opus_offset[index] = (uint32_t)used;
        memcpy(sound->opus + used, packet, (size_t)length);
        used += (size_t)length;
    }
    opus_encoder_destroy(encoder);
    sound->opus_offset[sound->frames] = (uint32_t)used;
    uint8_t *fitted = realloc(sound->opus, used);
    if (fitted)
        sound->opus = fitted;
    return 0;
}

/* The encoder runs round the end of a loop, as with Opus. */
static int encode_g722(struct sound *sound)
{
    struct g722_codec codec = {0};
    uint8_t primed[FRAME_SAMPLES_8K];

    if (g722_encode_open(&codec, 16000) < 0)
        return -1;
    for (uint32_t frame = sound->frames > PRIMING ? sound->frames - PRIMING : 0; frame < sound->frames; frame++)
        g722_encode_samples(
            &codec, sound->pcm_16k + (size_t)frame * FRAME_SAMPLES_16K, FRAME_SAMPLES_16K, primed);
    g722_encode_samples(&codec, sound->pcm_16k, (size_t)sound->frames * FRAME_SAMPLES_16K, sound->g722);
    g722_close(&codec);
    return 0;
}

static struct sound *allocate(uint32_t frames)
{
    struct sound *sound = calloc(1, sizeof *sound);

    if (!sound)
        return NULL;
    sound->frames = frames;
    sound->duration_ms = frames * FRAME_MS;
    sound->pcm_8k = calloc(frames, FRAME_SAMPLES_8K * sizeof *sound->pcm_8k);
    sound->pcm_16k = calloc(frames, FRAME_SAMPLES_16K * sizeof *sound->pcm_16k);
    sound->pcm_48k = calloc(frames, FRAME_SAMPLES_48K * sizeof *sound->pcm_48k);
    sound->pcmu = malloc((size_t)frames * FRAME_SAMPLES_8K);
    sound->pcma = malloc((size_t)frames * FRAME_SAMPLES_8K);
    sound->g722 = malloc((size_t)frames * FRAME_SAMPLES_8K);
    sound->opus = malloc((size_t)frames * OPUS_FRAME_MAX);
    sound->opus_offset = malloc(((size_t)frames + 1) * sizeof *sound->opus_offset);
    if (sound->pcm_8k && sound->pcm_16k && sound->pcm_48k && sound->pcmu && sound->pcma && sound->g722 && sound->opus &&
        sound->opus_offset)
        return sound;
    sound_free(sound);
    return NULL;
}

struct sound *sound_from_pcm(
    const int16_t *pcm, size_t samples, unsigned channels, uint32_t rate, char *error, size_t error_size)
{
    if (channels < 1 || channels > 2) {
        snprintf(error, error_size, "has %u channels; only mono and stereo are played", channels);
        return NULL;
    }
    if (rate < RATE_MIN || rate > RATE_MAX) {
        snprintf(error, error_size, "has a sample rate of %u Hz; %u to %u can be played", rate, RATE_MIN, RATE_MAX);
        return NULL;
    }
    if (samples == 0 || samples > (uint64_t)rate * SOUND_DURATION_MAX_MS / 1000) {
        snprintf(error, error_size, "is empty or longer than %d s", SOUND_DURATION_MAX_MS / 1000);
        return NULL;
    }
    uint32_t frames = (uint32_t)(((uint64_t)samples * 50 + rate - 1) / rate);
    size_t padded = ((size_t)frames * rate + 49) / 50;
    struct sound *sound = allocate(frames);
    int16_t *mono = calloc(padded, sizeof *mono);
    bool good = sound && mono;
    if (good) {
        for (size_t i = 0; i < samples; i++)
            mono[i] = channels == 1 ? pcm[i] : (int16_t)((pcm[2 * i] + pcm[2 * i + 1]) / 2);
        good = resample_loop(mono, padded, rate, sound->pcm_8k, (size_t)frames * FRAME_SAMPLES_8K, 8000) == 0 &&
               resample_loop(mono, padded, rate, sound->pcm_16k, (size_t)frames * FRAME_SAMPLES_16K, 16000) == 0 &&
               resample_loop(mono, padded, rate, sound->pcm_48k, (size_t)frames * FRAME_SAMPLES_48K, 48000) == 0 &&
               encode_g722(sound) == 0 && encode_opus(sound) == 0;
    }
    free(mono);
    if (!good) {
        snprintf(error, error_size, "out of memory");
        sound_free(sound);
        return NULL;
    }
    g711_pcmu_encode(sound->pcmu, sound->pcm_8k, (size_t)frames * FRAME_SAMPLES_8K);
    g711_pcma_encode(sound->pcma, sound->pcm_8k, (size_t)frames * FRAME_SAMPLES_8K);
    return sound;
}

void sound_free(struct sound *sound)
{
    if (!sound)
        return;
    free(sound->pcm_8k);
    free(sound->pcm_16k);
    free(sound->pcm_48k);
    free(sound->pcmu);
    free(sound->pcma);
    free(sound->g722);
    free(sound->opus);
    free(sound->opus_offset);
    free(sound);
}

const uint8_t *sound_frame(const struct sound *sound, enum codec codec, uint32_t index, size_t *length)
{
    if (codec == CODEC_OPUS) {
        *length = sound->opus_offset[index + 1] - sound->opus_offset[index];
        return sound->opus + sound->opus_offset[index];
    }
    *length = FRAME_SAMPLES_8K;
    const uint8_t *octets = codec == CODEC_PCMU ? sound->pcmu : codec == CODEC_PCMA ? sound->pcma : sound->g722;
    return octets + (size_t)index * FRAME_SAMPLES_8K;
}

const int16_t *sound_pcm(const struct sound *sound, uint32_t rate, uint32_t index)
{
    const int16_t *pcm = rate == 8000 ? sound->pcm_8k : rate == 16000 ? sound->pcm_16k : sound->pcm_48k;
    return pcm + (size_t)index * (rate / 50);
}
