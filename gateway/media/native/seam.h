/* What a leg hears changes: from one source of sound to another without a step in between, which would be a click.
 *
 * The difference between the last sample of the old source and the first one of the new is added to the new one and
 * dies away within 10 ms.  G.711 only, where a packet begins anew at its first sample. */
#ifndef ZM_SEAM_H
#define ZM_SEAM_H

#include "leg.h"

enum { ZM_SEAM_SAMPLES = 80 };

/* The source changes: what is sent next is joined to what was sent last. */
void zm_seam_open(zm_leg *leg);

/* Payload that is sent to the leg: as it is, or joined (then in `joined`, which has room for it). */
const uint8_t *zm_seam_join(zm_leg *leg, const uint8_t *payload, uint32_t len, uint8_t *joined);

/* To be called for each payload of sound that goes to the leg: the only cost for a relayed packet. */
static inline void zm_seam_note(zm_leg *leg, const uint8_t *payload, uint32_t len)
{
    leg->last_octet = (uint16_t)(0x100 | payload[len - 1]);
}

/* Silence goes to it. */
static inline void zm_seam_forget(zm_leg *leg)
{
    leg->last_octet = 0;
    leg->seam = false;
}

#endif
