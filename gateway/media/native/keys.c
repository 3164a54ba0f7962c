#include "keys.h"

#include <openssl/evp.h>
#include <string.h>

#include "leg.h"
#include "thread.h"

bool zm_key_make(zm_key *key, const char *profile, const uint8_t *material, uint32_t len, bool outbound)
{
    uint8_t both[64 + ZM_SRTP_KEY_MAX] = {0};
    size_t name_len = strlen(profile);
    bool made;

    if (name_len > 64 || len > ZM_SRTP_KEY_MAX)
        return false;
    memcpy(both, profile, name_len);
    memcpy(both + 64, material, len);
    made = EVP_Digest(both, sizeof both, key->digest, NULL, EVP_sha256(), NULL) == 1;
    explicit_bzero(both, sizeof both);
    key->srtp = made ? zm_srtp_new(profile, material, outbound) : NULL;
    return key->srtp != NULL;
}

static bool is_new(const zm_srtp *session, const uint8_t *digest, const zm_key *key)
{
    return session == NULL || memcmp(digest, key->digest, ZM_KEY_DIGEST) != 0;
}

void zm_keys_set(zm_leg *leg, zm_key *in, zm_key *out)
{
    if (is_new(leg->srtp_in, leg->key_in, in)) {
        zm_srtp_free(leg->srtp_before);
        leg->srtp_before = leg->srtp_in;
        leg->srtp_before_until_ns = leg->thread->now_ns + ZM_KEYS_LINGER_NS;
        leg->srtp_in = in->srtp;
        memcpy(leg->key_in, in->digest, ZM_KEY_DIGEST);
        in->srtp = NULL;
    }
    if (is_new(leg->srtp_out, leg->key_out, out)) {
        zm_srtp_free(leg->srtp_out);
        leg->srtp_out = out->srtp;
        memcpy(leg->key_out, out->digest, ZM_KEY_DIGEST);
        out->srtp = NULL;
    }
}

void zm_keys_clear(zm_leg *leg)
{
    zm_srtp_free(leg->srtp_in);
    zm_srtp_free(leg->srtp_out);
    zm_srtp_free(leg->srtp_before);
    leg->srtp_in = leg->srtp_out = leg->srtp_before = NULL;
    explicit_bzero(leg->key_in, sizeof leg->key_in);
    explicit_bzero(leg->key_out, sizeof leg->key_out);
}

static zm_srtp_result unprotect(zm_srtp *srtp, uint8_t *datagram, uint32_t *len, bool rtcp)
{
    return rtcp ? zm_srtp_unprotect_rtcp(srtp, datagram, len) : zm_srtp_unprotect(srtp, datagram, len);
}

zm_srtp_result zm_keys_open(zm_leg *leg, uint8_t *datagram, uint32_t *len, bool rtcp)
{
    uint8_t kept[ZM_RTP_MAX];
    uint32_t kept_len = *len;
    zm_srtp_result result;

    if (leg->srtp_in == NULL)
        return ZM_SRTP_OK;
    if (leg->srtp_before && leg->thread->now_ns > leg->srtp_before_until_ns) {
        zm_srtp_free(leg->srtp_before);
        leg->srtp_before = NULL;
    }
    if (leg->srtp_before == NULL)
        return unprotect(leg->srtp_in, datagram, len, rtcp);
    /* A failed try may leave the datagram half opened. */
    memcpy(kept, datagram, kept_len);
    result = unprotect(leg->srtp_in, datagram, len, rtcp);
    if (result != ZM_SRTP_FAILED)
        return result;
    memcpy(datagram, kept, kept_len);
    *len = kept_len;
    return unprotect(leg->srtp_before, datagram, len, rtcp);
}
