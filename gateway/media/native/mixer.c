#include "mixer.h"

#include <string.h>

static inline int16_t saturate(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

void mixer_mix(const int16_t *const *said, int16_t *const *heard, size_t parties, size_t samples)
{
    int32_t sum[FRAME_SAMPLES_MAX];

    memset(sum, 0, samples * sizeof *sum);
    for (size_t party = 0; party < parties; party++)
        if (said[party])
            for (size_t i = 0; i < samples; i++)
                sum[i] += said[party][i];
    for (size_t party = 0; party < parties; party++) {
        const int16_t *own = said[party];
        int16_t *to = heard[party];
        if (!to)
            continue;
        if (own)
            for (size_t i = 0; i < samples; i++)
                to[i] = saturate(sum[i] - own[i]);
        else
            for (size_t i = 0; i < samples; i++)
                to[i] = saturate(sum[i]);
    }
}

void mixer_add(int16_t *mixed, const int16_t *added, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        mixed[i] = saturate((int32_t)mixed[i] + added[i]);
}
