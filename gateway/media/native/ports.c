#include "ports.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "limits.h"

bool zm_ports_init(zm_ports *ports, uint16_t first, uint16_t last)
{
    uint32_t even = (first + 1u) & ~1u, start;

    if (getrandom(&start, sizeof start, 0) != sizeof start)
        return false;
    ports->first = (uint16_t)even;
    ports->pairs = even < last ? (last - even + 1u) / 2 : 0;
    ports->next = ports->pairs ? start % ports->pairs : 0; /* nobody outside knows which comes next after a restart */
    ports->used_count = 0;
    ports->used = calloc(ports->pairs ? ports->pairs : 1, 1);
    return ports->used != NULL && pthread_mutex_init(&ports->lock, NULL) == 0;
}

void zm_ports_free(zm_ports *ports)
{
    if (ports->used == NULL)
        return;
    free(ports->used);
    ports->used = NULL;
    pthread_mutex_destroy(&ports->lock);
}

static int open_socket(int family)
{
    static const int on = 1;
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && family == AF_INET6)
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return fd;
}

static void set_options(int fd, int family, int buffer_octets)
{
    /* Never in fragments, which firewalls drop, and by no path MTU that the kernel was told: who forges an ICMP "fragmentation
     * needed" must not stop pictures (RFC 8899 1.1 and 4.6; browsers keep to 1200 octets by themselves). */
    static const int expedited = IPTOS_DSCP_EF, whole = IP_PMTUDISC_PROBE, whole_v6 = IPV6_PMTUDISC_PROBE;

    if (family == AF_INET6) {
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &expedited, sizeof expedited);
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &whole_v6, sizeof whole_v6);
    } else {
        (void)!setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof expedited);
        (void)!setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_octets, sizeof buffer_octets) < 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_octets, sizeof buffer_octets);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_octets, sizeof buffer_octets) < 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_octets, sizeof buffer_octets);
}

/* -1 without touching errno. */
static int close_socket(int fd)
{
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

int zm_udp_socket(const zm_addr *bind_to, int buffer_octets)
{
    int fd = open_socket(bind_to->any.sa_family);

    if (fd < 0)
        return -1;
    if (bind(fd, &bind_to->any, zm_addr_len(bind_to)) < 0)
        return close_socket(fd);
    set_options(fd, bind_to->any.sa_family, buffer_octets);
    return fd;
}

uint32_t zm_udp_overflows(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof info;

    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}

/* The next pair that none of ours has, from where we are, and at most `*steps` further; it is taken.  Goes round the whole
 * range before a port comes again: late packets of an ended call reach nobody. */
static bool take_pair(zm_ports *ports, uint32_t *steps, uint16_t *port)
{
    bool found = false;

    pthread_mutex_lock(&ports->lock);
    for (; *steps && !found; --*steps) {
        uint32_t pair = ports->next;
        ports->next = (pair + 1) % ports->pairs;
        if (ports->used[pair])
            continue;
        ports->used[pair] = 1;
        ports->used_count++;
        *port = (uint16_t)(ports->first + 2 * pair);
        found = true;
    }
    pthread_mutex_unlock(&ports->lock);
    return found;
}

/* A socket that could not be bound can be tried with the next port. */
static bool bind_port(int *fd, zm_addr host, uint16_t port)
{
    if (*fd < 0 && (*fd = open_socket(host.any.sa_family)) < 0)
        return false;
    zm_addr_set_port(&host, port);
    return bind(*fd, &host.any, zm_addr_len(&host)) == 0;
}

bool zm_ports_bind(zm_ports *ports, const zm_addr *host, int *rtp_fd, int *rtcp_fd, uint16_t *port)
{
    uint32_t steps = ports->pairs;

    *rtp_fd = *rtcp_fd = -1;
    errno = EADDRINUSE;
    while (take_pair(ports, &steps, port)) {
        bool half = bind_port(rtp_fd, *host, *port);
        if (half && bind_port(rtcp_fd, *host, (uint16_t)(*port + 1))) {
            set_options(*rtp_fd, host->any.sa_family, ZM_LEG_SOCKET_BUFFER);
            set_options(*rtcp_fd, host->any.sa_family, ZM_LEG_SOCKET_BUFFER / 4);
            return true;
        }
        if (half)
            *rtp_fd = close_socket(*rtp_fd);
        zm_ports_release(ports, *port);
        if (errno != EADDRINUSE && errno != EACCES) /* not another program's: the next one would be no better */
            break;
    }
    close_socket(*rtp_fd);
    close_socket(*rtcp_fd);
    return false;
}

void zm_ports_release(zm_ports *ports, uint16_t port)
{
    uint32_t pair = (uint32_t)(port - ports->first) / 2;

    pthread_mutex_lock(&ports->lock);
    if (pair < ports->pairs && ports->used[pair]) {
        ports->used[pair] = 0;
        ports->used_count--;
    }
    pthread_mutex_unlock(&ports->lock);
}
