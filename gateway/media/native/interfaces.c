#include "interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

static bool is_link_local(const zm_addr *addr)
{
    if (addr->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LINKLOCAL(&addr->v6.sin6_addr);
    return ntohl(addr->v4.sin_addr.s_addr) >> 16 == 0xa9fe; /* 169.254.0.0/16 */
}

static uint32_t collect(const struct ifaddrs *list, int family, bool loopback, zm_addr *to, uint32_t max)
{
    uint32_t count = 0;

    for (; list && count < max; list = list->ifa_next) {
        zm_addr addr;
        if (list->ifa_addr == NULL || list->ifa_addr->sa_family != family || !(list->ifa_flags & IFF_UP) ||
            !(list->ifa_flags & IFF_LOOPBACK) != !loopback)
            continue;
        memset(&addr, 0, sizeof addr);
        memcpy(&addr, list->ifa_addr, family == AF_INET6 ? sizeof addr.v6 : sizeof addr.v4);
        zm_addr_set_port(&addr, 0);
        if (!is_link_local(&addr))
            to[count++] = addr;
    }
    return count;
}

uint32_t zm_interface_addresses(int family, zm_addr *to, uint32_t max)
{
    struct ifaddrs *list;
    uint32_t count;

    if (getifaddrs(&list) != 0)
        return 0;
    count = collect(list, family, false, to, max);
    if (count == 0)
        count = collect(list, family, true, to, max);
    freeifaddrs(list);
    return count;
}
