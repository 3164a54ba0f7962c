#include "dtmf_tone.h"

#include <math.h>
#include <string.h>

#define SAMPLE_MAX 32124.0f /* a sine of this amplitude has +3.14 dBm0 (G.711) */
#define RATE_HZ 8000.0f

/* Limits, in powers.  Q.24 table A-1 has them by country: levels from -3 to -24 or -29 dBm, twist up to 4 to 10 dB. */
#define LEAST 5.186e8f /* of either tone: -34 dBm0. (Goertzel makes (amplitude * block / 2)^2 of a sine.) */
#define TWIST_NORMAL 6.31f    /* 8 dB: the low tone may be louder by so much ... */
#define TWIST_REVERSE 2.82f   /* 4.5 dB: ... and the high one by so much, */
/* which is the way round that lines make it. */
#define PEAK 6.31f            /* 8 dB above every other tone of its group */
#define PURITY 0.78f          /* share of the block's whole energy: what tells tones from speech (talk-off, Q.24 5) */
#define END_BLOCKS 3          /* a digit ends after so many without it: 40 ms have them, an interruption of 10 ms has 2 */

static const float LOW_HZ[4] = {697, 770, 852, 941}, HIGH_HZ[4] = {1209, 1336, 1477, 1633};
static const char KEYS[4][4] = {{'1', '2', '3', 'A'}, {'4', '5', '6', 'B'}, {'7', '8', '9', 'C'}, {'*', '0', '#', 'D'}};

/* c = 2 cos(2 pi f / 8000) of the four low and the four high ones, and c * c - 1. */
static const dtmf_vector C[2] = {
    {1.7077378f, 1.6452810f, 1.5686870f, 1.4782046f}, {1.1641040f, 0.9963702f, 0.7986184f, 0.5685327f}};
static const dtmf_vector C_SQUARED[2] = {
    {1.9163684f, 1.7069497f, 1.4607789f, 1.1850887f}, {0.3551382f, -0.0072464f, -0.3622087f, -0.6767706f}};

void dtmf_detector_init(struct dtmf_detector *detector)
{
    memset(detector, 0, sizeof *detector);
}

/* Index of the strongest of four, -1 when another comes near it. */
static int peak_of(const float *powers)
{
    int best = 0;

    for (int i = 1; i < 4; i++)
        if (powers[i] > powers[best])
            best = i;
    for (int i = 0; i < 4; i++)
        if (i != best && powers[i] * PEAK > powers[best])
            return -1;
    return best;
}

/* The digit of a full block, 0 = none. */
static char judge(const struct dtmf_detector *detector)
{
    float powers[8], low, high;
    int row, column;

    for (int group = 0; group < 2; group++) {
        dtmf_vector one = detector->one[group], two = detector->two[group];
        dtmf_vector power = one * one + two * two - C[group] * one * two;
        memcpy(powers + 4 * group, &power, sizeof power);
    }
    row = peak_of(powers);
    column = peak_of(powers + 4);
    if (row < 0 || column < 0)
        return 0;
    low = powers[row];
    high = powers[4 + column];
    if (low < LEAST || high < LEAST || low > high * TWIST_NORMAL || high > low * TWIST_REVERSE)
        return 0;
    /* A sine's energy over a block is amplitude^2 * block / 2: its power above divided by block / 2. */
    if (low + high < PURITY * (DTMF_BLOCK / 2.0f) * detector->energy)
        return 0;
    return KEYS[row][column];
}

static void end_digit(struct dtmf_detector *detector, struct dtmf_digit *digit)
{
    digit->digit = detector->digit;
    digit->duration_ms = (uint32_t)(detector->blocks * DTMF_BLOCK * 1000 / (uint32_t)RATE_HZ);
    detector->digit = 0;
}

/* One block is over.  Returns how many digits ended. */
static int finish_block(struct dtmf_detector *detector, bool *tone, struct dtmf_digit *digits)
{
    char heard = judge(detector);
    int ended = 0;

    if (heard)
        *tone = true;
    if (detector->digit && heard == detector->digit) {
        detector->blocks += 1u + detector->missed;
        detector->missed = 0;
    } else {
        if (detector->digit &&
            (++detector->missed == END_BLOCKS || (heard && heard == detector->candidate)))
            end_digit(detector, &digits[ended++]);
        if (detector->digit == 0 && heard && heard == detector->candidate) {
            detector->digit = heard;
            detector->blocks = 2;
            detector->missed = 0;
        }
    }
    detector->candidate = heard;
    memset(detector->one, 0, sizeof detector->one);
    memset(detector->two, 0, sizeof detector->two);
    detector->energy = 0;
    detector->at = 0;
    return ended;
}

/* Goertzel's s[n] = x[n] + c s[n-1] - s[n-2], two samples at a time: with s[n] put into s[n+1] both come from s[n-1] and
 * s[n-2], so that a processor need not wait for the one before it begins the other. */
static void take_samples(struct dtmf_detector *detector, const int16_t *pcm, size_t count)
{
    dtmf_vector low = detector->one[0], low_before = detector->two[0], high = detector->one[1],
                high_before = detector->two[1], rest;
    float energy = 0, energy_odd = 0;
    size_t i = 0;

    for (; i + 2 <= count; i += 2) {
        float first = pcm[i], second = pcm[i + 1];
        rest = first - low_before;
        low_before = C[0] * low + rest;
        low = C_SQUARED[0] * low + (C[0] * rest + second);
        rest = first - high_before;
        high_before = C[1] * high + rest;
        high = C_SQUARED[1] * high + (C[1] * rest + second);
        energy += first * first;
        energy_odd += second * second;
    }
    if (i < count) {
        float last = pcm[i];
        rest = last - low_before;
        low_before = low;
        low = C[0] * low + rest;
        rest = last - high_before;
        high_before = high;
        high = C[1] * high + rest;
        energy += last * last;
    }
    detector->one[0] = low;
    detector->two[0] = low_before;
    detector->one[1] = high;
    detector->two[1] = high_before;
    detector->energy += energy + energy_odd;
    detector->at = (uint16_t)(detector->at + count);
}

int dtmf_detect(
    struct dtmf_detector *detector, const int16_t *pcm, size_t samples, bool *tone,
    struct dtmf_digit digits[DTMF_TONES_PER_CALL])
{
    int ended = 0;

    *tone = false;
    while (samples) {
        size_t count = DTMF_BLOCK - detector->at;

        if (count > samples)
            count = samples;
        take_samples(detector, pcm, count);
        pcm += count;
        samples -= count;
        if (detector->at == DTMF_BLOCK) {
            struct dtmf_digit digit;
            if (finish_block(detector, tone, &digit) && ended < DTMF_TONES_PER_CALL)
                digits[ended++] = digit;
        }
    }
    return ended;
}

bool dtmf_generator_start(struct dtmf_generator *generator, char digit)
{
    memset(generator, 0, sizeof *generator);
    if (digit >= 'a' && digit <= 'd')
        digit = (char)(digit - 'a' + 'A');
    for (int row = 0; row < 4; row++)
        for (int column = 0; column < 4; column++)
            if (digit && KEYS[row][column] == digit) {
                generator->low_step = LOW_HZ[row] / RATE_HZ;
                generator->high_step = HIGH_HZ[column] / RATE_HZ;
                return true;
            }
    return false;
}

void dtmf_generate(struct dtmf_generator *generator, int16_t *pcm, size_t samples)
{
    static const float turn = 6.2831853f;
    /* -10 and -8 dBm0 */
    static const float low_peak = SAMPLE_MAX * 0.22029f, high_peak = SAMPLE_MAX * 0.27733f;

    for (size_t i = 0; i < samples; i++) {
        pcm[i] = (int16_t)lrintf(low_peak * sinf(turn * generator->low) + high_peak * sinf(turn * generator->high));
        generator->low += generator->low_step;
        generator->high += generator->high_step;
        generator->low -= floorf(generator->low);
        generator->high -= floorf(generator->high);
    }
}
