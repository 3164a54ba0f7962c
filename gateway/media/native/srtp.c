#include "srtp.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "rtp.h"

struct zm_srtp {
    srtp_t session;
    /* Streams that libsrtp has made for sources seen.  It keeps them for ever, so a peer that changes its SSRC over and
     * over would eat memory: the oldest is removed. */
    uint32_t ssrcs[ZM_SSRCS_MAX], ssrc_next, ssrc_count;
    bool outbound;
};

static const struct {
    const char *name;
    srtp_profile_t profile;
    uint32_t key_len;
} profiles[] = {
    {"SRTP_AES128_CM_SHA1_80", srtp_profile_aes128_cm_sha1_80, SRTP_AES_ICM_128_KEY_LEN_WSALT},
    {"SRTP_AEAD_AES_128_GCM", srtp_profile_aead_aes_128_gcm, SRTP_AES_GCM_128_KEY_LEN_WSALT},
    {"SRTP_AEAD_AES_256_GCM", srtp_profile_aead_aes_256_gcm, SRTP_AES_GCM_256_KEY_LEN_WSALT},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool initialised;

static void init(void)
{
    initialised = srtp_init() == srtp_err_status_ok;
}

bool zm_srtp_init(void)
{
    pthread_once(&once, init);
    return initialised;
}

static int find(const char *name)
{
    for (int i = 0; i < (int)(sizeof profiles / sizeof *profiles); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return i;
    return -1;
}

uint32_t zm_srtp_key_len(const char *profile)
{
    int i = find(profile);

    return i < 0 ? 0 : profiles[i].key_len;
}

zm_srtp *zm_srtp_new(const char *profile, const uint8_t *key, bool outbound)
{
    int i = find(profile);
    srtp_policy_t policy = {0};
    zm_srtp *srtp;

    if (i < 0 || (srtp = calloc(1, sizeof *srtp)) == NULL)
        return NULL;
    uint8_t master[ZM_SRTP_KEY_MAX];
    memcpy(master, key, profiles[i].key_len);
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = master;
    policy.window_size = 1024;
    srtp->outbound = outbound;
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profiles[i].profile) != srtp_err_status_ok ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profiles[i].profile) != srtp_err_status_ok ||
        srtp_create(&srtp->session, &policy) != srtp_err_status_ok) {
        free(srtp);
        srtp = NULL;
    }
    explicit_bzero(master, sizeof master);
    return srtp;
}

void zm_srtp_free(zm_srtp *srtp)
{
    if (srtp == NULL)
        return;
    srtp_dealloc(srtp->session);
    free(srtp);
}

static void remember_source(zm_srtp *srtp, uint32_t ssrc)
{
    for (uint32_t i = 0; i < srtp->ssrc_count; i++)
        if (srtp->ssrcs[i] == ssrc)
            return;
    if (srtp->ssrc_count == ZM_SSRCS_MAX)
        srtp_remove_stream(srtp->session, htonl(srtp->ssrcs[srtp->ssrc_next]));
    else
        srtp->ssrc_count++;
    srtp->ssrcs[srtp->ssrc_next] = ssrc;
    srtp->ssrc_next = (srtp->ssrc_next + 1) % ZM_SSRCS_MAX;
}

static zm_srtp_result result_of(srtp_err_status_t status)
{
    if (status == srtp_err_status_ok)
        return ZM_SRTP_OK;
    if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old)
        return ZM_SRTP_REPLAYED;
    return ZM_SRTP_FAILED;
}

zm_srtp_result zm_srtp_protect(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    int size = (int)*len;
    srtp_err_status_t status = srtp_protect(srtp->session, packet, &size);

    *len = (uint32_t)size;
    return result_of(status);
}

zm_srtp_result zm_srtp_unprotect(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    int size = (int)*len;
    srtp_err_status_t status;

    if (size < ZM_RTP_HEADER)
        return ZM_SRTP_FAILED;
    status = srtp_unprotect(srtp->session, packet, &size);
    if (status == srtp_err_status_ok) {
        *len = (uint32_t)size;
        remember_source(srtp, zm_get32(packet + 8));
    }
    return result_of(status);
}

zm_srtp_result zm_srtp_protect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    int size = (int)*len;
    srtp_err_status_t status = srtp_protect_rtcp(srtp->session, packet, &size);

    *len = (uint32_t)size;
    return result_of(status);
}

zm_srtp_result zm_srtp_unprotect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    int size = (int)*len;
    srtp_err_status_t status;

    if (size < 8)
        return ZM_SRTP_FAILED;
    status = srtp_unprotect_rtcp(srtp->session, packet, &size);
    if (status == srtp_err_status_ok) {
        *len = (uint32_t)size;
        remember_source(srtp, zm_get32(packet + 4));
    }
    return result_of(status);
}
