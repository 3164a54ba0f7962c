/* IPv4 and IPv6 socket addresses as keys. */
#ifndef ZM_ADDR_H
#define ZM_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} zm_addr;

enum { ZM_ADDR_TEXT = 46 /* INET6_ADDRSTRLEN */ };

/* `text` is an IPv4 or IPv6 literal; false when it is not. */
bool zm_addr_parse(zm_addr *addr, const char *text, uint16_t port);
void zm_addr_format(const zm_addr *addr, char text[ZM_ADDR_TEXT]);
socklen_t zm_addr_len(const zm_addr *addr);
uint16_t zm_addr_port(const zm_addr *addr);
void zm_addr_set_port(zm_addr *addr, uint16_t port);
bool zm_addr_same_host(const zm_addr *a, const zm_addr *b);
bool zm_addr_equal(const zm_addr *a, const zm_addr *b);
/* Seeded, so that nobody outside can choose addresses that collide. */
uint64_t zm_addr_hash(const zm_addr *addr, uint64_t seed);
uint64_t zm_bytes_hash(const void *data, uint32_t len, uint64_t seed);

#endif
