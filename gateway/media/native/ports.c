#include "ports.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <unistd.h>

enum { SPAN_TRIED = 256 }; /* pairs that may belong to other programs before we call it full */

bool zm_ports_init(zm_ports *ports, uint16_t first, uint16_t last)
{
    uint32_t even = (first + 1u) & ~1u;

    ports->first = (uint16_t)even;
    ports->pairs = even < last ? (last - even + 1u) / 2 : 0;
    ports->next = ports->used_count = 0;
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

int zm_udp_socket(const zm_addr *bind_to, int buffer_octets)
{
    static const int expedited = IPTOS_DSCP_EF, on = 1, whole = IP_PMTUDISC_DO;
    int fd = socket(bind_to->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind_to->any.sa_family == AF_INET6) {
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &expedited, sizeof expedited);
    } else {
        (void)!setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof expedited);
        /* Never in fragments, which firewalls drop; and no identification has to be made for them. */
        (void)!setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_octets, sizeof buffer_octets) < 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_octets, sizeof buffer_octets);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_octets, sizeof buffer_octets) < 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_octets, sizeof buffer_octets);
    if (bind(fd, &bind_to->any, zm_addr_len(bind_to)) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

uint32_t zm_udp_overflows(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof info;

    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}

static bool bind_pair(zm_addr host, uint16_t port, int buffer, int *rtp_fd, int *rtcp_fd)
{
    zm_addr_set_port(&host, port);
    *rtp_fd = zm_udp_socket(&host, buffer);
    if (*rtp_fd < 0)
        return false;
    zm_addr_set_port(&host, (uint16_t)(port + 1));
    *rtcp_fd = zm_udp_socket(&host, buffer / 4);
    if (*rtcp_fd >= 0)
        return true;
    close(*rtp_fd);
    return false;
}

bool zm_ports_bind(zm_ports *ports, const zm_addr *host, int *rtp_fd, int *rtcp_fd, uint16_t *port)
{
    enum { BUFFER = 256 << 10 };
    bool bound = false;
    uint32_t tried = 0;

    pthread_mutex_lock(&ports->lock);
    /* Round the whole range before a port comes again: late packets of an ended call reach nobody. */
    for (uint32_t step = 0; step < ports->pairs && !bound && tried < SPAN_TRIED; step++) {
        uint32_t pair = (ports->next + step) % ports->pairs;
        if (ports->used[pair])
            continue;
        tried++;
        *port = (uint16_t)(ports->first + 2 * pair);
        bound = bind_pair(*host, *port, BUFFER, rtp_fd, rtcp_fd);
        if (!bound && errno != EADDRINUSE && errno != EACCES)
            break;
        if (bound) {
            ports->used[pair] = 1;
            ports->used_count++;
            ports->next = (pair + 1) % ports->pairs;
        }
    }
    pthread_mutex_unlock(&ports->lock);
    return bound;
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
