#include "stretch.h"

#include <math.h>
#include <string.h>

#define NARROW_MAX 320u  /* 40 ms at 8 kHz */
#define PERIOD_MIN 20u   /* 2.5 ms */
#define PERIOD_MAX 120u  /* 15 ms */
#define WINDOW_MAX 120u
#define NEAR_SILENCE 60  /* mean amplitude: about -55 dBFS */

static float likeness(const float *first, const float *second, size_t samples)
{
    float product = 0, energy = 1, other = 1;
    for (size_t i = 0; i < samples; i++) {
        product += first[i] * second[i];
        energy += first[i] * first[i];
        other += second[i] * second[i];
    }
    return product / sqrtf(energy * other);
}

/* The search runs at 8 kHz: six samples of 48 kHz are averaged, which also filters roughly. */
static size_t narrow_down(float *narrow, const int16_t *pcm, size_t samples, unsigned step)
{
    size_t count = samples / step < NARROW_MAX ? samples / step : NARROW_MAX;
    for (size_t i = 0; i < count; i++) {
        int32_t sum = 0;
        for (unsigned k = 0; k < step; k++)
            sum += pcm[i * step + k];
        narrow[i] = (float)sum / (float)step;
    }
    return count;
}

/* Find the exact period near `around` at the full rate. */
static size_t refine(const int16_t *pcm, size_t samples, size_t around, unsigned step)
{
    size_t best = around;
    float best_difference = INFINITY;
    for (size_t period = around - step + 1; period < around + step; period++) {
        if (2 * period > samples)
            break;
        float difference = 0;
        for (size_t i = 0; i < period; i += 2)
            difference += fabsf((float)pcm[i] - (float)pcm[i + period]);
        difference /= (float)period;
        if (difference < best_difference) {
            best_difference = difference;
            best = period;
        }
    }
    return best;
}

size_t stretch_find_period(const int16_t *pcm, size_t samples, uint32_t rate, float likeness_min)
{
    float narrow[NARROW_MAX];
    unsigned step = rate / 8000;
    size_t count = narrow_down(narrow, pcm, samples, step);
    size_t longest = count / 2 < PERIOD_MAX ? count / 2 : PERIOD_MAX;
    float found[PERIOD_MAX + 1];
    float best_likeness = likeness_min, loudness = 0;

    if (longest < PERIOD_MIN)
        return 0;
    for (size_t i = 0; i < count; i++)
        loudness += fabsf(narrow[i]);
    if (loudness < NEAR_SILENCE * (float)count)
        return longest * step;
    for (size_t period = PERIOD_MIN; period <= longest; period++) {
        size_t window = count - period < WINDOW_MAX ? count - period : WINDOW_MAX;
        found[period] = likeness(narrow, narrow + period, window);
        if (found[period] > best_likeness)
            best_likeness = found[period];
    }
    /* Several periods at once are as good as one, and get there in fewer cuts. */
    for (size_t period = longest; period >= PERIOD_MIN; period--)
        if (found[period] > likeness_min && found[period] >= best_likeness - 0.03f)
            return step == 1 ? period : refine(pcm, samples, period * step, step);
    return 0;
}

static int16_t between(int16_t from, int16_t to, size_t at, size_t length)
{
    return (int16_t)(from + (int32_t)(to - from) * (int32_t)(at + 1) / (int32_t)(length + 1));
}

size_t stretch_remove(int16_t *pcm, size_t samples, size_t period)
{
    for (size_t i = 0; i < period; i++)
        pcm[i] = between(pcm[i], pcm[i + period], i, period);
    memmove(pcm + period, pcm + 2 * period, (samples - 2 * period) * sizeof *pcm);
    return samples - period;
}

size_t stretch_insert(int16_t *pcm, size_t samples, size_t period)
{
    /* first period, a cross-fade from the second back to the first, then the second and the rest */
    memmove(pcm + 2 * period, pcm + period, (samples - period) * sizeof *pcm);
    for (size_t i = 0; i < period; i++)
        pcm[period + i] = between(pcm[2 * period + i], pcm[i], i, period);
    return samples + period;
}
