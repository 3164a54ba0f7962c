/* Which addresses this machine has. */
#ifndef ZM_INTERFACES_H
#define ZM_INTERFACES_H

#include "addr.h"

/* The addresses of interfaces that are up, `any` and its like left out: loopback only when there is nothing else,
 * link-local never (they need a zone, and nobody far can reach them).  Returns how many; at most `max`. */
uint32_t zm_interface_addresses(int family, zm_addr *to, uint32_t max);

#endif
