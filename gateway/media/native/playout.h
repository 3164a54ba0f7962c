/* How long sound must be held before it is played: learned from the packets' arrival alone.
 *
 * Jitter is a packet's transit time above the least one of the last 1.5 to 3 s; a forgetful histogram of it (about 4 s)
 * gives the delay that 97 % of the packets keep.  What queued behind a late packet and came right after it is not counted:
 * one stall of the network is one event, however many packets waited for its end.  Plain memory; times in ns of one
 * monotonic clock. */
#ifndef ZENTRALE_PLAYOUT_H
#define ZENTRALE_PLAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define PLAYOUT_BUCKETS 24
#define PLAYOUT_BUCKET_MS 5

struct playout {
    unsigned min_ms, max_ms;
    unsigned target_ms;
    bool base_known;
    int64_t base_ns[2]; /* least transit of this window and the one before */
    int64_t base_window_ns;
    int64_t arrival_ns, said_ns; /* of the packet before */
    float histogram[PLAYOUT_BUCKETS]; /* its sum is always `weight` / (1 - forgetting) */
    float weight;                     /* of the next packet: grows instead of all others' shrinking */
};

/* The target stays within `min_ms` and `max_ms`. */
void playout_init(struct playout *playout, unsigned min_ms, unsigned max_ms);
/* Another stream: transit begins anew, what is known of jitter stays. */
void playout_restart(struct playout *playout);
/* Learn from a packet: when it came, and when its first sample was said by the sender's clock.  Returns how much longer
 * than the fastest one it was under way, in ns. */
int64_t playout_learn(struct playout *playout, int64_t arrival_ns, int64_t said_ns);

#endif
