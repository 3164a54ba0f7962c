#include "thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "bridge.h"
#include "egress.h"
#include "ice.h"
#include "ingress.h"
#include "plane_state.h"
#include "priority.h"
#include "rtcp.h"
#include "video_relay.h"

enum { WAKE_MAX = 256, EXPIRE_ROUNDS = 5 /* paths are looked over every 100 ms */, ROUNDS_PER_SECOND = 50 };

uint64_t zm_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t zm_random(zm_thread *thread)
{
    thread->random ^= thread->random << 13;
    thread->random ^= thread->random >> 7;
    thread->random ^= thread->random << 17;
    return (uint32_t)(thread->random >> 32);
}

zm_leg *zm_thread_find(zm_thread *thread, uint64_t id)
{
    zm_leg *leg = thread->slots[id & 0xffff];

    return leg && leg->id == id ? leg : NULL;
}

/* --- events --------------------------------------------------------------------------------------------------------- */

zm_event *zm_event_new(zm_event_kind kind, uint64_t leg, const void *text, uint32_t text_len)
{
    zm_event *event = calloc(1, sizeof *event + text_len + 1);

    if (event == NULL)
        return NULL;
    event->kind = kind;
    event->leg = leg;
    event->text_len = text_len;
    if (text_len)
        memcpy(event->text, text, text_len);
    return event;
}

void zm_raise(zm_queue *events, zm_event *event)
{
    if (event)
        zm_queue_push(events, (zm_node *)event, true);
}

bool zm_raise_limited(zm_leg *leg, zm_event *event)
{
    if (event && leg->event_budget && zm_queue_push(leg->thread->events, (zm_node *)event, false)) {
        leg->event_budget--;
        return true;
    }
    free(event);
    zm_drop(leg->thread, leg);
    return false;
}

/* --- the clock ------------------------------------------------------------------------------------------------------ */

static void report(zm_leg *leg)
{
    uint8_t packet[ZM_RTCP_MAX + ZM_SRTP_TRAILER_MAX] __attribute__((aligned(4)));
    zm_thread *thread = leg->thread;

    /* RFC 3550 6.2: 5 s, times a random factor so that many legs do not report in step. */
    leg->report_ns = thread->now_ns + (2500u + zm_random(thread) % 5000u) * 1000000ull;
    if (zm_leg_can_send(leg) && (leg->sent || leg->source.known))
        zm_send_rtcp(leg, packet, zm_rtcp_write(leg, packet, thread->now_ns, false));
}

/* A leg's turn, every 20 ms; `round` counts them. */
static void tick_leg(zm_leg *leg, uint64_t round)
{
    zm_thread *thread = leg->thread;
    struct dtmf_digit digit;

    zm_hear_tick(leg);
    if (leg->dtmf.started && !leg->dtmf.reported &&
        dtmf_receiver_expire(&leg->dtmf, (int64_t)thread->now_ns, &digit))
        zm_digits_said(leg, digit.digit, digit.duration_ms, ZM_DIGIT_EVENT);
    if (thread->now_ns >= leg->report_ns)
        report(leg);
    if (leg->video)
        zm_video_tick(leg, round % ROUNDS_PER_SECOND == 0);
    if (leg->kind == ZM_LEG_WEBRTC && round % EXPIRE_ROUNDS == 0)
        zm_ice_expire(leg);
    if (round % ROUNDS_PER_SECOND == 0) {
        leg->event_budget = ZM_EVENTS_PER_SECOND_MAX;
        zm_quality_tick(leg);
    }
}

/* Many packets make a wake-up each dearer than all the rest: then the thread looks at its sockets by the clock. */
static void choose_pace(zm_thread *thread)
{
    uint64_t packets = thread->statistics.packets_in - thread->paced_packets;

    thread->paced = packets >= (thread->paced ? ZM_PACED_UNTIL : ZM_PACED_FROM);
    thread->paced_packets = thread->statistics.packets_in;
}

static void tick(zm_thread *thread)
{
    uint64_t due = 0;

    if (read(thread->timer_fd, &due, sizeof due) != sizeof due || due == 0)
        return;
    __atomic_store_n(&thread->statistics.ticks, thread->statistics.ticks + due, __ATOMIC_RELAXED);
    if (due > 1)
        __atomic_store_n(&thread->statistics.ticks_late, thread->statistics.ticks_late + due - 1, __ATOMIC_RELAXED);
    if (due > ZM_TICKS_BEHIND_MAX)
        due = ZM_TICKS_BEHIND_MAX;
    for (; due; due--) {
        uint32_t phase = thread->ticks % ZM_PHASES;
        if (phase == 0)
            choose_pace(thread);
        for (uint32_t i = 0; i < thread->phase_counts[phase]; i++)
            tick_leg(thread->legs[phase][i], thread->ticks / ZM_PHASES);
        thread->ticks++;
    }
}

/* --- the loop ------------------------------------------------------------------------------------------------------- */

static void run_commands(zm_thread *thread)
{
    zm_node *node = zm_queue_take(&thread->commands);

    while (node) {
        zm_node *next = node->next;
        zm_run_command(thread, (zm_command *)node);
        node = next;
    }
}

/* Free the legs that closed in this wake-up; until now the epoll events might have pointed to them. */
static void bury(zm_thread *thread)
{
    while (thread->graves) {
        zm_leg *leg = thread->graves;
        thread->graves = leg->other;
        zm_leg_free(leg);
    }
}

static void dispatch(zm_thread *thread, const struct epoll_event *wakes, int count)
{
    bool ticked = false;

    /* First: what was asked before a packet came holds for that packet. */
    if (zm_queue_count(&thread->commands))
        run_commands(thread);
    for (int i = 0; i < count; i++) {
        void *who = (void *)(uintptr_t)(wakes[i].data.u64 & ~(uint64_t)ZM_TAG_MASK);
        zm_leg *leg = who;
        switch (wakes[i].data.u64 & ZM_TAG_MASK) {
        case ZM_TAG_RTP:
            if (!leg->closed)
                zm_read_rtp(leg);
            break;
        case ZM_TAG_RTCP:
            if (!leg->closed)
                zm_read_rtcp(leg);
            break;
        case ZM_TAG_WEB:
            zm_read_web(thread, who);
            break;
        case ZM_TAG_TIMER:
            ticked = true;
            break;
        default: /* mostly done above; but the eventfd must be reset, and there may be more */
            run_commands(thread);
        }
    }
    zm_flush_web(thread); /* what came in goes on first, then a quarter of all legs has its turn */
    if (ticked) {
        tick(thread);
        zm_flush_web(thread);
    }
    bury(thread);
}

static void wait_for_round(zm_thread *thread)
{
    uint64_t at_ns = thread->now_ns + ZM_ROUND_NS;
    struct timespec at = {(time_t)(at_ns / 1000000000u), (long)(at_ns % 1000000000u)};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void *run(void *argument)
{
    zm_thread *thread = argument;
    struct epoll_event wakes[WAKE_MAX];

    /* Sound can't wait for signalling, storage or a compiler beside it.  Without the right to it we stay as we are. */
    (void)!setpriority(PRIO_PROCESS, (id_t)gettid(), ZM_NICE);
    while (!thread->quit) {
        if (thread->paced)
            wait_for_round(thread);
        int count = epoll_wait(thread->epoll_fd, wakes, WAKE_MAX, thread->paced ? 0 : -1);
        thread->now_ns = zm_monotonic_ns();
        if (count > 0)
            dispatch(thread, wakes, count);
    }
    return NULL;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static bool batch_init(zm_batch *batch)
{
    batch->datagrams = aligned_alloc(64, ZM_BATCH_MAX * ZM_DATAGRAM_MAX);
    if (batch->datagrams == NULL)
        return false;
    for (uint32_t i = 0; i < ZM_BATCH_MAX; i++) {
        batch->vectors[i].iov_base = batch->datagrams[i];
        batch->vectors[i].iov_len = ZM_DATAGRAM_MAX;
        batch->headers[i].msg_hdr.msg_name = &batch->addrs[i];
        batch->headers[i].msg_hdr.msg_namelen = sizeof(zm_addr);
        batch->headers[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->headers[i].msg_hdr.msg_iovlen = 1;
    }
    return true;
}

static bool add_watch(zm_thread *thread, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};

    return fd >= 0 && epoll_ctl(thread->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_web_port(zm_thread *thread, zm_addr bind_to, char *error, uint32_t error_size)
{
    zm_web_port *web = &thread->web[thread->web_count++];
    socklen_t len = sizeof web->addr;

    web->fd = zm_udp_socket(&bind_to, ZM_SOCKET_BUFFER);
    if (web->fd < 0) {
        char text[ZM_ADDR_TEXT];
        zm_addr_format(&bind_to, text);
        snprintf(
            error, error_size, "media: can't bind UDP %s port %u for browsers: %s", text, zm_addr_port(&bind_to),
            strerror(errno));
        return false;
    }
    return batch_init(&web->out) && getsockname(web->fd, &web->addr.any, &len) == 0 &&
           add_watch(thread, web->fd, (uint64_t)(uintptr_t)web | ZM_TAG_WEB);
}

static bool open_web_ports(zm_thread *thread, const zm_config *config, char *error, uint32_t error_size)
{
    for (uint32_t i = 0; i < thread->plane->hosts_count; i++) {
        zm_addr bind_to = thread->plane->hosts[i];
        zm_addr_set_port(&bind_to, (uint16_t)(config->webrtc_port ? config->webrtc_port + thread->number : 0));
        if (!open_web_port(thread, bind_to, error, error_size))
            return false;
    }
    return true;
}

bool zm_thread_init(
    zm_thread *thread, zm_plane *plane, uint32_t number, const zm_config *config, char *error, uint32_t error_size)
{
    static const long part_ns = FRAME_NS / ZM_PHASES;
    struct itimerspec every = {.it_interval.tv_nsec = part_ns, .it_value.tv_nsec = part_ns};

    snprintf(error, error_size, "media: out of memory or file descriptors for thread %u", number);
    thread->plane = plane;
    thread->silence_ns = config->silence_ms * 1000000ull;
    thread->one_way_ns = config->one_way_ms * 1000000ull;
    thread->quality_ms = config->quality_ms;
    thread->number = number;
    thread->epoll_fd = thread->timer_fd = thread->commands.event_fd = -1;
    if (!zm_queue_init(&thread->commands, config->commands_max))
        return false;
    thread->slots = calloc(config->legs_max, sizeof *thread->slots);
    thread->slots_count = config->legs_max;
    for (uint32_t phase = 0; phase < ZM_PHASES; phase++) {
        thread->legs[phase] = calloc(config->legs_max, sizeof *thread->legs[phase]);
        if (thread->legs[phase] == NULL)
            return false;
    }
    if (!thread->slots || !batch_init(&thread->in))
        return false;
    if (getrandom(&thread->seed, sizeof thread->seed, 0) != sizeof thread->seed ||
        getrandom(&thread->random, sizeof thread->random, 0) != sizeof thread->random)
        return false;
    thread->random |= 1;
    thread->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    thread->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (thread->epoll_fd < 0 || thread->timer_fd < 0 || !open_web_ports(thread, config, error, error_size))
        return false;
    return timerfd_settime(thread->timer_fd, 0, &every, NULL) == 0 && add_watch(thread, thread->timer_fd, ZM_TAG_TIMER) &&
           add_watch(thread, thread->commands.event_fd, ZM_TAG_COMMANDS);
}

bool zm_thread_start(zm_thread *thread)
{
    sigset_t all, before;
    bool started;
    char name[16];

    sigfillset(&all); /* signals are for the event loop's thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread->thread, NULL, run, thread) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        snprintf(name, sizeof name, "media-%u", thread->number);
        pthread_setname_np(thread->thread, name);
        if (thread->realtime)
            thread->priority_error = zm_priority_realtime(thread->thread);
    }
    if (started && pthread_getcpuclockid(thread->thread, &thread->cpu_clock) != 0)
        thread->cpu_clock = CLOCK_THREAD_CPUTIME_ID;
    return started;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void zm_thread_free(zm_thread *thread)
{
    zm_node *node = thread->commands.tail ? zm_queue_take(&thread->commands) : NULL;

    while (node) {
        zm_node *next = node->next;
        zm_command_free((zm_command *)node);
        node = next;
    }
    zm_queue_close(&thread->commands);
    for (uint32_t i = 0; i < thread->web_count; i++) {
        close_fd(thread->web[i].fd);
        free(thread->web[i].out.datagrams);
    }
    close_fd(thread->timer_fd);
    close_fd(thread->epoll_fd);
    free(thread->slots);
    for (uint32_t phase = 0; phase < ZM_PHASES; phase++)
        free(thread->legs[phase]);
    free(thread->in.datagrams);
}
