/* The idea is that of G.711 Appendix I (repeat the last pitch period, fade), without its 3.75 ms of output delay: what the
 * repetition lacks to the last good sample is added and dies away (decision 0022). */
#include "plc.h"

#include <string.h>

/* All in samples at 8 kHz. */
#define PERIOD_MIN 40u                                 /* 200 Hz */
#define PERIOD_MAX (PLC_PERIOD_MAX / 2u)
#define WINDOW (PLC_HISTORY / 2u - PERIOD_MAX)         /* 20 ms are compared */
#define FADE_FROM 80u                                  /* 10 ms at full level ... */
#define FADE_TO 480u                                   /* ... silent at 60 ms */
#define JOIN 40u                                       /* cross-fade to the next good sound: 5 ms */

void plc_init(struct plc *plc, uint32_t rate)
{
    memset(plc, 0, sizeof *plc);
    plc->scale = rate > 8000 ? 2 : 1;
}

static size_t history_samples(const struct plc *plc)
{
    return PLC_HISTORY / 2 * plc->scale;
}

static void remember(struct plc *plc, const int16_t *pcm, size_t samples)
{
    size_t kept = history_samples(plc);

    if (samples >= kept) {
        memcpy(plc->history, pcm + samples - kept, kept * sizeof *pcm);
        return;
    }
    memmove(plc->history, plc->history + samples, (kept - samples) * sizeof *pcm);
    memcpy(plc->history + kept - samples, pcm, samples * sizeof *pcm);
}

/* How like the `window` samples from `now` are to those `lag` before them. */
static float likeness(const float *now, unsigned lag, unsigned window)
{
    const float *then = now - lag;
    float product = 0, energy = 1;

    for (unsigned i = 0; i < window; i++) {
        product += now[i] * then[i];
        energy += then[i] * then[i];
    }
    return product <= 0 ? 0 : product * product / energy;
}

static unsigned best_lag(const float *now, unsigned from, unsigned to, unsigned window, unsigned otherwise)
{
    unsigned best = otherwise;
    float best_score = 0;

    for (unsigned lag = from; lag <= to; lag++) {
        float score = likeness(now, lag, window);
        if (score > best_score) {
            best_score = score;
            best = lag;
        }
    }
    return best;
}

/* The lag at which the last 20 ms are most like what was before them: at 8 kHz, then exactly. */
static unsigned find_period(const struct plc *plc)
{
    float narrow[PLC_HISTORY / 2], wide[PLC_HISTORY];
    unsigned scale = plc->scale, count = PLC_HISTORY / 2;

    for (unsigned i = 0; i < count * scale; i++)
        wide[i] = plc->history[i];
    if (scale == 1)
        return best_lag(wide + PERIOD_MAX, PERIOD_MIN, PERIOD_MAX, WINDOW, PERIOD_MAX);
    for (unsigned i = 0; i < count; i++)
        narrow[i] = (wide[2 * i] + wide[2 * i + 1]) / 2;
    unsigned near = 2 * best_lag(narrow + PERIOD_MAX, PERIOD_MIN, PERIOD_MAX, WINDOW, PERIOD_MAX);
    unsigned to = near + 1 < PLC_PERIOD_MAX ? near + 1 : PLC_PERIOD_MAX;
    return best_lag(wide + PLC_PERIOD_MAX, near - 1, to, 2 * WINDOW, near);
}

static void begin(struct plc *plc)
{
    const int16_t *end = plc->history + history_samples(plc);
    unsigned length = find_period(plc);
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

static float next_made_up(struct plc *plc)
{
    unsigned from = FADE_FROM * plc->scale, to = FADE_TO * plc->scale;
    float sample = plc->period[plc->position];

    if (++plc->position == plc->period_samples)
        plc->position = 0;
    if (plc->concealed >= to)
        return 0;
    if (plc->concealed > from)
        sample *= (float)(to - plc->concealed) / (float)(to - from);
    plc->concealed++;
    return sample;
}

static int16_t saturate(float sample)
{
    return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

void plc_conceal(struct plc *plc, int16_t *pcm, size_t samples)
{
    unsigned join = 0;
    float step = 0;

    if (plc->concealed == 0) {
        begin(plc);
        join = plc->period_samples / 2;
        const int16_t *end = plc->history + history_samples(plc);
        step = (float)end[-1] - (float)end[-1 - (int)plc->period_samples];
    }
    for (size_t i = 0; i < samples; i++) {
        float sample = next_made_up(plc);
        if (i < join)
            sample += step * (float)(join - i) / (float)(join + 1);
        pcm[i] = saturate(sample);
    }
    remember(plc, pcm, samples);
}

void plc_good(struct plc *plc, int16_t *pcm, size_t samples)
{
    if (plc->concealed > 0) {
        size_t join = samples < JOIN * plc->scale ? samples : JOIN * plc->scale;
        for (size_t i = 0; i < join; i++) {
            float weight = (float)(i + 1) / (float)(join + 1);
            float made_up = next_made_up(plc);
            pcm[i] = (int16_t)(made_up + weight * ((float)pcm[i] - made_up));
        }
        plc->concealed = 0;
    }
    remember(plc, pcm, samples);
}
