/* ICE-lite (RFC 8445) on the browser ports: checks answered, paths verified and nominated, restarts, consent (RFC 7675). */
#ifndef ZM_ICE_H
#define ZM_ICE_H

#include "thread.h"

void zm_ice_receive(zm_thread *thread, zm_web_port *port, const uint8_t *datagram, uint32_t len, const zm_addr *from);
/* The verified path between this source and our port, NULL when there is none. */
zm_path *zm_ice_find_path(zm_thread *thread, const zm_web_port *port, const zm_addr *from);
/* Where to send: the nominated path, or the last one that passed a check; NULL when there is none.  Media: when it is known,
 * too, that the browser is there (ice_proof.h). */
const zm_path *zm_ice_handshake_path(const zm_leg *leg);
const zm_path *zm_ice_path(const zm_leg *leg);
void zm_ice_add_leg(zm_leg *leg);
void zm_ice_remove_leg(zm_leg *leg);
/* New credentials (RFC 8445 9).  The former hold, and so does the pair in use, until a pair is nominated under the new. */
void zm_ice_restart(zm_leg *leg, const char *ufrag, const char *pwd);
/* Forget paths whose last check is older than the consent time. */
void zm_ice_expire(zm_leg *leg);

#endif
