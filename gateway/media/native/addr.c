#include "addr.h"

#include <arpa/inet.h>
#include <string.h>

bool zm_addr_parse(zm_addr *addr, const char *text, uint16_t port)
{
    memset(addr, 0, sizeof *addr);
    if (inet_pton(AF_INET, text, &addr->v4.sin_addr) == 1)
        addr->v4.sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &addr->v6.sin6_addr) == 1)
        addr->v6.sin6_family = AF_INET6;
    else
        return false;
    zm_addr_set_port(addr, port);
    return true;
}

void zm_addr_format(const zm_addr *addr, char text[ZM_ADDR_TEXT])
{
    const void *host = addr->any.sa_family == AF_INET6 ? (const void *)&addr->v6.sin6_addr : &addr->v4.sin_addr;

    if (inet_ntop(addr->any.sa_family, host, text, ZM_ADDR_TEXT) == NULL)
        text[0] = 0;
}

socklen_t zm_addr_len(const zm_addr *addr)
{
    return addr->any.sa_family == AF_INET6 ? sizeof addr->v6 : sizeof addr->v4;
}

uint16_t zm_addr_port(const zm_addr *addr)
{
    return ntohs(addr->any.sa_family == AF_INET6 ? addr->v6.sin6_port : addr->v4.sin_port);
}

void zm_addr_set_port(zm_addr *addr, uint16_t port)
{
    if (addr->any.sa_family == AF_INET6)
        addr->v6.sin6_port = htons(port);
    else
        addr->v4.sin_port = htons(port);
}

bool zm_addr_same_host(const zm_addr *a, const zm_addr *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET6)
        return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

bool zm_addr_equal(const zm_addr *a, const zm_addr *b)
{
    return zm_addr_same_host(a, b) && zm_addr_port(a) == zm_addr_port(b);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    return x ^ (x >> 32);
}

uint64_t zm_bytes_hash(const void *data, uint32_t len, uint64_t seed)
{
    const uint8_t *at = data;
    uint64_t hash = seed ^ len, word;

    for (; len >= 8; at += 8, len -= 8) {
        memcpy(&word, at, 8);
        hash = mix(hash ^ word);
    }
    word = 0;
    memcpy(&word, at, len);
    return mix(hash ^ word);
}

uint64_t zm_addr_hash(const zm_addr *addr, uint64_t seed)
{
    if (addr->any.sa_family == AF_INET6)
        return zm_bytes_hash(&addr->v6.sin6_addr, 16, seed ^ addr->v6.sin6_port);
    return mix(seed ^ ((uint64_t)addr->v4.sin_addr.s_addr << 16 | addr->v4.sin_port));
}
