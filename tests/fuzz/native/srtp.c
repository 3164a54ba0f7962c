/* SRTP and SRTCP with each profile.  What nobody sealed is never opened; what was sealed opens to what it was, unless a
 * single bit of it changed. */
#include "../../../gateway/media/native/srtp.h"
#include "input.h"

static const char *const profiles[] = {
    "SRTP_AES128_CM_SHA1_80", "SRTP_AES128_CM_SHA1_32", "SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM",
    "AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32",
};
enum { PROFILES = sizeof profiles / sizeof *profiles };
static zm_srtp *in[PROFILES], *out[PROFILES];

/* Two sessions per profile for all inputs: making keys takes longer than a packet.  They are made anew for each input that
 * seals, so that it finds the same state whenever it is run. */
static void renew(unsigned which)
{
    uint8_t key[ZM_SRTP_KEY_MAX];

    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(17 * i + 3);
    must(zm_srtp_init(), "ciphers");
    zm_srtp_free(in[which]);
    zm_srtp_free(out[which]);
    in[which] = zm_srtp_new(profiles[which], key, false);
    out[which] = zm_srtp_new(profiles[which], key, true);
    must(in[which] && out[which], "sessions");
}

static zm_srtp_result unseal(unsigned which, bool rtcp, uint8_t *packet, uint32_t *len)
{
    return rtcp ? zm_srtp_unprotect_rtcp(in[which], packet, len) : zm_srtp_unprotect(in[which], packet, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t what = take8(&input);
    unsigned which = what % PROFILES;
    bool rtcp = what & 0x40, seals = what & 0x80;
    uint16_t bit = take16(&input);

    if (seals || !in[which])
        renew(which);
    while (input.left) {
        size_t length = seals ? 12u + take8(&input) : input.left;
        uint8_t *packet = take_copy(&input, &length, seals ? ZM_SRTP_TRAILER_MAX : 0);
        uint32_t len = (uint32_t)length;

        if (!seals) {
            must(unseal(which, rtcp, packet, &len) != ZM_SRTP_OK, "nobody has sealed this");
            free(packet);
            break;
        }
        uint8_t *plain = malloc(length + 1);
        must(plain != NULL, "memory");
        memcpy(plain, packet, length);
        zm_srtp_result result =
            rtcp ? zm_srtp_protect_rtcp(out[which], packet, &len) : zm_srtp_protect(out[which], packet, &len);
        if (result == ZM_SRTP_OK) {
            must(len <= length + ZM_SRTP_TRAILER_MAX, "the trailer fits");
            uint8_t *sealed = malloc(len); /* just so long */
            must(sealed != NULL, "memory");
            memcpy(sealed, packet, len);
            uint32_t opened = len;
            sealed[bit / 8 % len] ^= (uint8_t)(1 << bit % 8);
            must(unseal(which, rtcp, sealed, &opened) != ZM_SRTP_OK, "a changed packet is not opened");
            memcpy(sealed, packet, len);
            opened = len;
            result = unseal(which, rtcp, sealed, &opened);
            must(result != ZM_SRTP_FAILED || !rtcp, "what we sealed is opened");
            if (result == ZM_SRTP_OK)
                must(opened == length && memcmp(sealed, plain, length) == 0, "it is what it was");
            free(sealed);
        }
        free(plain);
        free(packet);
    }
    return 0;
}
