#include "held.h"

#include <string.h>

void held_clear(struct held *held)
{
    held->count = 0;
    held->used = 0;
}

void held_drop_first(struct held *held)
{
    held->used &= ~(1u << held->order[0]);
    held->count--;
    memmove(held->order, held->order + 1, held->count);
}

void held_insert(struct held *held, const struct held_packet *packet, const uint8_t *payload)
{
    unsigned number = (unsigned)__builtin_ctz(~held->used), at = held->count;

    held->packets[number] = *packet;
    memcpy(held->payloads[number], payload, packet->length);
    held->used |= 1u << number;
    for (; at > 0 && held->packets[held->order[at - 1]].timestamp > packet->timestamp; at--)
        held->order[at] = held->order[at - 1];
    held->order[at] = (uint8_t)number;
    held->count++;
}
