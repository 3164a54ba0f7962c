/* The UDP port pairs for SIP legs: RTP on an even port, RTCP on the next (RFC 3550 11). */
#ifndef ZM_PORTS_H
#define ZM_PORTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

typedef struct {
    pthread_mutex_t lock;
    uint16_t first;  /* even */
    uint32_t pairs, next, used_count;
    uint8_t *used;   /* one octet per pair */
} zm_ports;

bool zm_ports_init(zm_ports *ports, uint16_t first, uint16_t last);
void zm_ports_free(zm_ports *ports);

/* Bind a pair on `host`; a pair that another program has is passed over.  False, with errno: EADDRINUSE or EACCES when none
 * is left, else what the system lacks.  Only one thread may call it; releasing is free to all. */
bool zm_ports_bind(zm_ports *ports, const zm_addr *host, int *rtp_fd, int *rtcp_fd, uint16_t *port);
/* After the sockets are closed. */
void zm_ports_release(zm_ports *ports, uint16_t port);

/* A non-blocking UDP socket with the plane's options; -1 with errno. */
int zm_udp_socket(const zm_addr *bind_to, int buffer_octets);
/* Datagrams that the kernel threw away because we were late to read. */
uint32_t zm_udp_overflows(int fd);

#endif
