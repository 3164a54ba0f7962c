/* Two legs that hear each other, and what one leg hears otherwise. */
#ifndef ZM_BRIDGE_H
#define ZM_BRIDGE_H

#include "pcm.h"
#include "thread.h"

void zm_bridge_join(zm_leg *first, zm_leg *second);
/* The leg leaves its bridge or conference; the other side of a bridge hears nothing then. */
void zm_bridge_end(zm_leg *leg);
/* The same, and sounds end on both sides. */
void zm_bridge_silence(zm_leg *leg);
/* Codec or packet time of a leg changed: choose the way anew. */
void zm_bridge_renew(zm_leg *leg);
/* Hear something else from here on; an announcement ends. */
void zm_hear(zm_leg *leg, zm_hears hears);

/* A packet that `leg` said goes to who hears it. `is_event`: RFC 4733. */
void zm_bridge_pass(zm_leg *leg, const zm_rtp *rtp, bool is_event);
/* Comfort noise (RFC 3389) that `leg` sent: passed on where the other side has it, else replaced by noise. */
void zm_bridge_pass_noise(zm_leg *leg, const zm_rtp *rtp);
/* A packet that is not passed on: close the gap that it would leave in the numbering. */
void zm_bridge_skip(zm_leg *leg, const zm_rtp *rtp);
/* Every 20 ms: what the leg hears from players, mixes and silence. */
void zm_hear_tick(zm_leg *leg);

/* --- for conferences and players ------------------------------------------------------------------------------------ */

/* Bridge the two by the best way there is; what each hears stays as it is. */
void zm_bridge_pair(zm_leg *first, zm_leg *second);
/* No bridge any more; PCM stages, and what each hears, stay as they are. */
void zm_bridge_unpair(zm_leg *first, zm_leg *second);
/* No bridge any more, and who heard the other hears nothing. */
void zm_bridge_part(zm_leg *leg);
/* Let two who are relayed go over to PCM at `rate`: until their jitter buffers know the streams they are relayed still.
 * True while that lasts; zm_conference_renew follows. */
bool zm_bridge_warm(zm_leg *first, zm_leg *second, uint32_t rate);
void zm_bridge_pass_event(zm_leg *from, zm_leg *to, const zm_rtp *rtp);
/* As zm_hear, with the announcement going on. */
void zm_hear_from(zm_leg *leg, zm_hears hears);
/* An announcement began or ended: what is beneath it is needed as PCM, or not any more. */
void zm_background_changed(zm_leg *leg);

/* Send 20 ms to a leg that can be sent to: of a sound, of a mix (nothing while a telephone event has its place), of PCM
 * at `leg->pcm_rate`, or silence. */
void zm_send_sound(zm_leg *leg, const uint8_t *payload, uint32_t len);
void zm_send_mixed(zm_leg *leg, const zm_encoded *made);
void zm_send_pcm(zm_leg *leg, const int16_t *pcm);
void zm_send_quiet(zm_leg *leg);

#endif
