/* Packets that wait for their turn in a jitter buffer, in order of their timestamps.  Plain memory of fixed size. */
#ifndef ZENTRALE_HELD_H
#define ZENTRALE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#define HELD_MAX 32
#define HELD_PAYLOAD_MAX 1500

struct held_packet {
    uint16_t length;
    bool noise;        /* RFC 3389 */
    uint32_t ticks;    /* duration in RTP clock; 0: noise */
    int64_t timestamp; /* unwrapped */
};

struct held {
    unsigned count;
    uint8_t order[HELD_MAX]; /* packets[order[0]] is next */
    uint32_t used;           /* bit n: packets[n] */
    struct held_packet packets[HELD_MAX];
    uint8_t payloads[HELD_MAX][HELD_PAYLOAD_MAX]; /* apart, so that looking for a packet touches little memory */
};

static inline const struct held_packet *held_first(const struct held *held)
{
    return held->count ? &held->packets[held->order[0]] : 0;
}

static inline const uint8_t *held_payload(const struct held *held, const struct held_packet *packet)
{
    return held->payloads[packet - held->packets];
}

void held_clear(struct held *held);
void held_drop_first(struct held *held);
/* `count` is below HELD_MAX, `packet->length` at most HELD_PAYLOAD_MAX. */
void held_insert(struct held *held, const struct held_packet *packet, const uint8_t *payload);

#endif
