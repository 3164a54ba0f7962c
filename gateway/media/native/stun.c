#include "stun.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "rtp.h"

enum {
    COOKIE = 0x2112a442,
    USERNAME = 0x0006,
    INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    INTEGRITY_SHA256 = 0x001c,
    FINGERPRINT = 0x8028,
    CONTROLLED = 0x8029,
    CONTROLLING = 0x802a,
    INTEGRITY_LEN = 20,
};

static uint32_t crc32_of(const uint8_t *data, uint32_t len)
{
    uint32_t crc = 0xffffffff;

    /* A check is about 100 octets and comes every 2.5 s or so per leg: a table would only displace better things. */
    for (; len; len--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* HMAC over the message up to `at`, its length field set as if it ended behind the attribute (RFC 8489 14.5). */
static bool integrity(uint8_t mac[INTEGRITY_LEN], const uint8_t *message, uint32_t at, const char *pwd)
{
    uint8_t copy[2048];
    unsigned mac_len = INTEGRITY_LEN;

    if (at > sizeof copy)
        return false;
    memcpy(copy, message, at);
    zm_put16(copy + 2, (uint16_t)(at + 4 + INTEGRITY_LEN - ZM_STUN_HEADER));
    return HMAC(EVP_sha1(), pwd, (int)strlen(pwd), copy, at, mac, &mac_len) != NULL;
}

static void take_attribute(zm_stun *stun, const uint8_t *datagram, uint32_t at, uint16_t type, uint16_t len)
{
    switch (type) {
    case USERNAME:
        stun->username = (const char *)datagram + at + 4;
        stun->username_len = len;
        break;
    case USE_CANDIDATE:
        stun->use_candidate = true;
        break;
    case CONTROLLED:
        stun->controlled = true;
        break;
    case CONTROLLING:
        stun->controlling = true;
        break;
    case PRIORITY:
    case XOR_MAPPED_ADDRESS:
    case ERROR_CODE:
    case INTEGRITY_SHA256:
        break;
    default:
        if (type < 0x8000 && stun->unknown_count < ZM_STUN_UNKNOWN_MAX)
            stun->unknown[stun->unknown_count++] = type;
    }
}

bool zm_stun_parse(zm_stun *stun, const uint8_t *datagram, uint32_t len)
{
    uint32_t at = ZM_STUN_HEADER;

    memset(stun, 0, sizeof *stun);
    if (len < ZM_STUN_HEADER || datagram[0] & 0xc0 || zm_get32(datagram + 4) != COOKIE ||
        zm_get16(datagram + 2) != len - ZM_STUN_HEADER || len & 3)
        return false;
    stun->type = zm_get16(datagram);
    memcpy(stun->transaction, datagram + 8, 12);
    while (at + 4 <= len) {
        uint16_t type = zm_get16(datagram + at), attribute_len = zm_get16(datagram + at + 2);
        if (attribute_len > len - at - 4)
            return false;
        if (type == FINGERPRINT) {
            if (attribute_len != 4 || at + 8 != len ||
                zm_get32(datagram + at + 4) != (crc32_of(datagram, at) ^ 0x5354554e))
                return false;
            stun->fingerprint = true;
        } else if (stun->integrity_at == 0) { /* what follows MESSAGE-INTEGRITY is not protected: ignored */
            if (type != INTEGRITY)
                take_attribute(stun, datagram, at, type, attribute_len);
            else if (attribute_len == INTEGRITY_LEN)
                stun->integrity_at = at;
            else
                return false;
        }
        at += 4 + ((attribute_len + 3u) & ~3u);
    }
    return at == len;
}

bool zm_stun_check_integrity(const zm_stun *stun, const uint8_t *datagram, const char *pwd)
{
    uint8_t mac[INTEGRITY_LEN];

    return stun->integrity_at && integrity(mac, datagram, stun->integrity_at, pwd) &&
           CRYPTO_memcmp(mac, datagram + stun->integrity_at + 4, INTEGRITY_LEN) == 0;
}

static uint32_t begin(uint8_t *to, uint16_t type, const uint8_t transaction[12])
{
    zm_put16(to, type);
    zm_put16(to + 2, 0);
    zm_put32(to + 4, COOKIE);
    memcpy(to + 8, transaction, 12);
    return ZM_STUN_HEADER;
}

static uint32_t put(uint8_t *to, uint32_t at, uint16_t type, const void *value, uint32_t len)
{
    uint32_t padded = (len + 3u) & ~3u;

    zm_put16(to + at, type);
    zm_put16(to + at + 2, (uint16_t)len);
    memset(to + at + 4, 0, padded);
    if (len)
        memcpy(to + at + 4, value, len);
    return at + 4 + padded;
}

static uint32_t finish(uint8_t *to, uint32_t at, const char *pwd)
{
    uint8_t mac[INTEGRITY_LEN], crc[4];

    if (pwd && integrity(mac, to, at, pwd))
        at = put(to, at, INTEGRITY, mac, INTEGRITY_LEN);
    zm_put16(to + 2, (uint16_t)(at + 8 - ZM_STUN_HEADER));
    zm_put32(crc, crc32_of(to, at) ^ 0x5354554e);
    return put(to, at, FINGERPRINT, crc, 4);
}

uint32_t zm_stun_write_success(uint8_t *to, const zm_stun *request, const zm_addr *from, const char *pwd)
{
    uint32_t at = begin(to, ZM_STUN_BINDING_SUCCESS, request->transaction);
    uint8_t value[20] = {0, from->any.sa_family == AF_INET6 ? 2 : 1};
    uint32_t host_len = from->any.sa_family == AF_INET6 ? 16 : 4;
    const void *host = host_len == 16 ? (const void *)&from->v6.sin6_addr : &from->v4.sin_addr;

    zm_put16(value + 2, zm_addr_port(from) ^ (COOKIE >> 16));
    memcpy(value + 4, host, host_len);
    for (uint32_t i = 0; i < host_len; i++)
        value[4 + i] ^= to[4 + i]; /* the cookie, then the transaction id (14.2) */
    at = put(to, at, XOR_MAPPED_ADDRESS, value, 4 + host_len);
    return finish(to, at, pwd);
}

uint32_t zm_stun_write_error(uint8_t *to, const zm_stun *request, unsigned code, const char *reason, const char *pwd)
{
    uint32_t at = begin(to, ZM_STUN_BINDING_ERROR, request->transaction);
    uint32_t reason_len = (uint32_t)strlen(reason);
    uint8_t value[64] = {0, 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};

    memcpy(value + 4, reason, reason_len > 60 ? 60 : reason_len);
    at = put(to, at, ERROR_CODE, value, 4 + (reason_len > 60 ? 60 : reason_len));
    if (request->unknown_count && code == 420) {
        for (uint32_t i = 0; i < request->unknown_count; i++)
            zm_put16(value + 2 * i, request->unknown[i]);
        at = put(to, at, UNKNOWN_ATTRIBUTES, value, 2 * request->unknown_count);
    }
    return finish(to, at, pwd);
}

static uint32_t write_request(
    uint8_t *to, const uint8_t transaction[12], const char *username, const char *pwd, uint16_t role, bool use_candidate)
{
    uint32_t at = begin(to, ZM_STUN_BINDING_REQUEST, transaction);
    static const uint8_t priority[4] = {0x6e, 0x7f, 0x1e, 0xff};
    static const uint8_t tie_breaker[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    at = put(to, at, USERNAME, username, (uint32_t)strlen(username));
    at = put(to, at, role, tie_breaker, sizeof tie_breaker);
    at = put(to, at, PRIORITY, priority, sizeof priority);
    if (use_candidate)
        at = put(to, at, USE_CANDIDATE, NULL, 0);
    return finish(to, at, pwd);
}

uint32_t zm_stun_write_consent(uint8_t *to, const uint8_t transaction[12], const char *username, const char *pwd)
{
    return write_request(to, transaction, username, pwd, CONTROLLED, false);
}

uint32_t zm_stun_write_request(
    uint8_t *to, const uint8_t transaction[12], const char *username, const char *pwd, bool use_candidate)
{
    return write_request(to, transaction, username, pwd, CONTROLLING, use_candidate);
}
