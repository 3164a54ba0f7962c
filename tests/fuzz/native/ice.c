/* ICE with its state: browsers' legs, and checks made of the input with any attributes, under any of the credentials that
 * there are or were, from any address, while time passes, ICE is restarted and legs come and go.  An address is vouched for
 * by a check under credentials that hold, and by nothing else; and of two legs it belongs to the one whose browser has
 * answered there. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../../gateway/media/native/stun.h"
#include "world.h"

enum { LEGS = 3, ADDRESSES = 24 };

#define THEIR_PWD "a password of the browser"

static struct {
    uint64_t leg;
    unsigned generation;
    char ufrag[16], pwd[32];
} browsers[LEGS];

/* By port of the browser's and of ours: the leg that was last proven to be there. */
static uint64_t proven[ADDRESSES][2];

static void name(unsigned which)
{
    snprintf(browsers[which].ufrag, sizeof browsers[which].ufrag, "us%u.%u", which, browsers[which].generation & 7);
    snprintf(browsers[which].pwd, sizeof browsers[which].pwd, "password %u of leg %u", browsers[which].generation & 7, which);
}

static void open_browser(unsigned which)
{
    static const zm_media media = {
        .codec = CODEC_OPUS, .payload_type = 111, .dtmf_payload_type = -1, .noise_payload_type = -1,
        .dtmf_clock_rate = 48000, .packet_ms = 20, .send = true, .receive = true,
    };
    static const uint8_t key[28] = {1};
    uint32_t ignored;

    browsers[which].generation++;
    name(which);
    must(
        zm_open_webrtc_leg(world_plane, 0, browsers[which].ufrag, browsers[which].pwd, &browsers[which].leg, &ignored) == ZM_OK,
        "a leg opens");
    if (browsers[which].generation & 1) /* else a check overtakes the signalling */
        (void)zm_set_webrtc_peer(world_plane, browsers[which].leg, "them", browsers[which].generation & 2 ? THEIR_PWD : "", &media);
    if (browsers[which].generation & 4)
        must(
            zm_set_srtp_keys(world_plane, browsers[which].leg, "SRTP_AEAD_AES_128_GCM", key, sizeof key, key, sizeof key) == ZM_OK,
            "keys");
    world_settle();
}

/* The message up to `at` gets MESSAGE-INTEGRITY (RFC 8489 14.5). */
static uint32_t sign(uint8_t *message, uint32_t at, const char *pwd)
{
    unsigned len = 20;

    zm_put16(message + 2, (uint16_t)(at + 24 - ZM_STUN_HEADER));
    zm_put16(message + at, 0x0008);
    zm_put16(message + at + 2, 20);
    must(HMAC(EVP_sha1(), pwd, (int)strlen(pwd), message, at, message + at + 4, &len) != NULL, "HMAC");
    return at + 24;
}

static uint32_t seal(uint8_t *message, uint32_t at)
{
    uint32_t crc = 0xffffffff;

    zm_put16(message + 2, (uint16_t)(at + 8 - ZM_STUN_HEADER));
    for (uint32_t i = 0; i < at; i++) {
        crc ^= message[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    zm_put16(message + at, 0x8028);
    zm_put16(message + at + 2, 4);
    zm_put32(message + at + 4, ~crc ^ 0x5354554e);
    return at + 8;
}

static uint32_t attribute(uint8_t *message, uint32_t at, uint16_t type, const void *value, uint32_t len)
{
    zm_put16(message + at, type);
    zm_put16(message + at + 2, (uint16_t)len);
    memset(message + at + 4, 0, (len + 3) & ~3u);
    if (len)
        memcpy(message + at + 4, value, len);
    return at + 4 + ((len + 3) & ~3u);
}

static zm_addr addr_of(unsigned number)
{
    return world_addr(number & 1 ? HOST_BROWSER_V6 : HOST_BROWSER, (uint16_t)(6000 + number));
}

static void look_at_paths(void)
{
    unsigned known = 0, listed = 0;

    for (unsigned number = 0; number < ADDRESSES; number++)
        for (unsigned port = 0; port < 2; port++) {
            zm_addr addr = addr_of(number);
            zm_path *path = zm_ice_find_path(world_thread, &world_thread->web[port], &addr);
            known += path != NULL;
            must(!path || path->leg->id == proven[number][port], "an address belongs to the leg that was proven to be there");
        }
    for (unsigned which = 0; which < LEGS; which++) {
        const zm_leg *leg = zm_thread_find(world_thread, browsers[which].leg);
        for (unsigned i = 0; leg && i < ZM_PATHS_MAX; i++)
            listed += leg->web.paths[i].leg == leg && leg->web.paths[i].listed;
        if (leg && leg->web.selected)
            must(leg->web.selected->leg == leg, "the pair in use is a leg's own");
        if (leg && leg->web.wanted)
            must(leg->web.wanted->leg == leg, "so is the one that is to be");
        if (leg && leg->srtp_out && zm_ice_path(leg))
            must(zm_ice_path(leg)->proved || !leg->web.proves, "media goes where the browser has answered");
        if (leg && leg->web.latest)
            must(leg->web.latest->leg == leg, "so is the latest");
    }
    must(known == listed, "each path is found, and no other");
}

static void send_check(struct input *input)
{
    uint8_t message[2048] = {0}, what = take8(input), how = take8(input), *extra;
    unsigned which = what % LEGS, number = take8(input) % ADDRESSES, port = what >> 4 & 1;
    unsigned old = how & 0x40 ? take8(input) & 7 : browsers[which].generation & 7;
    char username[64], pwd[32];
    zm_addr from = addr_of(number);
    zm_leg *leg = zm_thread_find(world_thread, browsers[which].leg);
    uint32_t at = ZM_STUN_HEADER;
    size_t len = take8(input) & 63;
    bool holds = false;

    zm_put16(message, how & 0x80 ? take16(input) & 0x3fff : ZM_STUN_BINDING_REQUEST);
    zm_put32(message + 4, 0x2112a442);
    message[8] = what;
    snprintf(username, sizeof username, "us%u.%u:%s", which, old, how & 1 ? "other" : "them");
    snprintf(pwd, sizeof pwd, "password %u of leg %u", how & 2 ? old + 1 : old, which);
    if (!(how & 4))
        at = attribute(message, at, 0x0006, username, (uint32_t)strlen(username));
    if (how & 8)
        at = attribute(message, at, 0x0025, NULL, 0);
    extra = take_copy(input, &len, 0);
    if (how & 16) /* attributes of the input's, or anything */
        at = attribute(message, at, (uint16_t)(what & 0x20 ? 0x8020 + what : what), extra, (uint32_t)len);
    else if (how & 32) {
        memcpy(message + at, extra, len);
        at += (uint32_t)len;
    }
    free(extra);
    if (what != 0xff)
        at = sign(message, at, pwd);
    at = seal(message, at);
    for (unsigned i = 0; leg && i < 2; i++) {
        const zm_credentials *known = &leg->web.credentials[i];
        zm_stun stun;
        holds |= known->leg && zm_stun_parse(&stun, message, at) && stun.username &&
                 stun.username_len > strlen(known->ufrag) && memcmp(stun.username, known->ufrag, strlen(known->ufrag)) == 0 &&
                 stun.username[strlen(known->ufrag)] == ':' && zm_stun_check_integrity(&stun, message, known->pwd);
    }
    zm_path *before = zm_ice_find_path(world_thread, &world_thread->web[port], &from);
    uint64_t owner = before ? before->leg->id : 0;
    world_web(port, message, at, &from);
    zm_path *after = zm_ice_find_path(world_thread, &world_thread->web[port], &from);
    must(holds || (after ? after->leg->id : 0) == owner, "what proves nothing changes nothing");
    must(!after || after->leg->id == owner || after->leg->id == browsers[which].leg, "only who proved it has it");
    proven[number][port] = after ? after->leg->id : 0;
}

/* An answer to what a path was asked, or nearly. */
static void send_consent(struct input *input)
{
    uint8_t message[256] = {0}, what = take8(input), how = take8(input);
    zm_leg *leg = zm_thread_find(world_thread, browsers[what % LEGS].leg);
    zm_path *path = leg ? &leg->web.paths[what >> 4 & (ZM_PATHS_MAX - 1)] : NULL;
    uint32_t at = ZM_STUN_HEADER;
    zm_addr from = addr_of(how & 1 ? take8(input) % ADDRESSES : 0);
    unsigned port, number;
    bool right, proved;

    if (path == NULL || path->leg == NULL)
        return;
    if (!(how & 1))
        from = path->addr;
    port = path->port == &world_thread->web[1] ? 1 : 0;
    number = zm_addr_port(&from) - 6000u;
    zm_put16(message, how & 2 ? ZM_STUN_BINDING_ERROR : ZM_STUN_BINDING_SUCCESS);
    zm_put32(message + 4, 0x2112a442);
    memcpy(message + 8, path->transaction, 12);
    if (how & 4)
        message[8 + take8(input) % 12] ^= 1;
    at = sign(message, at, how & 8 ? "another" : THEIR_PWD);
    at = seal(message, at);
    proved = path->proved;
    right = path->asked_ns && !(how & 14) && zm_addr_equal(&from, &path->addr) &&
            strcmp(leg->web.credentials[path->under].remote_pwd, THEIR_PWD) == 0;
    world_web(port, message, at, &from);
    must(path->leg == leg && path->proved == (proved || right), "an answer proves the path that was asked, and nothing else does");
    must(!path->proved || path->listed, "who is known to be there has the address");
    if (right)
        proven[number][port] = leg->id;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint64_t legs[LEGS];
    unsigned turns = 0;

    world_begin();
    memset(proven, 0, sizeof proven);
    for (unsigned which = 0; which < LEGS; which++) {
        browsers[which].generation = which;
        open_browser(which);
    }
    while (input.left && turns++ < 100) {
        uint8_t what = take8(&input);
        unsigned which = (what >> 4) % LEGS;

        switch (what & 7) {
        case 0: /* a restart */
            browsers[which].generation++;
            name(which);
            (void)zm_restart_ice(world_plane, browsers[which].leg, browsers[which].ufrag, browsers[which].pwd);
            world_settle();
            break;
        case 1: /* another call */
            (void)zm_close_leg(world_plane, browsers[which].leg);
            world_settle();
            open_browser(which);
            break;
        case 2:
            world_thread->now_ns += take8(&input) * 40000000ull;
            world_tick(4);
            world_tick(16);
            break;
        case 3:
            send_consent(&input);
            break;
        default:
            send_check(&input);
        }
        look_at_paths();
    }
    for (unsigned which = 0; which < LEGS; which++)
        legs[which] = browsers[which].leg;
    world_end(legs, LEGS);
    return 0;
}
