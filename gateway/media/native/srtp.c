/* SHA1_Update and its like are marked as deprecated, because a provider can't replace them.  What replaces them, EVP_MAC,
 * allocates memory for each packet and takes twice as long. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "srtp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "replay.h"
#include "rtp.h"

enum {
    SALT_MAX = 14,
    BLOCK = 16,
    GCM_IV = 12,
    GCM_TAG = 16,
    SHA1_KEY = 20,
    SHA1_BLOCK = 64,
    BLOCKS_MAX = (ZM_DATAGRAM_MAX + BLOCK - 1) / BLOCK,
    RTCP_HEADER = 8,
    RTCP_INDEX = 4,
    RTCP_TAG = 10, /* of AES-CM profiles, also of those whose RTP has 4 octets (RFC 4568 6.2, RFC 5764 4.1.2) */
};
#define RTCP_ENCRYPTED 0x80000000u
#define NO_SEQUENCE UINT64_MAX

typedef struct {
    const char *name, *sdes_name;
    uint8_t key_len, salt_len, tag_len;
    bool gcm;
} profile;

/* IANA: DTLS-SRTP protection profiles and SDP crypto suites. The last two are in no DTLS registry (RFC 6188 7). */
static const profile profiles[] = {
    {"SRTP_AES128_CM_SHA1_80", "AES_CM_128_HMAC_SHA1_80", 16, 14, 10, false},
    {"SRTP_AES128_CM_SHA1_32", "AES_CM_128_HMAC_SHA1_32", 16, 14, 4, false},
    {"SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM", 16, 12, GCM_TAG, true},
    {"SRTP_AEAD_AES_256_GCM", "AEAD_AES_256_GCM", 32, 12, GCM_TAG, true},
    {"AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80", 32, 14, 10, false},
    {"AES_256_CM_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_32", 32, 14, 4, false},
};

/* What RTP or RTCP of a session is encrypted and signed with. */
typedef struct {
    EVP_CIPHER_CTX *cipher; /* GCM, or AES alone: the counters of AES-CM are ours */
    SHA_CTX inner, outer;   /* HMAC-SHA1 with the key taken in (RFC 2104 4); unused with GCM, which signs by itself */
    uint8_t salt[SALT_MAX + 2]; /* zeros behind it: the block counter's place in an AES-CM IV */
} keys;

/* One source (SSRC). */
typedef struct {
    uint32_t ssrc;
    uint64_t used; /* when last, by the session's count */
    uint64_t highest; /* index (roll-over counter and sequence number) of the newest packet, NO_SEQUENCE before the first */
    zm_replay rtp, rtcp;
    uint32_t rtcp_sent;
} stream;

struct zm_srtp {
    const profile *profile;
    keys rtp, rtcp;
    bool outbound;
    uint64_t uses;
    uint32_t count;
    stream streams[ZM_SSRCS_MAX]; /* the least recently used makes room */
};

/* --- primitives ----------------------------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *aes_128, *aes_256, *gcm_128, *gcm_256;

static void init(void)
{
    aes_128 = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    aes_256 = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    gcm_128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    gcm_256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

bool zm_srtp_init(void)
{
    pthread_once(&once, init);
    return aes_128 && aes_256 && gcm_128 && gcm_256;
}

static const profile *find_profile(const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        if (strcmp(profiles[i].name, name) == 0 || strcmp(profiles[i].sdes_name, name) == 0)
            return &profiles[i];
    return NULL;
}

uint32_t zm_srtp_key_len(const char *name)
{
    const profile *found = find_profile(name);

    return found ? found->key_len + found->salt_len : 0u;
}

/* Segmented integer counter mode (RFC 3711 4.1.1): the encrypted counters are added to the data.  All blocks go through
 * the cipher at once, which is twice as quick as OpenSSL's own counter mode with its new IV for each packet. */
static bool count_through(EVP_CIPHER_CTX *cipher, const uint8_t iv[BLOCK], uint8_t *data, uint32_t len)
{
    uint8_t stream[BLOCKS_MAX * BLOCK];
    uint32_t blocks = (len + BLOCK - 1) / BLOCK;
    int done;

    if (blocks > BLOCKS_MAX)
        return false;
    for (uint32_t i = 0; i < blocks; i++) {
        memcpy(stream + i * BLOCK, iv, BLOCK);
        zm_put16(stream + i * BLOCK + BLOCK - 2, (uint16_t)i);
    }
    if (blocks && !EVP_EncryptUpdate(cipher, stream, &done, stream, (int)(blocks * BLOCK)))
        return false;
    for (uint32_t i = 0; i < len; i++)
        data[i] ^= stream[i];
    return true;
}

/* RFC 3711 4.3.1 and 4.3.3 with a key derivation rate of 0: `len` octets of AES-CM key stream, whose IV is the master
 * salt with the label added. (GCM uses the same with a salt of 96 bits, RFC 7714 11.) */
static bool derive(const profile *profile, const uint8_t *master, uint8_t label, uint8_t *to, uint32_t len)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t iv[BLOCK] = {0};
    bool derived;

    memcpy(iv, master + profile->key_len, profile->salt_len);
    iv[7] ^= label;
    memset(to, 0, len);
    derived = cipher && EVP_EncryptInit_ex2(cipher, profile->key_len == 32 ? aes_256 : aes_128, master, NULL, NULL) &&
              count_through(cipher, iv, to, len);
    EVP_CIPHER_CTX_free(cipher);
    return derived;
}

/* RFC 2104: the first block of either hash is the key, and the same for each packet. */
static void hmac_key(keys *keys, const uint8_t key[SHA1_KEY])
{
    uint8_t inner[SHA1_BLOCK], outer[SHA1_BLOCK];

    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (uint32_t i = 0; i < SHA1_KEY; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    SHA1_Init(&keys->inner);
    SHA1_Update(&keys->inner, inner, sizeof inner);
    SHA1_Init(&keys->outer);
    SHA1_Update(&keys->outer, outer, sizeof outer);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
}

static bool keys_init(keys *keys, const profile *profile, const uint8_t *master, uint8_t label, bool outbound)
{
    const EVP_CIPHER *aes = profile->key_len == 32 ? aes_256 : aes_128;
    const EVP_CIPHER *gcm = profile->key_len == 32 ? gcm_256 : gcm_128;
    uint8_t key[32], auth[SHA1_KEY] = {0};
    bool made;

    keys->cipher = EVP_CIPHER_CTX_new();
    made = keys->cipher && derive(profile, master, label, key, profile->key_len) &&
           derive(profile, master, (uint8_t)(label + 2), keys->salt, profile->salt_len) &&
           derive(profile, master, (uint8_t)(label + 1), auth, SHA1_KEY) &&
           EVP_CipherInit_ex2(keys->cipher, profile->gcm ? gcm : aes, key, NULL, profile->gcm ? outbound : 1, NULL);
    hmac_key(keys, auth);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(auth, sizeof auth);
    return made;
}

static void keys_free(keys *keys)
{
    EVP_CIPHER_CTX_free(keys->cipher);
    OPENSSL_cleanse(keys, sizeof *keys);
}

/* RFC 3711 4.1.1: the salt, with SSRC and index added, and a block counter of 16 bits that begins with 0. */
static bool crypt_ctr(keys *keys, uint32_t ssrc, uint64_t index, uint8_t *data, uint32_t len)
{
    uint8_t iv[BLOCK];

    memcpy(iv, keys->salt, sizeof iv);
    zm_put32(iv + 4, zm_get32(iv + 4) ^ ssrc);
    zm_put16(iv + 8, zm_get16(iv + 8) ^ (uint16_t)(index >> 32));
    zm_put32(iv + 10, zm_get32(iv + 10) ^ (uint32_t)index);
    return count_through(keys->cipher, iv, data, len);
}

/* HMAC-SHA1 over the packet and a number (RFC 3711 4.2: the roll-over counter; for RTCP the number is in the packet). */
static void sign(const keys *keys, const uint8_t *packet, uint32_t len, const uint8_t *number, uint8_t tag[SHA1_KEY])
{
    SHA_CTX hash = keys->inner;

    SHA1_Update(&hash, packet, len);
    if (number)
        SHA1_Update(&hash, number, 4);
    SHA1_Final(tag, &hash);
    hash = keys->outer;
    SHA1_Update(&hash, tag, SHA1_KEY);
    SHA1_Final(tag, &hash);
}

/* RFC 7714 8.1 and 9.1: two zero octets, SSRC, and the index in 48 bits, plus the salt. */
static bool start_gcm(keys *keys, uint32_t ssrc, uint64_t index)
{
    uint8_t iv[GCM_IV];

    memcpy(iv, keys->salt, sizeof iv);
    zm_put32(iv + 2, zm_get32(iv + 2) ^ ssrc);
    zm_put16(iv + 6, zm_get16(iv + 6) ^ (uint16_t)(index >> 32));
    zm_put32(iv + 8, zm_get32(iv + 8) ^ (uint32_t)index);
    return EVP_CipherInit_ex2(keys->cipher, NULL, NULL, iv, -1, NULL);
}

static bool seal_gcm(keys *keys, uint8_t *data, uint32_t len)
{
    int done;

    return EVP_CipherUpdate(keys->cipher, data, &done, data, (int)len) &&
           EVP_CipherFinal_ex(keys->cipher, data + len, &done) &&
           EVP_CIPHER_CTX_ctrl(keys->cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, data + len);
}

static bool open_gcm(keys *keys, uint8_t *data, uint32_t len)
{
    int done;

    return EVP_CIPHER_CTX_ctrl(keys->cipher, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, data + len) &&
           EVP_CipherUpdate(keys->cipher, data, &done, data, (int)len) &&
           EVP_CipherFinal_ex(keys->cipher, data + len, &done) > 0;
}

static bool add_clear(keys *keys, const uint8_t *data, uint32_t len)
{
    int done;

    return EVP_CipherUpdate(keys->cipher, NULL, &done, data, (int)len);
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

zm_srtp *zm_srtp_new(const char *name, const uint8_t *key, bool outbound)
{
    enum { LABEL_RTP = 0, LABEL_RTCP = 3 }; /* encryption, authentication and salting key follow each other */
    const profile *found = find_profile(name);
    zm_srtp *srtp;

    if (found == NULL || !zm_srtp_init() || (srtp = calloc(1, sizeof *srtp)) == NULL)
        return NULL;
    srtp->profile = found;
    srtp->outbound = outbound;
    if (keys_init(&srtp->rtp, found, key, LABEL_RTP, outbound) &&
        keys_init(&srtp->rtcp, found, key, LABEL_RTCP, outbound))
        return srtp;
    zm_srtp_free(srtp);
    return NULL;
}

void zm_srtp_free(zm_srtp *srtp)
{
    if (srtp == NULL)
        return;
    keys_free(&srtp->rtp);
    keys_free(&srtp->rtcp);
    free(srtp);
}

/* --- sources ---------------------------------------------------------------------------------------------------------- */

/* The source's state.  One that is not known yet is put into `fresh`, and kept by keep_stream once it is authentic. */
static stream *find_stream(zm_srtp *srtp, uint32_t ssrc, stream *fresh)
{
    for (uint32_t i = 0; i < srtp->count; i++)
        if (srtp->streams[i].ssrc == ssrc)
            return &srtp->streams[i];
    memset(fresh, 0, sizeof *fresh);
    fresh->ssrc = ssrc;
    fresh->highest = NO_SEQUENCE;
    return fresh;
}

static void keep_stream(zm_srtp *srtp, stream *place, const stream *fresh)
{
    if (place == fresh) {
        if (srtp->count < ZM_SSRCS_MAX) {
            place = &srtp->streams[srtp->count++];
        } else {
            place = srtp->streams;
            for (uint32_t i = 1; i < srtp->count; i++)
                if (srtp->streams[i].used < place->used)
                    place = &srtp->streams[i];
        }
        *place = *fresh;
    }
    place->used = ++srtp->uses;
}

/* RFC 3711 3.3.1: the roll-over counter that brings the sequence number nearest to the highest index. */
static uint64_t index_of(const stream *stream, uint16_t sequence)
{
    uint64_t highest = stream->highest, roc = highest >> 16;
    uint16_t last = (uint16_t)highest;

    if (highest == NO_SEQUENCE)
        return sequence;
    if (last < 0x8000 && sequence > last && sequence - last > 0x8000)
        return roc ? (roc - 1) << 16 | sequence : NO_SEQUENCE; /* from before the stream began */
    if (last >= 0x8000 && sequence < last && last - sequence > 0x8000)
        return (roc + 1) << 16 | sequence;
    return roc << 16 | sequence;
}

/* Octets in front of the payload: header, CSRCs, extension; 0 when malformed. */
static uint32_t clear_len(const uint8_t *packet, uint32_t len)
{
    uint32_t clear;

    if (len < ZM_RTP_HEADER || packet[0] >> 6 != 2)
        return 0;
    clear = ZM_RTP_HEADER + 4u * (packet[0] & 15);
    if (packet[0] & 0x10) {
        if (clear + 4 > len)
            return 0;
        clear += 4 + 4u * zm_get16(packet + clear + 2);
    }
    return clear <= len ? clear : 0;
}

/* --- RTP -------------------------------------------------------------------------------------------------------------- */

static bool protect_rtp(zm_srtp *srtp, uint32_t ssrc, uint64_t index, uint8_t *packet, uint32_t clear, uint32_t len)
{
    uint8_t roc[4], tag[SHA1_KEY];

    if (srtp->profile->gcm)
        return start_gcm(&srtp->rtp, ssrc, index) && add_clear(&srtp->rtp, packet, clear) &&
               seal_gcm(&srtp->rtp, packet + clear, len - clear);
    zm_put32(roc, (uint32_t)(index >> 16));
    if (!crypt_ctr(&srtp->rtp, ssrc, index, packet + clear, len - clear))
        return false;
    sign(&srtp->rtp, packet, len, roc, tag);
    memcpy(packet + len, tag, srtp->profile->tag_len);
    return true;
}

static bool unprotect_rtp(zm_srtp *srtp, uint32_t ssrc, uint64_t index, uint8_t *packet, uint32_t clear, uint32_t len)
{
    uint8_t roc[4], tag[SHA1_KEY];

    if (srtp->profile->gcm)
        return start_gcm(&srtp->rtp, ssrc, index) && add_clear(&srtp->rtp, packet, clear) &&
               open_gcm(&srtp->rtp, packet + clear, len - clear);
    zm_put32(roc, (uint32_t)(index >> 16));
    sign(&srtp->rtp, packet, len, roc, tag);
    return CRYPTO_memcmp(tag, packet + len, srtp->profile->tag_len) == 0 &&
           crypt_ctr(&srtp->rtp, ssrc, index, packet + clear, len - clear);
}

/* Both directions: `len` is without the tag. */
static zm_srtp_result pass_rtp(zm_srtp *srtp, uint8_t *packet, uint32_t len)
{
    uint32_t clear = clear_len(packet, len), ssrc;
    stream fresh, *stream;
    uint64_t index;

    if (clear == 0)
        return ZM_SRTP_FAILED;
    ssrc = zm_get32(packet + 8);
    stream = find_stream(srtp, ssrc, &fresh);
    index = index_of(stream, zm_get16(packet + 2));
    /* Outbound too: the same index twice would use a key stream twice. */
    if (index == NO_SEQUENCE || !zm_replay_fresh(&stream->rtp, index))
        return ZM_SRTP_REPLAYED;
    if (!(srtp->outbound ? protect_rtp : unprotect_rtp)(srtp, ssrc, index, packet, clear, len))
        return ZM_SRTP_FAILED;
    zm_replay_add(&stream->rtp, index);
    if (stream->highest == NO_SEQUENCE || index > stream->highest)
        stream->highest = index;
    keep_stream(srtp, stream, &fresh);
    return ZM_SRTP_OK;
}

zm_srtp_result zm_srtp_protect(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    zm_srtp_result result = pass_rtp(srtp, packet, *len);

    if (result == ZM_SRTP_OK)
        *len += srtp->profile->tag_len;
    return result;
}

zm_srtp_result zm_srtp_unprotect(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    zm_srtp_result result;

    if (*len < ZM_RTP_HEADER + (uint32_t)srtp->profile->tag_len)
        return ZM_SRTP_FAILED;
    result = pass_rtp(srtp, packet, *len - srtp->profile->tag_len);
    if (result == ZM_SRTP_OK)
        *len -= srtp->profile->tag_len;
    return result;
}

/* --- RTCP ------------------------------------------------------------------------------------------------------------- */

/* AES-CM: header, encrypted part, index, tag (RFC 3711 3.4).  GCM: header, encrypted part, tag, index (RFC 7714 9.2). */
zm_srtp_result zm_srtp_protect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    uint8_t index[RTCP_INDEX], tag[SHA1_KEY], *body = packet + RTCP_HEADER;
    stream fresh, *stream;
    uint32_t ssrc, number;
    bool done;

    if (*len < RTCP_HEADER)
        return ZM_SRTP_FAILED;
    ssrc = zm_get32(packet + 4);
    stream = find_stream(srtp, ssrc, &fresh);
    number = ++stream->rtcp_sent & ~RTCP_ENCRYPTED;
    zm_put32(index, number | RTCP_ENCRYPTED);
    if (srtp->profile->gcm) {
        done = start_gcm(&srtp->rtcp, ssrc, number) && add_clear(&srtp->rtcp, packet, RTCP_HEADER) &&
               add_clear(&srtp->rtcp, index, RTCP_INDEX) && seal_gcm(&srtp->rtcp, body, *len - RTCP_HEADER);
        memcpy(packet + *len + GCM_TAG, index, RTCP_INDEX);
        *len += GCM_TAG + RTCP_INDEX;
    } else {
        done = crypt_ctr(&srtp->rtcp, ssrc, number, body, *len - RTCP_HEADER);
        memcpy(packet + *len, index, RTCP_INDEX);
        *len += RTCP_INDEX;
        sign(&srtp->rtcp, packet, *len, NULL, tag);
        memcpy(packet + *len, tag, RTCP_TAG);
        *len += RTCP_TAG;
    }
    if (!done)
        return ZM_SRTP_FAILED;
    keep_stream(srtp, stream, &fresh);
    return ZM_SRTP_OK;
}

static bool unprotect_rtcp_ctr(zm_srtp *srtp, uint32_t ssrc, uint32_t number, uint8_t *packet, uint32_t len)
{
    uint8_t tag[SHA1_KEY];

    sign(&srtp->rtcp, packet, len + RTCP_INDEX, NULL, tag);
    return CRYPTO_memcmp(tag, packet + len + RTCP_INDEX, RTCP_TAG) == 0 &&
           crypt_ctr(&srtp->rtcp, ssrc, number, packet + RTCP_HEADER, len - RTCP_HEADER);
}

static bool unprotect_rtcp_gcm(zm_srtp *srtp, uint32_t ssrc, uint32_t number, uint8_t *packet, uint32_t len)
{
    return start_gcm(&srtp->rtcp, ssrc, number) && add_clear(&srtp->rtcp, packet, RTCP_HEADER) &&
           add_clear(&srtp->rtcp, packet + len + GCM_TAG, RTCP_INDEX) &&
           open_gcm(&srtp->rtcp, packet + RTCP_HEADER, len - RTCP_HEADER);
}

zm_srtp_result zm_srtp_unprotect_rtcp(zm_srtp *srtp, uint8_t *packet, uint32_t *len)
{
    bool gcm = srtp->profile->gcm;
    uint32_t trailer = RTCP_INDEX + (gcm ? GCM_TAG : RTCP_TAG), plain, index, ssrc, number;
    stream fresh, *stream;

    if (*len < RTCP_HEADER + trailer)
        return ZM_SRTP_FAILED;
    plain = *len - trailer;
    index = zm_get32(packet + plain + (gcm ? GCM_TAG : 0));
    if (!(index & RTCP_ENCRYPTED)) /* no profile of ours leaves RTCP in clear text */
        return ZM_SRTP_FAILED;
    number = index & ~RTCP_ENCRYPTED;
    ssrc = zm_get32(packet + 4);
    stream = find_stream(srtp, ssrc, &fresh);
    if (!zm_replay_fresh(&stream->rtcp, number))
        return ZM_SRTP_REPLAYED;
    if (!(gcm ? unprotect_rtcp_gcm : unprotect_rtcp_ctr)(srtp, ssrc, number, packet, plain))
        return ZM_SRTP_FAILED;
    zm_replay_add(&stream->rtcp, number);
    keep_stream(srtp, stream, &fresh);
    *len = plain;
    return ZM_SRTP_OK;
}
