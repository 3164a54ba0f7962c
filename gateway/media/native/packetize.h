/* From encoded sound to packets of the length that a leg's other side wants (a=ptime, RFC 8866 6.4).  The caller has asked
 * zm_leg_can_send. */
#ifndef ZM_PACKETIZE_H
#define ZM_PACKETIZE_H

#include "thread.h"

/* Send a packet whose payload is complete. */
void zm_send_made(zm_leg *leg, const uint8_t *payload, uint32_t len, uint32_t ticks);
/* Send 20 ms that are encoded in the leg's codec, in packets of its packet time where octets can be cut. */
void zm_send_frame(zm_leg *leg, const uint8_t *payload, uint32_t len);
/* 20 ms of silence. */
void zm_send_silence(zm_leg *leg);

#endif
