#include "loadgen_sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RATE = 8000,
    COARSE = 4,               /* samples that the first search takes together */
    WINDOW = 256, HOP = 128,  /* samples */
    BANDS = 17,
    SAMPLE_NS = 1000000000 / RATE,
    BLOCK_COARSE = ZL_BLOCK / COARSE,
    SPAN = ZL_DELAY_MAX_MS * RATE / 1000,
    SPAN_COARSE = SPAN / COARSE,
    PACKET_SAMPLES_MAX = 960, /* 120 ms */
};

#define QUIET_RMS 100.0         /* of int16: a block below is a pause */
#define CORRELATION_MIN 0.6
#define MOMENT_RMS 200.0        /* a moment below is none at which something is said */
#define POWER_FLOOR (100.0 * WINDOW) /* about -60 dBm0, so that noise below hearing makes no difference */

bool zl_heard_init(zl_heard *heard, uint32_t packets_max)
{
    memset(heard, 0, sizeof *heard);
    heard->packets_max = packets_max;
    heard->samples_max = packets_max * (RATE / 50) + PACKET_SAMPLES_MAX;
    heard->pcm = malloc(heard->samples_max * sizeof *heard->pcm);
    heard->starts = malloc(packets_max * sizeof *heard->starts);
    heard->arrived_ns = malloc(packets_max * sizeof *heard->arrived_ns);
    return heard->pcm && heard->starts && heard->arrived_ns;
}

void zl_heard_free(zl_heard *heard)
{
    free(heard->pcm);
    free(heard->starts);
    free(heard->arrived_ns);
    memset(heard, 0, sizeof *heard);
}

int16_t *zl_heard_add(zl_heard *heard, uint32_t samples, uint64_t arrived_ns)
{
    int16_t *at = heard->pcm + heard->samples;

    if (heard->packets == heard->packets_max || samples > heard->samples_max - heard->samples)
        return NULL;
    heard->starts[heard->packets] = heard->samples;
    heard->arrived_ns[heard->packets++] = arrived_ns;
    heard->samples += samples;
    return at;
}

/* --- where it is ------------------------------------------------------------------------------------------------------ */

static double energy(const float *at, uint32_t count)
{
    double sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += (double)at[i] * at[i];
    return sum;
}

static double product(const float *a, const float *b, uint32_t count)
{
    float sums[8] = {0}; /* so that the compiler may take eight at once */

    for (uint32_t i = 0; i + 8 <= count; i += 8)
        for (uint32_t k = 0; k < 8; k++)
            sums[k] += a[i + k] * b[i + k];
    return (double)sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

/* The shift of `said` against `heard` with the greatest correlation, from `first` to `last`; its value in *best. */
static uint32_t best_shift(
    const float *said, const float *heard, uint32_t count, uint32_t first, uint32_t last, double *best)
{
    double own = energy(said, count);
    uint32_t found = first;

    *best = -1;
    for (uint32_t shift = first; shift <= last; shift++) {
        double value = product(said, heard + shift, count) / (sqrt(own * energy(heard + shift, count)) + 1);
        if (value > *best) {
            *best = value;
            found = shift;
        }
    }
    return found;
}

static void thin_out(float *to, const float *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        to[i] = from[COARSE * i] + from[COARSE * i + 1] + from[COARSE * i + 2] + from[COARSE * i + 3];
}

/* The packet in which `sample` is. */
static uint32_t packet_of(const zl_heard *heard, uint32_t sample)
{
    uint32_t low = 0, high = heard->packets - 1;

    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        if (heard->starts[middle] <= sample)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static uint64_t arrival_of(const zl_heard *heard, uint32_t sample)
{
    uint32_t packet = packet_of(heard, sample);

    return heard->arrived_ns[packet] + (uint64_t)(sample - heard->starts[packet]) * SAMPLE_NS;
}

/* The first sample that came after `ns`. */
static uint32_t first_after(const zl_heard *heard, uint64_t ns)
{
    uint32_t packet = 0;

    while (packet < heard->packets && heard->arrived_ns[packet] < ns)
        packet++;
    return packet < heard->packets ? heard->starts[packet] : heard->samples;
}

/* --- how it sounds ---------------------------------------------------------------------------------------------------- */

/* Critical bands (Zwicker 1961) in Hz, but for the lowest, which telephones do not carry. */
static const double edges[BANDS + 1] = {100,  200,  300,  400,  510,  630,  770,  920,  1080,
                                        1270, 1480, 1720, 2000, 2320, 2700, 3150, 3400, 3700};

static void band_powers(double powers[BANDS], const float *at)
{
    static double window[WINDOW], cosines[WINDOW], sines[WINDOW];
    float taken[WINDOW];

    if (window[WINDOW / 2] == 0)
        for (uint32_t i = 0; i < WINDOW; i++) {
            window[i] = 0.5 - 0.5 * cos(2 * M_PI * i / WINDOW);
            cosines[i] = cos(2 * M_PI * i / WINDOW);
            sines[i] = sin(2 * M_PI * i / WINDOW);
        }
    for (uint32_t i = 0; i < WINDOW; i++)
        taken[i] = (float)(at[i] * window[i]);
    for (uint32_t band = 0; band < BANDS; band++) {
        uint32_t first = (uint32_t)ceil(edges[band] * WINDOW / RATE), last = (uint32_t)(edges[band + 1] * WINDOW / RATE);
        powers[band] = 0;
        for (uint32_t bin = first; bin <= last; bin++) {
            double re = 0, im = 0;
            for (uint32_t i = 0; i < WINDOW; i++) {
                re += taken[i] * cosines[bin * i % WINDOW];
                im += taken[i] * sines[bin * i % WINDOW];
            }
            powers[band] += re * re + im * im;
        }
    }
}

static void compare_spectra(zl_comparison *comparison, const float *said, const float *heard)
{
    double ours[BANDS], theirs[BANDS];

    for (uint32_t at = 0; at + WINDOW <= ZL_BLOCK; at += HOP) {
        double sum = 0;
        if (energy(said + at, WINDOW) < MOMENT_RMS * MOMENT_RMS * WINDOW)
            continue;
        band_powers(ours, said + at);
        band_powers(theirs, heard + at);
        for (uint32_t band = 0; band < BANDS; band++) {
            double difference = 10 * log10((theirs[band] + POWER_FLOOR) / (ours[band] + POWER_FLOOR));
            sum += difference * difference;
        }
        comparison->distance_sum += sqrt(sum / BANDS);
        comparison->moments++;
    }
}

bool zl_compare(
    zl_comparison *comparison, const zl_heard *heard, const int16_t said[ZL_BLOCK], uint64_t sent_ns, uint64_t *delay_ns)
{
    static float block[ZL_BLOCK], piece[ZL_BLOCK + SPAN], block_coarse[BLOCK_COARSE], piece_coarse[BLOCK_COARSE + SPAN_COARSE];
    uint32_t begin, span, shift;
    double best;

    for (uint32_t i = 0; i < ZL_BLOCK; i++)
        block[i] = said[i];
    if (energy(block, ZL_BLOCK) < QUIET_RMS * QUIET_RMS * ZL_BLOCK)
        return false;
    comparison->blocks++;
    begin = heard->packets ? first_after(heard, sent_ns) : 0;
    if (begin + ZL_BLOCK + 2 * COARSE > heard->samples) {
        comparison->unmatched++;
        return false;
    }
    span = heard->samples - begin - ZL_BLOCK;
    span = (span < SPAN ? span : SPAN) / COARSE * COARSE;
    for (uint32_t i = 0; i < ZL_BLOCK + span; i++)
        piece[i] = heard->pcm[begin + i];
    thin_out(block_coarse, block, BLOCK_COARSE);
    thin_out(piece_coarse, piece, BLOCK_COARSE + span / COARSE);
    shift = COARSE * best_shift(block_coarse, piece_coarse, BLOCK_COARSE, 0, span / COARSE, &best);
    shift = best_shift(
        block, piece, ZL_BLOCK, shift > COARSE ? shift - COARSE : 0, shift + COARSE < span ? shift + COARSE : span, &best);
    if (best < CORRELATION_MIN) {
        comparison->unmatched++;
        return false;
    }
    compare_spectra(comparison, block, piece + shift);
    *delay_ns = arrival_of(heard, begin + shift) - sent_ns;
    return true;
}
