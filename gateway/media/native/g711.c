#include "g711.h"

#include <string.h>

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

/* Concealment.  The idea is that of G.711 Appendix I (repeat the last pitch period, fade), without its 3.75 ms of
 * output delay: what the repetition lacks to the last good sample is added and dies away (decision 0022). */

#define PERIOD_MIN 40                                          /* 200 Hz */
#define WINDOW (G711_PLC_HISTORY - G711_PLC_PERIOD_MAX)        /* 20 ms are compared */
#define FADE_FROM 80                                           /* 10 ms at full level ... */
#define FADE_TO 480                                            /* ... silent at 60 ms */
#define JOIN 40                                                /* cross-fade to the next good sound: 5 ms */

void g711_plc_init(struct g711_plc *plc)
{
    memset(plc, 0, sizeof *plc);
}

static void remember(struct g711_plc *plc, const int16_t *pcm, size_t samples)
{
    if (samples >= G711_PLC_HISTORY) {
        memcpy(plc->history, pcm + samples - G711_PLC_HISTORY, sizeof plc->history);
        return;
    }
    memmove(plc->history, plc->history + samples, (G711_PLC_HISTORY - samples) * sizeof *pcm);
    memcpy(plc->history + G711_PLC_HISTORY - samples, pcm, samples * sizeof *pcm);
}

/* The lag at which the last 20 ms are most like what was before them. */
static unsigned find_period(const int16_t *history)
{
    const int16_t *now = history + G711_PLC_PERIOD_MAX;
    unsigned best = G711_PLC_PERIOD_MAX;
    float best_score = 0;
    for (unsigned lag = PERIOD_MIN; lag <= G711_PLC_PERIOD_MAX; lag++) {
        const int16_t *then = now - lag;
        float product = 0, energy = 1;
        for (unsigned i = 0; i < WINDOW; i++) {
            product += (float)now[i] * then[i];
            energy += (float)then[i] * then[i];
        }
        if (product <= 0)
            continue;
        float score = product * product / energy;
        if (score > best_score) {
            best_score = score;
            best = lag;
        }
    }
    return best;
}

static void begin(struct g711_plc *plc)
{
    const int16_t *end = plc->history + G711_PLC_HISTORY;
    unsigned length = find_period(plc->history);
    unsigned overlap = length / 4;
    for (unsigned i = 0; i < length; i++)
        plc->period[i] = end[(int)i - (int)length];
    /* Bend the period's last quarter towards what came before its first sample, so that it repeats without a step. */
    for (unsigned i = 0; i < overlap; i++) {
        float weight = (float)(i + 1) / (float)(overlap + 1);
        unsigned at = length - overlap + i;
        float before = end[(int)i - (int)overlap - (int)length];
        plc->period[at] += weight * (before - plc->period[at]);
    }
    plc->period_samples = length;
    plc->position = 0;
}

static float next_made_up(struct g711_plc *plc)
{
    float sample = plc->period[plc->position];
    if (++plc->position == plc->period_samples)
        plc->position = 0;
    if (plc->concealed >= FADE_TO)
        sample = 0;
    else if (plc->concealed > FADE_FROM)
        sample *= (float)(FADE_TO - plc->concealed) / (FADE_TO - FADE_FROM);
    if (plc->concealed < FADE_TO)
        plc->concealed++;
    return sample;
}

void g711_plc_conceal(struct g711_plc *plc, int16_t *pcm, size_t samples)
{
    unsigned join = 0;
    float step = 0;
    if (plc->concealed == 0) {
        begin(plc);
        join = plc->period_samples / 2;
        const int16_t *end = plc->history + G711_PLC_HISTORY;
        step = (float)end[-1] - (float)end[-1 - (int)plc->period_samples];
    }
    for (size_t i = 0; i < samples; i++) {
        float sample = next_made_up(plc);
        if (i < join)
            sample += step * (float)(join - i) / (float)(join + 1);
        pcm[i] = (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
    }
    remember(plc, pcm, samples);
}

void g711_plc_good(struct g711_plc *plc, int16_t *pcm, size_t samples)
{
    if (plc->concealed > 0) {
        size_t join = samples < JOIN ? samples : JOIN;
        for (size_t i = 0; i < join; i++) {
            float weight = (float)(i + 1) / (float)(join + 1);
            float made_up = next_made_up(plc);
            pcm[i] = (int16_t)(made_up + weight * ((float)pcm[i] - made_up));
        }
        plc->concealed = 0;
    }
    remember(plc, pcm, samples);
}
