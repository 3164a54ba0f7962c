#include "sound_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opus/opusfile.h>

#include "g711.h"

#define FORMAT_ADVICE "convert it: sox in.wav -b 16 -e signed-integer out.wav"

enum { TAG_PCM = 1, TAG_FLOAT = 3, TAG_PCMA = 6, TAG_PCMU = 7, TAG_EXTENSIBLE = 0xFFFE };

static uint32_t little32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static unsigned little16(const uint8_t *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

/* --- WAV ------------------------------------------------------------------------------------------------------------ */

struct wav {
    const uint8_t *data;
    size_t data_size;
    unsigned tag, bits;
    unsigned channels;
    uint32_t rate;
};

static const char *parse_format(const uint8_t *chunk, size_t length, struct wav *wav)
{
    if (length < 16)
        return "its format chunk is too short";
    wav->tag = little16(chunk);
    if (wav->tag == TAG_EXTENSIBLE && length >= 40) /* the sub-format's first octets are the tag */
        wav->tag = little16(chunk + 24);
    wav->channels = little16(chunk + 2);
    wav->rate = little32(chunk + 4);
    wav->bits = little16(chunk + 14);
    bool known = (wav->tag == TAG_PCM && (wav->bits == 8 || wav->bits == 16 || wav->bits == 24 || wav->bits == 32)) ||
                 (wav->tag == TAG_FLOAT && wav->bits == 32) ||
                 ((wav->tag == TAG_PCMA || wav->tag == TAG_PCMU) && wav->bits == 8);
    return known ? NULL : "it is neither PCM nor A-law nor mu-law; " FORMAT_ADVICE;
}

/* Find format and data.  Sizes beyond the file's end are cut: tools that write to a pipe don't know them.  Returns what
 * is wrong, or NULL. */
static const char *parse_wav(const uint8_t *file, size_t size, struct wav *wav)
{
    if (size < 12 || memcmp(file, "RIFF", 4) != 0 || memcmp(file + 8, "WAVE", 4) != 0)
        return "not a WAV file (no RIFF/WAVE header) and not Ogg Opus";
    size_t at = 12;
    while (size - at >= 8) {
        const uint8_t *chunk = file + at;
        size_t length = little32(chunk + 4);
        at += 8;
        if (length > size - at)
            length = size - at;
        if (memcmp(chunk, "fmt ", 4) == 0) {
            const char *wrong = parse_format(chunk + 8, length, wav);
            if (wrong)
                return wrong;
        } else if (memcmp(chunk, "data", 4) == 0) {
            if (wav->tag == 0)
                return "its data come before their format";
            wav->data = chunk + 8;
            wav->data_size = length;
            return NULL;
        }
        if (length >= size - at)
            break;
        at += length + (length & 1);
        if (at > size)
            break;
    }
    return "it has no data chunk";
}

static int16_t float_value(const uint8_t *at)
{
    uint32_t bits = little32(at);
    float value;

    memcpy(&value, &bits, sizeof value);
    if (!(value > -1)) /* not a number, too */
        return isnan(value) ? 0 : INT16_MIN;
    return value >= 1 ? INT16_MAX : (int16_t)lrintf(value * 32767);
}

static void wav_values(const struct wav *wav, int16_t *pcm, size_t values)
{
    unsigned octets = wav->bits / 8;

    if (wav->tag == TAG_PCMA) {
        g711_pcma_decode(pcm, wav->data, values);
    } else if (wav->tag == TAG_PCMU) {
        g711_pcmu_decode(pcm, wav->data, values);
    } else {
        for (size_t i = 0; i < values; i++) {
            const uint8_t *at = wav->data + i * octets;
            if (wav->tag == TAG_FLOAT)
                pcm[i] = float_value(at);
            else if (octets == 1) /* unsigned, alone among them */
                pcm[i] = (int16_t)((at[0] - 128) * 256);
            else /* the two highest octets; what is below is less than G.711 or Opus can tell */
                pcm[i] = (int16_t)little16(at + octets - 2);
        }
    }
}

static const char *read_wav(struct sound_file *to, const uint8_t *file, size_t size)
{
    struct wav wav = {0};
    const char *wrong = parse_wav(file, size, &wav);

    if (wrong)
        return wrong;
    size_t values = wav.data_size / (wav.bits / 8);
    to->channels = wav.channels;
    to->rate = wav.rate;
    to->samples = wav.channels ? values / wav.channels : 0;
    to->pcm = malloc(values * sizeof *to->pcm + 1);
    if (to->pcm == NULL)
        return "out of memory";
    wav_values(&wav, to->pcm, values);
    return NULL;
}

/* --- Ogg Opus ------------------------------------------------------------------------------------------------------- */

/* Always at 48 kHz, always stereo: more channels than two are mixed down by the library as RFC 7845 5.1.1.5 says. */
static const char *decode_opus(struct sound_file *to, OggOpusFile *opus, uint32_t duration_max_ms)
{
    enum { RATE = 48000, CHANNELS = 2, ROOM = 5760 };
    size_t samples_max = (size_t)duration_max_ms * (RATE / 1000) + ROOM;
    size_t size = 0;

    to->rate = RATE;
    to->channels = CHANNELS;
    while (to->samples < samples_max) {
        if (size - to->samples < ROOM) {
            size = size ? 2 * size : 10 * ROOM;
            int16_t *grown = realloc(to->pcm, size * CHANNELS * sizeof *grown);
            if (grown == NULL)
                return "out of memory";
            to->pcm = grown;
        }
        int samples = op_read_stereo(opus, to->pcm + to->samples * CHANNELS, ROOM * CHANNELS);
        if (samples == OP_HOLE) /* pages are missing: what is there is played */
            continue;
        if (samples < 0)
            return "its Opus data are damaged";
        if (samples == 0)
            break;
        to->samples += (size_t)samples;
    }
    return NULL;
}

static const char *read_opus(struct sound_file *to, const uint8_t *file, size_t size, uint32_t duration_max_ms)
{
    int error = 0;
    OggOpusFile *opus = op_open_memory(file, size, &error);

    if (opus == NULL)
        return "its Ogg stream is not Opus, or damaged; convert it: opusenc in.wav out.opus";
    const char *wrong = decode_opus(to, opus, duration_max_ms);
    op_free(opus);
    return wrong;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *size, char *error, size_t error_size)
{
    uint8_t *content = NULL;
    FILE *file = fopen(path, "rb");

    if (!file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length < 0 || (unsigned long)length > SOUND_FILE_MAX) {
        snprintf(error, error_size, "%s: larger than %u MiB or not a plain file", path, SOUND_FILE_MAX >> 20);
    } else {
        rewind(file);
        content = malloc((size_t)length + 1);
        if (!content)
            snprintf(error, error_size, "%s: out of memory", path);
        else if (fread(content, 1, (size_t)length, file) != (size_t)length) {
            snprintf(error, error_size, "%s: can't be read", path);
            free(content);
            content = NULL;
        }
    }
    *size = length < 0 ? 0 : (size_t)length;
    fclose(file);
    return content;
}

bool sound_file_read(
    struct sound_file *file, const char *path, uint32_t duration_max_ms, char *error, size_t error_size)
{
    size_t size;
    uint8_t *content = read_file(path, &size, error, error_size);

    memset(file, 0, sizeof *file);
    if (content == NULL)
        return false;
    const char *wrong = size >= 4 && memcmp(content, "OggS", 4) == 0 ? read_opus(file, content, size, duration_max_ms)
                                                                     : read_wav(file, content, size);
    free(content);
    if (wrong == NULL)
        return true;
    snprintf(error, error_size, "%s: %s", path, wrong);
    sound_file_free(file);
    return false;
}

void sound_file_free(struct sound_file *file)
{
    free(file->pcm);
    file->pcm = NULL;
}
