/* How much may be answered to whom nobody vouches for.  UDP's sources can be forged, so that each answer may hit somebody
 * who never asked (RFC 8489 21.1, reflection): each network has few a second, all together not many more.  Pure. */
#ifndef ZM_BUDGET_H
#define ZM_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "limits.h"

enum { ZM_BUDGET_NETWORKS = 1024 }; /* told apart by a hash; two that fall together share */

typedef struct {
    uint64_t second;
    uint32_t spent;
    uint8_t by_network[ZM_BUDGET_NETWORKS];
} zm_budget;

/* May one more answer go to `to`?  Networks are /24 and /64.  `seed` is secret: nobody chooses with whom they share. */
bool zm_budget_take(zm_budget *budget, const zm_addr *to, uint64_t now_ns, uint64_t seed);

#endif
