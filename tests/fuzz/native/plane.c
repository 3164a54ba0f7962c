/* The whole plane: legs of telephones and browsers, plain and with keys, in bridges and conferences, with sounds, digits
 * and pictures, while datagrams of all kinds come from those who may send and those who may not. */
#include "world.h"

enum { STRICT, BEHIND_NAT, KEYED, BROWSER, BROWSER_SMALL, WIDE, LEGS };

#define PWD "a password of ours, long enough"
#define REMOTE "them"

struct party {
    uint64_t leg;
    zm_srtp *seals; /* as the peer does; NULL: in clear */
    uint32_t ssrc, timestamp;
    uint16_t sequence;
    char ufrag[16];
};

static struct party parties[LEGS];
static uint64_t conferences[2];
static struct { const char *profile; uint8_t send, receive; } keys[LEGS] = {
    [KEYED] = {"AES_CM_128_HMAC_SHA1_80", 1, 2},
    [BROWSER] = {"SRTP_AEAD_AES_128_GCM", 3, 4},
    [BROWSER_SMALL] = {"SRTP_AES128_CM_SHA1_80", 5, 6},
};

static bool is_browser(unsigned which)
{
    return which == BROWSER || which == BROWSER_SMALL;
}

static zm_addr home_of(unsigned which)
{
    return world_addr(which == BEHIND_NAT ? HOST_NAT : is_browser(which) ? HOST_BROWSER : HOST_PHONE, (uint16_t)(5000 + 2 * which));
}

static zm_media media_of(uint8_t what)
{
    static const enum codec codecs[] = {CODEC_PCMA, CODEC_PCMU, CODEC_OPUS, CODEC_G722};
    static const uint16_t lengths[] = {20, 30, 10, 60};
    enum codec codec = codecs[what & 3];
    zm_media media = {
        .codec = codec, .payload_type = (uint8_t)(codec == CODEC_OPUS ? 111 : codec == CODEC_PCMA ? 8 : codec == CODEC_PCMU ? 0 : 9),
        .dtmf_payload_type = what & 4 ? -1 : 101, .dtmf_clock_rate = codec == CODEC_OPUS ? 48000 : 8000,
        .dtmf_way = (zm_dtmf_way)((what >> 3 & 3) % 3), .noise_payload_type = what & 32 ? 13 : -1,
        .packet_ms = lengths[what >> 6], .send = true, .receive = true, .opus_fec = what & 32, .opus_dtx = what & 4,
    }; /* clang-format on */

    return media;
}

static void describe(unsigned which, uint8_t what, bool holds)
{
    zm_media media = media_of(what);
    zm_rtp_peer peer = {
        .address = world_hosts[which == BEHIND_NAT ? HOST_NAT : HOST_PHONE], .port = (uint16_t)(5000 + 2 * which),
        .signalling = world_hosts[HOST_SIGNALLING], .learns = which == BEHIND_NAT || which == KEYED,
        .rtcp_mux = which == WIDE, .secure = parties[which].seals != NULL,
    };

    media.send = media.receive = !holds;
    if (is_browser(which))
        must(zm_set_webrtc_peer(world_plane, parties[which].leg, REMOTE, "", &media) != ZM_BAD_ADDRESS, "described");
    else
        must(zm_set_rtp_peer(world_plane, parties[which].leg, &peer, &media) != ZM_BAD_ADDRESS, "described");
}

static void exchange_keys(unsigned which)
{
    const char *profile = keys[which].profile;
    uint8_t ours[ZM_SRTP_KEY_MAX], theirs[ZM_SRTP_KEY_MAX];
    uint32_t len;

    if (profile == NULL)
        return;
    len = zm_srtp_key_len(profile);
    memset(ours, keys[which].send, sizeof ours);
    memset(theirs, keys[which].receive, sizeof theirs);
    must(zm_set_srtp_keys(world_plane, parties[which].leg, profile, ours, len, theirs, len) != ZM_BAD_KEYS, "keys");
    zm_srtp_free(parties[which].seals);
    parties[which].seals = zm_srtp_new(profile, theirs, true);
    must(parties[which].seals != NULL, "memory");
}

static void set_pictures(unsigned which, uint8_t what)
{
    zm_video_media video = {
        .codec = what & 1 ? ZM_VIDEO_H264 : ZM_VIDEO_VP8, .payload_type = 96, .rtx_payload_type = what & 2 ? 97 : -1,
        .ssrc = 0x1000 + which, .rtx_ssrc = 0x2000 + which, .transport_cc_id = what & 4 ? 5 : 0,
        .abs_send_time_id = what & 8 ? 3 : 0, .nack = what & 16, .pli = what & 32, .fir = true, .reduced_size = what & 64,
        .send = true, .receive = !(what & 128),
    };

    (void)zm_set_video(world_plane, parties[which].leg, what == 0xff ? NULL : &video);
}

static void open_party(unsigned which, uint8_t what)
{
    struct party *party = &parties[which];
    uint64_t near = parties[STRICT].leg;
    uint32_t ignored;
    uint16_t port;
    zm_status status;

    *party = (struct party){.ssrc = 0x51000000 + which, .sequence = (uint16_t)(what << 8), .timestamp = what * 1000u};
    snprintf(party->ufrag, sizeof party->ufrag, "us%u", which);
    status = is_browser(which) ? zm_open_webrtc_leg(world_plane, near, party->ufrag, PWD, &party->leg, &ignored)
                               : zm_open_rtp_leg(world_plane, near, NULL, &party->leg, &ignored, &port);
    must(status == ZM_OK, "a leg opens");
    exchange_keys(which);
    describe(which, what, false);
    run_commands(world_thread);
}

static void close_party(unsigned which)
{
    (void)zm_close_leg(world_plane, parties[which].leg);
    zm_srtp_free(parties[which].seals);
    parties[which].seals = NULL;
}

static zm_addr choose_source(struct input *input, unsigned which)
{
    uint8_t how = take8(input);

    return how < 0xd0 ? home_of(which) : world_addr(how, (uint16_t)(5000 + 2 * (how >> 3 & 7)));
}

/* `sealed`: with the peer's key, where there is one. */
static void deliver(unsigned which, struct input *input, uint8_t *packet, uint32_t len, bool rtcp, bool sealed, uint8_t what)
{
    zm_addr from = choose_source(input, which);

    if (sealed && parties[which].seals &&
        (rtcp ? zm_srtp_protect_rtcp(parties[which].seals, packet, &len) : zm_srtp_protect(parties[which].seals, packet, &len)) !=
            ZM_SRTP_OK)
        return;
    if (sealed && what == 0xfe)
        packet[len / 2] ^= 1;
    if (is_browser(which))
        world_web(what, packet, len, &from);
    else
        world_phone(parties[which].leg, rtcp && what & 1, packet, len, &from);
}

static void speak(unsigned which, struct input *input)
{
    static const uint8_t types[] = {111, 8, 0, 9, 101, 13, 96, 97};
    struct party *party = &parties[which];
    uint8_t packet[ZM_RTP_MAX + 300 + ZM_SRTP_TRAILER_MAX] = {0}, what = take8(input), which_type = take8(input);
    size_t len = what & 0x40 ? take16(input) % 1500 : take8(input), taken = len;
    zm_rtp rtp = {
        .payload_type = which_type & 0x80 ? which_type & 0x7f : types[which_type & 7], .marker = what & 1, .ssrc = party->ssrc,
    };

    party->sequence += what & 2 ? (uint16_t)(int8_t)take8(input) : 1;
    party->timestamp += what & 4 ? take32(input) : what & 8 ? 0 : 160;
    if (what & 16)
        rtp.ssrc ^= take8(input);
    rtp.sequence = party->sequence;
    rtp.timestamp = party->timestamp;
    zm_rtp_write(packet, &rtp);
    uint8_t *payload = take_copy(input, &taken, 0);
    memset(packet + ZM_RTP_HEADER, what, len);
    memcpy(packet + ZM_RTP_HEADER, payload, taken);
    free(payload);
    if (which_type & 0x40)
        packet[0] |= which_type & 0x3f; /* padding, extension, CSRCs */
    deliver(which, input, packet, ZM_RTP_HEADER + (uint32_t)len, false, !(what & 32), take8(input));
}

static void say_raw(unsigned which, struct input *input, bool rtcp)
{
    size_t len = take8(input) * (rtcp ? 1u : 6u);
    uint8_t *packet = take_copy(input, &len, ZM_SRTP_TRAILER_MAX);

    if (len >= 8 && rtcp) { /* so that it comes further */
        packet[0] = (uint8_t)(0x80 | (packet[0] & 0x3f));
        packet[1] = (uint8_t)(200 + packet[1] % 8);
    }
    if (len)
        deliver(which, input, packet, (uint32_t)len, rtcp && len >= 8, rtcp, take8(input));
    free(packet);
}

static void check(unsigned which, struct input *input)
{
    uint8_t request[512], what = take8(input), transaction[12] = {what};
    char username[64];
    uint32_t len;
    zm_addr from = what & 0x40 ? world_addr(HOST_BROWSER_V6, 6000 + (what & 15)) : what & 0x20 ? choose_source(input, which) : home_of(which);

    if (world_is_stranger(&from)) /* he does not know the password */
        return;
    snprintf(username, sizeof username, "%s:%s", parties[which].ufrag, what & 0x10 ? "other" : REMOTE);
    len = zm_stun_write_request(request, transaction, username, PWD, what & 1);
    if (what & 0x80)
        request[take8(input) % len] ^= take8(input);
    world_web(what >> 1, request, len, &from);
}

static void command(unsigned which, struct input *input)
{
    static const char digits[] = "0123456789*#ABCDx";
    uint8_t kind = take8(input), what = take8(input);
    uint64_t leg = parties[which].leg, other = parties[what % LEGS].leg, heard[2] = {other, leg};
    uint32_t sounds[3] = {what & 1, what >> 1 & 1, what >> 2 & 1};

    switch (kind % 18) {
    case 0: case 1: (void)zm_bridge(world_plane, leg, other); break;
    case 2: (void)zm_unbridge(world_plane, leg); break;
    case 3: case 4: (void)zm_join(world_plane, conferences[what >> 7], leg, !(what & 64), heard, what & 64 ? what >> 4 & 1 : 0); break;
    case 5: (void)zm_leave(world_plane, leg); break;
    case 6: (void)zm_play(world_plane, leg, sounds, 1 + what % 3, what & 8); break;
    case 7: (void)zm_announce(world_plane, leg, sounds, 1 + what % 3, what & 8); break;
    case 8: (void)zm_stop(world_plane, leg); break;
    case 9: (void)zm_send_digits(world_plane, leg, digits + what % 17, what * 4u, what); break;
    case 10: (void)zm_say_digit(world_plane, leg, digits[what % 17], what * 4u); break;
    case 11: (void)zm_set_dtmf_policy(world_plane, leg, (zm_dtmf_policy)(what % 3)); break;
    case 12: describe(which, what, kind & 0x80); break;
    case 13: set_pictures(which, what); break;
    case 14:
        if (is_browser(which)) {
            snprintf(parties[which].ufrag, sizeof parties[which].ufrag, "again%u", what);
            (void)zm_restart_ice(world_plane, leg, parties[which].ufrag, PWD);
        }
        break;
    case 15:
        keys[which].receive = what;
        exchange_keys(which);
        break;
    case 16: {
        uint8_t record[64] = {22, 0xfe, 0xff};
        (void)zm_send_dtls(world_plane, leg, record, 1 + what % 64);
        break;
    }
    default:
        close_party(which);
        world_settle();
        open_party(which, what);
    }
    world_settle();
}

/* What holds of legs between any two steps. */
static void look_at_legs(void)
{
    for (unsigned phase = 0; phase < ZM_PHASES; phase++)
        for (uint32_t i = 0; i < world_thread->phase_counts[phase]; i++) {
            const zm_leg *leg = world_thread->legs[phase][i];
            must(!leg->closed && leg->at == i, "a leg in the list is open, and knows its place");
            must(!leg->other || leg->other->other == leg, "the other one's other one");
            must(leg->hears != ZM_HEARS_OTHER || leg->other, "who hears another has one");
            must(leg->hears != ZM_HEARS_CONFERENCE || leg->member, "who hears a conference is in it");
            must(leg->hears != ZM_HEARS_SOUND || leg->player.list, "who hears a sound has one");
            must(leg->way == ZM_WAY_NONE || leg->other, "there is no way to nobody");
        }
}

static void add_sounds(void)
{
    int16_t pcm[8000];
    char error[200];

    for (unsigned i = 0; i < sizeof pcm / sizeof *pcm; i++)
        pcm[i] = (int16_t)(i * 977 % 20000 - 10000);
    for (unsigned i = 0; i < 2; i++) {
        struct sound *sound = sound_from_pcm(pcm, 800 + 320 * i, 1, 8000, error, sizeof error);
        must(sound && zm_plane_add_sound(world_plane, sound) == (int)i, "a sound");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t ways[LEGS] = {0x20, 0x01 | 4, 0, 0x02, 0x02, 0x40};
    struct input input = {data, size};
    uint64_t legs[LEGS];
    unsigned turns = 0;

    world_begin();
    if (world_plane->sounds_count == 0)
        add_sounds();
    for (unsigned which = 0; which < LEGS; which++) {
        keys[which].receive = (uint8_t)(2 * which + 1);
        open_party(which, ways[which]);
    }
    conferences[0] = zm_name_conference(world_plane, parties[0].leg);
    conferences[1] = zm_name_conference(world_plane, parties[0].leg);
    while (input.left && turns++ < 200) {
        uint8_t what = take8(&input);
        unsigned which = (what >> 4) % LEGS;

        switch (what & 15) {
        case 0: case 1: case 2: case 3: speak(which, &input); break;
        case 4: say_raw(which, &input, false); break;
        case 5: case 6: say_raw(which, &input, true); break;
        case 7: case 8: check(BROWSER + (which & 1), &input); break;
        case 9: case 10: case 11: command(which, &input); break;
        case 12: world_thread->now_ns += take8(&input) * 50000000ull; break;
        default: world_tick(1 + (what >> 4));
        }
        look_at_legs();
    }
    for (unsigned which = 0; which < LEGS; which++) {
        legs[which] = parties[which].leg;
        zm_srtp_free(parties[which].seals);
        parties[which].seals = NULL;
    }
    world_end(legs, LEGS);
    return 0;
}
