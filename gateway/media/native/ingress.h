/* Packets in: reading sockets, telling protocols apart (RFC 7983), from datagram to leg. */
#ifndef ZM_INGRESS_H
#define ZM_INGRESS_H

#include "thread.h"

void zm_read_web(zm_thread *thread, zm_web_port *port);
void zm_read_rtp(zm_leg *leg);
void zm_read_rtcp(zm_leg *leg);

#endif
