/* A plane as its peers meet it, for targets that look at more than one part of it: legs of telephones and browsers on one
 * media thread that is no thread.  Its loop is called by the target, its clock and its random numbers are the target's (the
 * same input finds the same state), and what it sends is looked at instead of going anywhere.
 *
 * For this the files that make system calls become a part of the target; all else comes from the archive. */
#ifndef ZENTRALE_FUZZ_WORLD_H
#define ZENTRALE_FUZZ_WORLD_H

#include <errno.h>
#include <limits.h>
#include <netinet/ip.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "input.h"

static ssize_t world_sendto(
    int fd, const void *datagram, size_t len, int flags, const struct sockaddr *to, socklen_t to_len);
static int world_sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags);
static int world_socket(int family, int type, int protocol);
static int world_bind(int fd, const struct sockaddr *to, socklen_t len);
static ssize_t world_getrandom(void *to, size_t len, unsigned flags);

#define zm_thread_start world_real_start
#include "../../../gateway/media/native/thread.c"
#undef zm_thread_start
#include "../../../gateway/media/native/ingress.c"
#define sendto world_sendto
#define sendmmsg world_sendmmsg
#include "../../../gateway/media/native/egress.c"
#undef sendto
#undef sendmmsg
#define socket world_socket
#define bind world_bind
#include "../../../gateway/media/native/ports.c"
#undef socket
#undef bind
#define getrandom world_getrandom
#include "../../../gateway/media/native/requests.c"
#undef getrandom

/* Who there is.  Nothing but an answer to STUN ever goes to the stranger, for he can't prove anything. */
enum { HOST_PHONE, HOST_NAT, HOST_SIGNALLING, HOST_BROWSER, HOST_BROWSER_V6, HOST_STRANGER, HOSTS };
static const char *const world_hosts[HOSTS] = {
    "192.0.2.1", "192.0.2.2", "198.51.100.7", "192.0.2.9", "2001:db8::9", "203.0.113.66",
};

static zm_plane *world_plane;
static zm_thread *world_thread;
static uint64_t world_seed;
static bool world_offline; /* no more real sockets */

bool zm_thread_start(zm_thread *thread);
bool zm_thread_start(zm_thread *thread)
{
    (void)thread;
    return true;
}

static ssize_t world_getrandom(void *to, size_t len, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < len; i++) {
        world_seed = world_seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
        ((uint8_t *)to)[i] = (uint8_t)(world_seed >> 56);
    }
    return (ssize_t)len;
}

/* The sockets of legs are numbers that no descriptor has, and nothing is bound to them. */
static int world_socket(int family, int type, int protocol)
{
    return world_offline ? INT_MAX : socket(family, type, protocol);
}

static int world_bind(int fd, const struct sockaddr *to, socklen_t len)
{
    return world_offline ? 0 : bind(fd, to, len);
}

static zm_addr world_addr(unsigned host, uint16_t port)
{
    zm_addr addr;

    must(zm_addr_parse(&addr, world_hosts[host % HOSTS], port), "an address");
    return addr;
}

static bool world_is_stranger(const zm_addr *addr)
{
    zm_addr stranger = world_addr(HOST_STRANGER, 1);

    return zm_addr_same_host(addr, &stranger);
}

static void world_look_at(const uint8_t *datagram, size_t len, const zm_addr *to)
{
    uint32_t sum = 0;

    must(len > 0 && len <= ZM_DATAGRAM_MAX, "a datagram of ours has a length that we would take");
    for (size_t i = 0; i < len; i++) /* readable to its end */
        sum += datagram[i];
    must(sum != UINT32_MAX, "a sum");
    must(datagram[0] <= 3 || !world_is_stranger(to), "a stranger gets nothing but answers to STUN");
    must(datagram[0] <= 63 || datagram[0] >> 6 == 2, "version 2 of RTP and RTCP");
}

static ssize_t world_sendto(
    int fd, const void *datagram, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
    zm_addr addr = {0};

    (void)fd;
    (void)flags;
    must(to_len <= sizeof addr && to_len > 0, "there is an address to send to");
    memcpy(&addr, to, to_len);
    must(((const uint8_t *)datagram)[0] >> 6 == 2, "a telephone gets RTP and RTCP only");
    world_look_at(datagram, len, &addr);
    return (ssize_t)len;
}

static int world_sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags)
{
    (void)fd;
    (void)flags;
    for (unsigned i = 0; i < count; i++)
        world_look_at(headers[i].msg_hdr.msg_iov->iov_base, headers[i].msg_hdr.msg_iov->iov_len, headers[i].msg_hdr.msg_name);
    return (int)count;
}

/* Once per process; then a plane without legs, as new. */
static void world_begin(void)
{
    static const zm_config config = {
        .addresses = {"127.0.0.1", "::1"}, .addresses_count = 2, .rtp_port_first = 20000, .rtp_port_last = 20199,
        .threads = 1, .consent_ms = 5000, .legs_max = 16, .commands_max = 64, .quality_ms = 1000, .silence_ms = 3000,
        .one_way_ms = 2000, .encoding = {.opus_bitrate = 24000, .opus_complexity = 0},
    };
    char error[256];

    if (world_plane == NULL) {
        world_plane = zm_plane_new(&config, error, sizeof error);
        must(world_plane != NULL, error);
        world_thread = &world_plane->threads[0];
        world_offline = true;
    }
    world_seed = 1;
    world_thread->now_ns = 1000000000000u;
    world_thread->random = 1;
    world_thread->ticks = 0;
    world_thread->paced = false;
    world_plane->ports.next = 0;
    for (uint32_t i = 0; i < config.legs_max; i++) /* slots come in the same order again */
        world_plane->free_slots[i] = config.legs_max - 1 - i;
}

static void world_drain(void)
{
    zm_event *event = zm_plane_take_events(world_plane), *next;

    for (; event; event = next) {
        next = event->next;
        must(strlen(event->text) <= event->text_len, "an event's text ends");
        zm_event_free(event);
    }
}

/* What the loop does after each wake-up. */
static void world_settle(void)
{
    run_commands(world_thread);
    zm_flush_web(world_thread);
    bury(world_thread);
    world_drain();
}

/* Parts of the 20 ms clock. */
static void world_tick(unsigned parts)
{
    for (; parts; parts--) {
        uint32_t phase = world_thread->ticks % ZM_PHASES;
        world_thread->now_ns += FRAME_NS / ZM_PHASES;
        for (uint32_t i = 0; i < world_thread->phase_counts[phase]; i++)
            tick_leg(world_thread->legs[phase][i], world_thread->ticks / ZM_PHASES);
        world_thread->ticks++;
        world_settle();
    }
}

/* A datagram of `len` octets, handed over in a copy that ends where it ends; comes to browser port `port`, ... */
static void world_web(unsigned port, const uint8_t *datagram, size_t len, const zm_addr *from)
{
    uint8_t *copy = malloc(len ? len : 1);

    must(copy != NULL, "memory");
    memcpy(copy, datagram, len);
    receive_web(world_thread, &world_thread->web[port % world_thread->web_count], copy, (uint32_t)len, from);
    free(copy);
    world_settle();
}

/* ... or to the sockets of a telephone's leg. */
static void world_phone(uint64_t id, bool rtcp, const uint8_t *datagram, size_t len, const zm_addr *from)
{
    zm_leg *leg = zm_thread_find(world_thread, id);
    uint8_t *copy = malloc(len ? len : 1);

    must(copy != NULL, "memory");
    memcpy(copy, datagram, len);
    if (leg && leg->kind == ZM_LEG_RTP && !rtcp)
        receive_plain(leg, copy, (uint32_t)len, from);
    else if (leg && leg->kind == ZM_LEG_RTP && admit(leg, (uint32_t)len, leg->negotiated && zm_latch_admits_rtcp(&leg->rtp.latch, from)) &&
             receive_rtcp(leg, copy, (uint32_t)len))
        zm_latch_hold_rtcp(&leg->rtp.latch, from);
    free(copy);
    world_settle();
}

static void world_end(const uint64_t *legs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)zm_close_leg(world_plane, legs[i]);
    world_settle();
    must(world_thread->legs_count == 0 && world_plane->free_count == world_plane->legs_max, "no leg is left");
    must(world_thread->conferences == NULL, "no conference is left");
    must(world_plane->ports.used_count == 0, "no port is left in use");
    for (unsigned i = 0; i < ZM_TABLE; i++)
        must(!world_thread->paths[i] && !world_thread->ufrags[i], "no path and no name is left");
}

#endif
