#include "loadgen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loadgen_state.h"

enum {
    GROUP_CALLS = 250, /* ends on one socket: what comes between two readings must fit its buffer */
    SOCKET_BUFFER = 8 << 20,
    SEED = 7,
};

static bool open_group(zl_group *group)
{
    static const int on = 1, size = SOCKET_BUFFER;
    static const char loopback[] = "lo";
    zm_addr bound = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)}};
    socklen_t len = sizeof bound;

    group->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (group->fd < 0 || setsockopt(group->fd, SOL_SOCKET, SO_BINDTODEVICE, loopback, sizeof loopback) != 0)
        return false;
    if (setsockopt(group->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)!setsockopt(group->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(group->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        setsockopt(group->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
        bind(group->fd, &bound.any, sizeof bound.v4) != 0 || getsockname(group->fd, &bound.any, &len) != 0)
        return false;
    group->port = zm_addr_port(&bound);
    for (uint32_t i = 0; i < CHUNK; i++) {
        struct msghdr *header = &group->out[i].msg_hdr;
        struct cmsghdr *control;
        group->out_vectors[i].iov_base = group->out_datagrams[i];
        header->msg_iov = &group->out_vectors[i];
        header->msg_iovlen = 1;
        header->msg_control = group->out_controls[i];
        header->msg_controllen = SEND_CONTROL;
        control = CMSG_FIRSTHDR(header);
        control->cmsg_level = IPPROTO_IP;
        control->cmsg_type = IP_PKTINFO;
        control->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    }
    return true;
}

static int compare_phases(const void *a, const void *b)
{
    const zl_end *x = *(zl_end *const *)a, *y = *(zl_end *const *)b;

    return x->phase_ns < y->phase_ns ? -1 : x->phase_ns > y->phase_ns;
}

static void place_ends(zl_load *load)
{
    uint64_t random = SEED;

    for (uint32_t i = 0; i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        random = random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX: the same calls each time */
        end->browser = i & 1;
        end->other = &load->ends[i ^ 1];
        end->group = &load->groups[i / 2 / GROUP_CALLS * 2 + (i & 1)];
        end->address.s_addr = htonl((i & 1 ? FIRST_BROWSER : FIRST_PHONE) + i / 2);
        end->ssrc = 0x10000 + i;
        end->phase_ns = (random >> 32) * FRAME >> 32;
        load->order[i] = end;
    }
    qsort(load->order, 2 * load->calls, sizeof *load->order, compare_phases);
}

static void prepare_reading(zl_load *load)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        struct msghdr *header = &load->in[i].msg_hdr;
        load->in_vectors[i].iov_base = load->in_datagrams[i];
        load->in_vectors[i].iov_len = DATAGRAM;
        header->msg_iov = &load->in_vectors[i];
        header->msg_iovlen = 1;
        header->msg_name = &load->in_from[i];
        header->msg_control = load->in_controls[i];
    }
}

zl_load *zl_new(uint32_t calls, char *error, uint32_t error_size)
{
    zl_load *load = calloc(1, sizeof *load);

    snprintf(error, error_size, "load generator: out of memory, or %u calls are out of range", calls);
    if (load == NULL)
        return NULL;
    if (calls == 0 || calls > ZL_CALLS_MAX || !zm_srtp_init()) {
        free(load);
        return NULL;
    }
    load->calls = calls;
    load->groups_count = 2 * ((calls + GROUP_CALLS - 1) / GROUP_CALLS);
    load->ends = calloc(2 * calls, sizeof *load->ends);
    load->order = calloc(2 * calls, sizeof(zl_end *));
    load->groups = calloc(load->groups_count, sizeof *load->groups);
    for (uint32_t i = 0; load->groups && i < load->groups_count; i++)
        load->groups[i].fd = -1;
    if (!load->ends || !load->order || !load->groups) {
        zl_free(load);
        return NULL;
    }
    for (uint32_t i = 0; i < load->groups_count; i++) {
        load->groups[i].browsers = i & 1;
        if (open_group(&load->groups[i]))
            continue;
        snprintf(error, error_size, "load generator: can't open a socket on the loopback device: %s", strerror(errno));
        zl_free(load);
        return NULL;
    }
    place_ends(load);
    prepare_reading(load);
    return load;
}

void zl_forget(zl_load *load)
{
    for (uint32_t i = 0; i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        free(end->sent_ns);
        free(end->seen);
        end->sent_ns = NULL;
        end->seen = NULL;
        if (end->decoder.decoder)
            opus_decode_free(&end->decoder);
        zl_heard_free(&end->heard);
    }
    free(load->delays);
    load->delays = NULL;
}

void zl_free(zl_load *load)
{
    if (load->ends)
        zl_forget(load);
    for (uint32_t i = 0; load->ends && i < 2 * load->calls; i++) {
        zm_srtp_free(load->ends[i].in);
        zm_srtp_free(load->ends[i].out);
    }
    for (uint32_t i = 0; load->groups && i < load->groups_count; i++)
        if (load->groups[i].fd >= 0)
            close(load->groups[i].fd);
    if (load->sound)
        sound_free(load->sound);
    free(load->groups);
    free(load->order);
    free(load->ends);
    free(load);
}

bool zl_say(zl_load *load, const char *path, char *error, uint32_t error_size)
{
    if (load->sound)
        sound_free(load->sound);
    load->sound = sound_load(path, error, error_size);
    return load->sound != NULL;
}

void zl_addresses(
    const zl_load *load, uint32_t call, char phone[ZM_ADDR_TEXT], uint16_t *phone_port, char browser[ZM_ADDR_TEXT],
    uint16_t *browser_port)
{
    const zl_end *end = &load->ends[2 * call];

    (void)!inet_ntop(AF_INET, &end->address, phone, ZM_ADDR_TEXT);
    (void)!inet_ntop(AF_INET, &end->other->address, browser, ZM_ADDR_TEXT);
    *phone_port = end->group->port;
    *browser_port = end->other->group->port;
}

bool zl_aim(zl_load *load, uint32_t call, const zl_peer *peer)
{
    zl_end *phone = &load->ends[2 * call], *browser = phone->other;

    snprintf(browser->username, sizeof browser->username, "%s", peer->username);
    snprintf(browser->pwd, sizeof browser->pwd, "%s", peer->pwd);
    browser->ice = *peer->username != 0;
    browser->connected = !browser->ice;
    browser->checked_ns = 0;
    phone->connected = true;
    zm_srtp_free(browser->out);
    zm_srtp_free(browser->in);
    browser->out = zm_srtp_new(peer->profile, peer->send, true);
    browser->in = zm_srtp_new(peer->profile, peer->receive, false);
    return browser->in && browser->out && zm_addr_parse(&phone->to, peer->host, peer->phone_port) &&
           zm_addr_parse(&browser->to, peer->host, peer->browser_port);
}
