#include "loadgen.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "g711.h"
#include "opus_codec.h"
#include "ports.h"
#include "rtp.h"
#include "srtp.h"
#include "stun.h"

enum {
    SLOTS = 20,            /* one per ms of a frame: legs are spread over them */
    LOOP = 50,             /* frames of the burst pattern */
    BURST = 10,            /* of them loud */
    LOUD = 1000,           /* mean amplitude that counts as loud */
    QUIET_BEFORE = 5,      /* frames */
    CHECK_MS = 2500,       /* consent checks */
    SETTLE_MS = 1000,      /* before counting in a mix: jitter buffers find their target */
    DRAIN_MS = 400,
    CONNECT_MS = 10000,
    PCMA = 8,
    OPUS = 111,
    PAYLOAD = 160,
    STAMP = 0x7a6c7374,
    SOCKET_BUFFER = 1 << 20,
};

#define MS 1000000ull

typedef struct zl_end {
    int fd;
    bool browser, connected;
    uint16_t port;
    zm_addr to;
    struct zl_end *other;
    zm_srtp *in, *out;
    char username[520], pwd[260];
    uint64_t checked_ns;
    uint32_t ssrc, frame, sent;
    uint64_t burst_ns; /* when the last burst began to be sent */
    uint8_t *seen;     /* by number, relay */
    zm_rtp_source source;
    struct opus_decode_state decoder;
    uint32_t quiet;    /* frames heard since it was loud */
} zl_end;

struct zl_load {
    uint32_t calls;
    zl_end *ends; /* phone, browser, phone, browser, ... */
    int epoll_fd, timer_fd;
    uint64_t begin_ns;
    uint32_t frames;
    bool mix, talking;
    zl_result result;
    uint32_t *delays;
    uint64_t delays_max;
    uint8_t pcma[LOOP][PAYLOAD];
    uint8_t opus[LOOP][OPUS_PACKET_MAX];
    uint32_t opus_len[LOOP];
};

static uint64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static bool open_end(zl_load *load, zl_end *end, const zm_addr *host)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
    static const int on = 1;
    zm_addr bound;
    socklen_t len = sizeof bound;

    end->fd = zm_udp_socket(host, SOCKET_BUFFER);
    if (end->fd < 0 || getsockname(end->fd, &bound.any, &len) != 0)
        return false;
    end->port = zm_addr_port(&bound);
    return setsockopt(end->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
           epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, end->fd, &event) == 0;
}

zl_load *zl_new(const char *host, uint32_t calls, char *error, uint32_t error_size)
{
    struct itimerspec every = {.it_interval.tv_nsec = MS, .it_value.tv_nsec = MS};
    zl_load *load = calloc(1, sizeof *load);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    zm_addr addr;

    snprintf(error, error_size, "load generator: out of memory, bad address, or %u calls are out of range", calls);
    if (load == NULL)
        return NULL;
    load->epoll_fd = load->timer_fd = -1;
    if (calls == 0 || calls > ZL_CALLS_MAX || !zm_addr_parse(&addr, host, 0) || !zm_srtp_init() ||
        (load->ends = calloc(2 * calls, sizeof *load->ends)) == NULL) {
        zl_free(load);
        return NULL;
    }
    load->calls = calls;
    for (uint32_t i = 0; i < 2 * calls; i++) {
        load->ends[i].fd = -1;
        load->ends[i].browser = i & 1;
        load->ends[i].other = &load->ends[i ^ 1];
        load->ends[i].ssrc = 0x10000 + i;
    }
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    bool opened = load->epoll_fd >= 0 && timerfd_settime(load->timer_fd, 0, &every, NULL) == 0 &&
                  epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, load->timer_fd, &event) == 0;
    for (uint32_t i = 0; i < 2 * calls && opened; i++)
        opened = open_end(load, &load->ends[i], &addr);
    if (opened)
        return load;
    snprintf(error, error_size, "load generator: can't open its sockets: %s", strerror(errno));
    zl_free(load);
    return NULL;
}

void zl_free(zl_load *load)
{
    for (uint32_t i = 0; load->ends && i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        if (end->fd >= 0)
            close(end->fd);
        zm_srtp_free(end->in);
        zm_srtp_free(end->out);
        free(end->seen);
        if (end->decoder.decoder)
            opus_decode_free(&end->decoder);
    }
    if (load->epoll_fd >= 0)
        close(load->epoll_fd);
    if (load->timer_fd >= 0)
        close(load->timer_fd);
    free(load->ends);
    free(load->delays);
    free(load);
}

void zl_ports(const zl_load *load, uint32_t call, uint16_t *phone, uint16_t *browser)
{
    *phone = load->ends[2 * call].port;
    *browser = load->ends[2 * call + 1].port;
}

bool zl_aim(
    zl_load *load, uint32_t call, const char *host, uint16_t phone_port, uint16_t browser_port, const char *username,
    const char *pwd, const char *profile, const uint8_t *send, const uint8_t *receive)
{
    zl_end *phone = &load->ends[2 * call], *browser = phone + 1;

    snprintf(browser->username, sizeof browser->username, "%s", username);
    snprintf(browser->pwd, sizeof browser->pwd, "%s", pwd);
    browser->out = zm_srtp_new(profile, send, true);
    browser->in = zm_srtp_new(profile, receive, false);
    phone->connected = true;
    return browser->in && browser->out && zm_addr_parse(&phone->to, host, phone_port) &&
           zm_addr_parse(&browser->to, host, browser_port);
}

/* --- the pattern of the mix: a second with a burst of 200 ms ---------------------------------------------------------- */

static bool make_pattern(zl_load *load)
{
    struct opus_encode_state encoder;
    int16_t pcm[960];

    if (opus_encode_init(&encoder, 48000, 0, 5) != 0)
        return false;
    for (uint32_t round = 0; round < 2; round++) /* the second time the encoder knows what came before */
        for (uint32_t frame = 0; frame < LOOP; frame++) {
            for (uint32_t i = 0; i < 960; i++)
                pcm[i] = frame < BURST ? (int16_t)(12000 * sin(2 * M_PI * 500 * i / 48000)) : 0;
            load->opus_len[frame] =
                (uint32_t)opus_encode_packet(&encoder, pcm, 960, load->opus[frame], sizeof load->opus[frame]);
            for (uint32_t i = 0; i < PAYLOAD; i++)
                pcm[i] = frame < BURST ? (int16_t)(12000 * sin(2 * M_PI * 500 * i / 8000)) : 0;
            g711_pcma_encode(load->pcma[frame], pcm, PAYLOAD);
        }
    opus_encode_free(&encoder);
    return true;
}

/* --- sending -------------------------------------------------------------------------------------------------------- */

static void transmit(const zl_end *end, const void *datagram, uint32_t len)
{
    (void)!sendto(end->fd, datagram, len, MSG_DONTWAIT, &end->to.any, zm_addr_len(&end->to));
}

static void check(zl_end *end, uint64_t now_ns)
{
    uint8_t request[1024], transaction[12] = {0};

    memcpy(transaction, &now_ns, sizeof now_ns);
    memcpy(transaction + 8, &end->ssrc, sizeof end->ssrc);
    transmit(end, request, zm_stun_write_request(request, transaction, end->username, end->pwd, true));
    end->checked_ns = now_ns;
}

static uint32_t write_payload(zl_load *load, zl_end *end, uint8_t *to, uint64_t now_ns)
{
    uint32_t at = (end->frame + end->ssrc * 7) % LOOP;

    if (!load->mix) {
        memset(to, (int)end->frame, PAYLOAD);
        zm_put32(to, STAMP);
        zm_put32(to + 4, end->frame);
        memcpy(to + 8, &now_ns, sizeof now_ns);
        return PAYLOAD;
    }
    if (at == 0)
        end->burst_ns = now_ns;
    if (end->browser) {
        memcpy(to, load->opus[at], load->opus_len[at]);
        return load->opus_len[at];
    }
    memcpy(to, load->pcma[at], PAYLOAD);
    return PAYLOAD;
}

static void talk(zl_load *load, zl_end *end, uint64_t due_ns)
{
    uint8_t packet[2048] __attribute__((aligned(8)));
    bool opus = load->mix && end->browser;
    uint64_t now_ns = realtime_ns();
    zm_rtp rtp = {
        .payload_type = opus ? OPUS : PCMA,
        .marker = end->frame == 0,
        .sequence = (uint16_t)(end->frame + 1000),
        .timestamp = end->frame * (opus ? 960 : 160),
        .ssrc = end->ssrc,
    };
    uint32_t len;

    if (now_ns > due_ns + 5 * MS)
        load->result.late++;
    zm_rtp_write(packet, &rtp);
    len = ZM_RTP_HEADER + write_payload(load, end, packet + ZM_RTP_HEADER, now_ns);
    if (end->out && zm_srtp_protect(end->out, packet, &len) != ZM_SRTP_OK)
        return;
    transmit(end, packet, len);
    end->frame++;
    load->result.sent++;
    if (end->browser && now_ns - end->checked_ns > CHECK_MS * MS)
        check(end, now_ns);
}

static void tick(zl_load *load)
{
    uint64_t expirations, now_ns = realtime_ns();
    bool all = true;

    (void)!read(load->timer_fd, &expirations, sizeof expirations);
    for (uint32_t i = 0; i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        if (!load->talking) {
            if (!end->connected && now_ns - end->checked_ns > 200 * MS)
                check(end, now_ns);
            all = all && end->connected;
            continue;
        }
        uint64_t phase_ns = (uint64_t)(i * 7 % SLOTS) * MS + (uint64_t)(i % 13) * MS / 13;
        uint64_t due_ns = load->begin_ns + phase_ns + (uint64_t)end->frame * 20 * MS;
        if (end->frame < load->frames && now_ns >= due_ns)
            talk(load, end, due_ns);
    }
    if (!load->talking && all) {
        load->talking = true;
        load->begin_ns = now_ns + 20 * MS;
    }
}

/* --- receiving ------------------------------------------------------------------------------------------------------ */

static void note_delay(zl_load *load, uint64_t sent_ns, uint64_t arrived_ns)
{
    if (load->result.delays < load->delays_max)
        load->delays[load->result.delays++] = arrived_ns > sent_ns ? (uint32_t)((arrived_ns - sent_ns) / 1000) : 0;
}

static void hear_stamped(zl_load *load, zl_end *end, const zm_rtp *rtp, uint64_t arrived_ns)
{
    uint64_t sent_ns;
    uint32_t number;

    if (rtp->payload_len != PAYLOAD || zm_get32(rtp->payload) != STAMP)
        return; /* silence from before the bridge */
    number = zm_get32(rtp->payload + 4);
    if (number >= load->frames)
        return;
    if (end->seen[number]++) {
        load->result.duplicates++;
        return;
    }
    load->result.received++;
    memcpy(&sent_ns, rtp->payload + 8, sizeof sent_ns);
    note_delay(load, sent_ns, arrived_ns);
}

static void hear_mixed(zl_load *load, zl_end *end, const zm_rtp *rtp, uint64_t arrived_ns)
{
    int16_t pcm[OPUS_PACKET_SAMPLES_MAX];
    int samples = (int)rtp->payload_len;
    int64_t sum = 0;

    zm_rtp_source_update(&end->source, rtp, arrived_ns, true);
    load->result.received++;
    if (end->browser)
        samples = opus_decode_packet(&end->decoder, rtp->payload, rtp->payload_len, pcm, OPUS_PACKET_SAMPLES_MAX);
    else if (rtp->payload_len <= sizeof pcm / sizeof *pcm)
        g711_pcma_decode(pcm, rtp->payload, rtp->payload_len);
    for (int i = 0; i < samples; i++)
        sum += abs(pcm[i]);
    if (samples <= 0 || sum / samples < LOUD) {
        end->quiet++;
        return;
    }
    if (end->quiet > QUIET_BEFORE && end->other->burst_ns > load->begin_ns + SETTLE_MS * MS)
        note_delay(load, end->other->burst_ns, arrived_ns);
    end->quiet = 0;
}

static void hear(zl_load *load, zl_end *end, uint8_t *datagram, uint32_t len, uint64_t arrived_ns)
{
    zm_stun stun;
    zm_rtp rtp;

    if (len < ZM_RTP_HEADER)
        return;
    if (datagram[0] < 4) {
        if (zm_stun_parse(&stun, datagram, len) && stun.type == ZM_STUN_BINDING_SUCCESS)
            end->connected = true;
        return;
    }
    if (datagram[0] < 128 || zm_is_rtcp(datagram))
        return;
    if (end->in && zm_srtp_unprotect(end->in, datagram, &len) != ZM_SRTP_OK) {
        load->result.unauthentic++;
        return;
    }
    if (!load->talking || !zm_rtp_parse(&rtp, datagram, len))
        return;
    if (load->mix)
        hear_mixed(load, end, &rtp, arrived_ns);
    else
        hear_stamped(load, end, &rtp, arrived_ns);
}

/* The kernel's time of arrival: how late the generator reads is not the plane's delay. */
static uint64_t arrival_ns(struct msghdr *message)
{
    struct timespec time;

    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control))
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPNS) {
            memcpy(&time, CMSG_DATA(control), sizeof time);
            return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
        }
    return realtime_ns();
}

static void read_end(zl_load *load, zl_end *end)
{
    uint8_t datagram[2048] __attribute__((aligned(8)));
    uint8_t control[128] __attribute__((aligned(8)));

    for (;;) {
        struct iovec vector = {datagram, sizeof datagram};
        struct msghdr message = {
            .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t len = recvmsg(end->fd, &message, MSG_DONTWAIT);
        if (len < 0)
            return;
        hear(load, end, datagram, (uint32_t)len, arrival_ns(&message));
    }
}

/* --- the run -------------------------------------------------------------------------------------------------------- */

static bool prepare(zl_load *load, uint32_t frames, bool mix)
{
    load->frames = frames;
    load->mix = mix;
    load->talking = false;
    memset(&load->result, 0, sizeof load->result);
    load->delays_max = (uint64_t)load->calls * 2 * frames;
    load->delays = malloc(load->delays_max * sizeof *load->delays);
    for (uint32_t i = 0; i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        end->seen = mix ? NULL : calloc(frames, 1);
        end->source.clock_rate = mix && end->browser ? 48000 : 8000;
        if ((!mix && end->seen == NULL) || (mix && end->browser && opus_decode_init(&end->decoder, 8000) != 0))
            return false;
    }
    return load->delays && make_pattern(load);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void sum_up(zl_load *load)
{
    zl_result *result = &load->result;

    for (uint32_t i = 0; i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        result->overflowed += zm_udp_overflows(end->fd);
        if (load->mix)
            result->lost += zm_rtp_source_lost(&end->source);
    }
    if (!load->mix)
        result->lost = result->sent - result->received;
    if (result->delays == 0)
        return;
    qsort(load->delays, result->delays, sizeof *load->delays, compare);
    result->delay_p50_us = load->delays[result->delays / 2];
    result->delay_p99_us = load->delays[result->delays * 99 / 100];
    result->delay_max_us = load->delays[result->delays - 1];
}

bool zl_run(zl_load *load, uint32_t frames, bool mix, zl_result *result, char *error, uint32_t error_size)
{
    struct epoll_event wakes[256];
    uint64_t begun_ns = realtime_ns(), now_ns = begun_ns;

    if (frames == 0 || frames > ZL_SECONDS_MAX * 50 || load->delays || !prepare(load, frames, mix)) {
        snprintf(error, error_size, "load generator: out of memory, used before, or %u frames are out of range", frames);
        return false;
    }
    while (!load->talking || now_ns < load->begin_ns + (uint64_t)frames * 20 * MS + DRAIN_MS * MS) {
        int count = epoll_wait(load->epoll_fd, wakes, 256, 1000);
        for (int i = 0; i < count; i++)
            if (wakes[i].data.ptr)
                read_end(load, wakes[i].data.ptr);
            else
                tick(load);
        now_ns = realtime_ns();
        if (!load->talking && now_ns - begun_ns > CONNECT_MS * MS) {
            snprintf(error, error_size, "load generator: the plane does not answer STUN checks");
            return false;
        }
    }
    sum_up(load);
    *result = load->result;
    return true;
}
