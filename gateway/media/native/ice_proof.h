/* Proof that a browser is where its checks seem to come from.  A check's source is not covered by MESSAGE-INTEGRITY: who sees
 * one on its way can send it again from elsewhere, and who has a call of its own can forge its source, and either would
 * turn a stream on somebody who never asked (RFC 8445 19.5.1).  A lite agent makes no connectivity checks, but consent to
 * send is what an answered Binding request gives (RFC 7675 5.1): so each new path is asked once, and media goes there
 * when the answer has come. */
#ifndef ZM_ICE_PROOF_H
#define ZM_ICE_PROOF_H

#include "stun.h"
#include "thread.h"

/* It was proved, or can't be: nobody told us the browser's password. */
bool zm_path_trusted(const zm_path *path);
/* Send the request, unless the path is trusted; once for each check that comes, and again as time passes.  `path` has been
 * checked under the leg's credentials number `path->under`. */
void zm_path_ask(zm_path *path);
void zm_path_ask_again(zm_path *path);
/* The path that this response proves; NULL: it answers nothing that we asked there, or is not authentic. */
zm_path *zm_path_answered(
    zm_thread *thread, const zm_web_port *port, const zm_stun *stun, const uint8_t *datagram, const zm_addr *from);

#endif
