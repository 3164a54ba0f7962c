#include "playout.h"

#include <string.h>

#define MS 1000000LL
#define BASE_WINDOW_NS (1500 * MS)
#define BUCKET_NS (PLAYOUT_BUCKET_MS * MS)
#define FORGET 0.995f
#define QUANTILE 0.97f
#define START_MS 40 /* until we know better */
#define WEIGHT_MAX 1e20f

void playout_init(struct playout *playout, unsigned min_ms, unsigned max_ms)
{
    memset(playout, 0, sizeof *playout);
    playout->min_ms = min_ms;
    playout->max_ms = max_ms;
    playout->target_ms = START_MS;
    playout->weight = 1 - FORGET;
    playout->histogram[(START_MS - min_ms) / PLAYOUT_BUCKET_MS] = 1;
}

void playout_restart(struct playout *playout)
{
    playout->base_known = false;
}

static void choose_target(struct playout *playout)
{
    /* The geometric series of all weights so far, this one included. */
    float all = playout->weight / (1 - FORGET), sum = 0;
    unsigned bucket = 0;

    for (; bucket < PLAYOUT_BUCKETS - 1; bucket++) {
        sum += playout->histogram[bucket];
        if (sum >= QUANTILE * all)
            break;
    }
    unsigned target = playout->min_ms + PLAYOUT_BUCKET_MS * bucket;
    playout->target_ms = target < playout->max_ms ? target : playout->max_ms;
}

static void count(struct playout *playout, int64_t above)
{
    int64_t bucket = above / BUCKET_NS;

    playout->weight /= FORGET;
    playout->histogram[bucket < PLAYOUT_BUCKETS ? bucket : PLAYOUT_BUCKETS - 1] += playout->weight;
    if (playout->weight < WEIGHT_MAX)
        return;
    for (unsigned i = 0; i < PLAYOUT_BUCKETS; i++)
        playout->histogram[i] /= WEIGHT_MAX;
    playout->weight /= WEIGHT_MAX;
}

int64_t playout_learn(struct playout *playout, int64_t arrival_ns, int64_t said_ns)
{
    int64_t transit = arrival_ns - said_ns;

    if (!playout->base_known) {
        playout->base_known = true;
        playout->base_ns[0] = playout->base_ns[1] = transit;
        playout->base_window_ns = arrival_ns;
    }
    if (arrival_ns - playout->base_window_ns > BASE_WINDOW_NS) {
        playout->base_ns[1] = playout->base_ns[0];
        playout->base_ns[0] = transit;
        playout->base_window_ns = arrival_ns;
    }
    if (transit < playout->base_ns[0])
        playout->base_ns[0] = transit;
    int64_t base = playout->base_ns[0] < playout->base_ns[1] ? playout->base_ns[0] : playout->base_ns[1];
    int64_t above = transit - base, advance = said_ns - playout->said_ns;
    bool queued = advance > 0 && arrival_ns - playout->arrival_ns < advance / 4;
    playout->arrival_ns = arrival_ns;
    playout->said_ns = said_ns;
    if (!queued) {
        count(playout, above);
        choose_target(playout);
    }
    return above;
}
