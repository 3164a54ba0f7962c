/* STUN: whatever comes is parsed, its integrity is looked at, and it is answered in all ways; an answer is STUN again. */
#include "../../../gateway/media/native/stun.h"
#include "input.h"

#define PWD "0123456789abcdef01234567"

static void answer(const zm_stun *request, uint32_t length, const uint8_t *response, const char *pwd)
{
    zm_stun parsed;

    must(length <= ZM_STUN_RESPONSE_MAX, "a response fits its room");
    must(zm_stun_parse(&parsed, response, length) && parsed.fingerprint, "a response of ours is well-formed");
    must(memcmp(parsed.transaction, request->transaction, sizeof parsed.transaction) == 0, "its transaction");
    must(!pwd || zm_stun_check_integrity(&parsed, response, pwd), "its integrity");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t response[ZM_STUN_RESPONSE_MAX];
    zm_stun stun;
    zm_addr v4, v6;

    must(zm_addr_parse(&v4, "192.0.2.1", 5000) && zm_addr_parse(&v6, "2001:db8::1", 5000), "addresses");
    uint8_t *datagram = take_copy(&input, &size, 0);
    if (zm_stun_parse(&stun, datagram, (uint32_t)size)) {
        for (uint32_t i = 0; i < stun.username_len; i++) /* readable to its end */
            must(stun.username[i] == stun.username[i], "username");
        (void)zm_stun_check_integrity(&stun, datagram, PWD);
        answer(&stun, zm_stun_write_success(response, &stun, &v4, PWD), response, PWD);
        answer(&stun, zm_stun_write_success(response, &stun, &v6, PWD), response, PWD);
        answer(&stun, zm_stun_write_error(response, &stun, 420, "Unknown Attribute", PWD), response, PWD);
        answer(&stun, zm_stun_write_error(response, &stun, 401, "Unauthorized", NULL), response, NULL);
    }
    free(datagram);
    return 0;
}
