/* Which packet indices have been seen: a sliding window (RFC 3711 3.3.2).  Pure. */
#ifndef ZM_REPLAY_H
#define ZM_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    ZM_REPLAY_WORDS = 16, /* a power of 2 */
    ZM_REPLAY_BITS = ZM_REPLAY_WORDS * 64,
    ZM_REPLAY_WINDOW = ZM_REPLAY_BITS - 64, /* the newest word is not full yet, and has taken the oldest one's place */
};

typedef struct {
    uint64_t next; /* one past the highest index seen, 0 = none yet */
    uint64_t seen[ZM_REPLAY_WORDS]; /* a ring: bit `index % ZM_REPLAY_BITS` */
} zm_replay;

static inline bool zm_replay_fresh(const zm_replay *replay, uint64_t index)
{
    if (index >= replay->next)
        return true;
    return replay->next - index <= ZM_REPLAY_WINDOW &&
           !(replay->seen[index / 64 % ZM_REPLAY_WORDS] >> (index % 64) & 1);
}

/* `index` is fresh, and its packet authentic. */
static inline void zm_replay_add(zm_replay *replay, uint64_t index)
{
    if (index >= replay->next) {
        /* The words that the window moves into are forgotten: each holds 64 indices, the first is in use already. */
        uint64_t from = (replay->next + 63) / 64, to = index / 64;
        if (to >= from + ZM_REPLAY_WORDS)
            memset(replay->seen, 0, sizeof replay->seen);
        else
            for (uint64_t word = from; word <= to; word++)
                replay->seen[word % ZM_REPLAY_WORDS] = 0;
        replay->next = index + 1;
    }
    replay->seen[index / 64 % ZM_REPLAY_WORDS] |= 1ull << (index % 64);
}

#endif
