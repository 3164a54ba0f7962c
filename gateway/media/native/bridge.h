/* Two legs that hear each other, and what one leg hears otherwise. */
#ifndef ZM_BRIDGE_H
#define ZM_BRIDGE_H

#include "thread.h"

void zm_bridge_join(zm_leg *first, zm_leg *second);
/* Both hear nothing then. */
void zm_bridge_end(zm_leg *leg);
/* Codec or packet time of a leg changed: choose the way anew. */
void zm_bridge_renew(zm_leg *leg);
void zm_hear(zm_leg *leg, zm_hears hears);

/* A packet that `leg` said goes to who hears it. `is_event`: RFC 4733. */
void zm_bridge_pass(zm_leg *leg, const zm_rtp *rtp, bool is_event);
/* A packet that is not passed on: close the gap that it would leave in the numbering. */
void zm_bridge_skip(zm_leg *leg, const zm_rtp *rtp);
/* Every 20 ms: what the leg hears from players, mixes and silence. */
void zm_hear_tick(zm_leg *leg);

#endif
