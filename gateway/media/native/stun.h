/* STUN Binding (RFC 8489) as an ICE-lite agent needs it (RFC 8445): requests in, responses out.  Pure: no sockets. */
#ifndef ZM_STUN_H
#define ZM_STUN_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

enum {
    ZM_STUN_HEADER = 20,
    ZM_STUN_RESPONSE_MAX = 256,
    ZM_STUN_REQUEST_MAX = 640, /* with a USERNAME of two ufrags of 256 */
    ZM_STUN_UNKNOWN_MAX = 8,
    ZM_STUN_BINDING_REQUEST = 0x0001,
    ZM_STUN_BINDING_INDICATION = 0x0011,
    ZM_STUN_BINDING_SUCCESS = 0x0101,
    ZM_STUN_BINDING_ERROR = 0x0111,
};

typedef struct {
    uint16_t type;
    uint8_t transaction[12];
    const char *username; /* not terminated; NULL when absent */
    uint32_t username_len;
    uint32_t integrity_at; /* offset of MESSAGE-INTEGRITY, 0 = absent */
    bool fingerprint;      /* present and right */
    bool use_candidate, controlled, controlling;
    uint16_t unknown[ZM_STUN_UNKNOWN_MAX]; /* comprehension-required attributes that we do not know */
    uint32_t unknown_count;
} zm_stun;

/* False when it is not a well-formed STUN message, or its FINGERPRINT is wrong. */
bool zm_stun_parse(zm_stun *stun, const uint8_t *datagram, uint32_t len);
bool zm_stun_check_integrity(const zm_stun *stun, const uint8_t *datagram, const char *pwd);

/* Write a response into `to` (ZM_STUN_RESPONSE_MAX octets) and return its length.  With `pwd` it carries
 * MESSAGE-INTEGRITY; 401 and 400 go without (RFC 8489 9.1.3). */
uint32_t zm_stun_write_success(uint8_t *to, const zm_stun *request, const zm_addr *from, const char *pwd);
uint32_t zm_stun_write_error(uint8_t *to, const zm_stun *request, unsigned code, const char *reason, const char *pwd);
/* A request of the controlled side, for ZM_STUN_REQUEST_MAX octets (RFC 7675 5.1). */
uint32_t zm_stun_write_consent(uint8_t *to, const uint8_t transaction[12], const char *username, const char *pwd);
/* For tests and the load generator. */
uint32_t zm_stun_write_request(
    uint8_t *to, const uint8_t transaction[12], const char *username, const char *pwd, bool use_candidate);

#endif
