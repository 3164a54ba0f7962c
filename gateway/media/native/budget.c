#include "budget.h"

#include <string.h>

_Static_assert(ZM_REFUSALS_PER_NETWORK_MAX <= UINT8_MAX, "counted in an octet");

static uint32_t network_of(const zm_addr *addr, uint64_t seed)
{
    uint64_t hash = addr->any.sa_family == AF_INET6 ? zm_bytes_hash(&addr->v6.sin6_addr, 8, seed)
                                                    : zm_bytes_hash(&addr->v4.sin_addr, 3, seed);

    return hash & (ZM_BUDGET_NETWORKS - 1);
}

bool zm_budget_take(zm_budget *budget, const zm_addr *to, uint64_t now_ns, uint64_t seed)
{
    uint64_t second = now_ns / 1000000000u;
    uint8_t *spent = &budget->by_network[network_of(to, seed)];

    if (budget->second != second) {
        memset(budget, 0, sizeof *budget);
        budget->second = second;
    }
    if (budget->spent == ZM_REFUSALS_PER_SECOND_MAX || *spent == ZM_REFUSALS_PER_NETWORK_MAX)
        return false;
    budget->spent++;
    ++*spent;
    return true;
}
