#include "plane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

/* A leg's id: a serial number that never comes again, the thread, and the slot in the tables. */
enum { SLOT_BITS = 16, THREAD_BITS = 6 };

struct zm_plane {
    zm_addr host;
    zm_ports ports;
    zm_queue events;
    struct capture_writer *writer;
    zm_thread *threads;
    uint32_t threads_count, threads_running;

    pthread_mutex_t lock; /* of what follows: media threads give slots back */
    uint32_t legs_max;
    uint64_t *ids;        /* by slot, 0 = free */
    uint32_t *free_slots, free_count;
    uint32_t thread_legs[ZM_THREADS_MAX];

    struct sound *sounds[ZM_SOUNDS_MAX]; /* this and the rest: the event loop's thread only */
    uint32_t sounds_count;
    bool stopped;
};

/* Never used twice in one process, even by two planes. */
static uint64_t last_serial;

static uint32_t thread_of(uint64_t leg)
{
    return leg >> SLOT_BITS & ((1u << THREAD_BITS) - 1);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static bool init_tables(zm_plane *plane, const zm_config *config)
{
    plane->legs_max = config->legs_max;
    plane->ids = calloc(config->legs_max, sizeof *plane->ids);
    plane->free_slots = calloc(config->legs_max, sizeof *plane->free_slots);
    plane->threads = calloc(config->threads, sizeof *plane->threads);
    if (!plane->ids || !plane->free_slots || !plane->threads)
        return false;
    for (uint32_t i = 0; i < config->legs_max; i++)
        plane->free_slots[i] = config->legs_max - 1 - i;
    plane->free_count = config->legs_max;
    return zm_ports_init(&plane->ports, config->rtp_port_first, config->rtp_port_last);
}

static bool start(zm_plane *plane, const zm_config *config, char *error, uint32_t error_size)
{
    snprintf(error, error_size, "media: out of memory");
    plane->events.event_fd = -1;
    if (!init_tables(plane, config) || !zm_queue_init(&plane->events, ZM_EVENTS_MAX))
        return false;
    if (!zm_addr_parse(&plane->host, config->address, 0)) {
        snprintf(error, error_size, "media: '%s' is no IPv4 or IPv6 address", config->address);
        return false;
    }
    if (!zm_srtp_init()) {
        snprintf(error, error_size, "media: libsrtp2 could not be initialised");
        return false;
    }
    plane->writer = capture_writer_start();
    if (plane->writer == NULL) {
        snprintf(error, error_size, "media: can't start the capture writer: %s", strerror(errno));
        return false;
    }
    for (uint32_t i = 0; i < config->threads; i++) {
        zm_thread *thread = &plane->threads[i];
        zm_addr bind_to = plane->host;
        zm_addr_set_port(&bind_to, (uint16_t)(config->webrtc_port ? config->webrtc_port + i : 0));
        thread->events = &plane->events;
        thread->ports = &plane->ports;
        thread->consent_ns = (uint64_t)config->consent_ms * 1000000u;
        plane->threads_count = i + 1;
        if (!zm_thread_init(thread, plane, i, &bind_to, config, error, error_size))
            return false;
    }
    for (; plane->threads_running < config->threads; plane->threads_running++)
        if (!zm_thread_start(&plane->threads[plane->threads_running])) {
            snprintf(error, error_size, "media: can't start thread %u", plane->threads_running);
            return false;
        }
    return true;
}

zm_plane *zm_plane_new(const zm_config *config, char *error, uint32_t error_size)
{
    zm_plane *plane = calloc(1, sizeof *plane);

    if (plane == NULL) {
        snprintf(error, error_size, "media: out of memory");
        return NULL;
    }
    pthread_mutex_init(&plane->lock, NULL);
    if (start(plane, config, error, error_size))
        return plane;
    zm_plane_stop(plane);
    zm_plane_free(plane);
    return NULL;
}

void zm_plane_stop(zm_plane *plane)
{
    if (plane->stopped)
        return;
    plane->stopped = true;
    for (uint32_t i = 0; i < plane->threads_running; i++) {
        zm_command *command = calloc(1, sizeof *command);
        if (command == NULL)
            abort(); /* some octets are missing at the very end: nothing better to do */
        command->kind = ZM_COMMAND_QUIT;
        zm_queue_push(&plane->threads[i].commands, &command->node, true);
    }
    for (uint32_t i = 0; i < plane->threads_running; i++)
        pthread_join(plane->threads[i].thread, NULL);
    plane->threads_running = 0;
    for (uint32_t i = 0; i < plane->threads_count; i++)
        zm_thread_free(&plane->threads[i]);
    plane->threads_count = 0;
    if (plane->writer) /* after the threads: what they left open is finished by now */
        capture_writer_stop(plane->writer);
    plane->writer = NULL;
    zm_queue_mute(&plane->events);
}

void zm_plane_free(zm_plane *plane)
{
    zm_event *event = plane->events.tail ? zm_plane_take_events(plane) : NULL;

    while (event) {
        zm_event *next = event->next;
        zm_event_free(event);
        event = next;
    }
    for (uint32_t i = 0; i < plane->sounds_count; i++)
        sound_free(plane->sounds[i]);
    zm_queue_close(&plane->events);
    zm_ports_free(&plane->ports);
    pthread_mutex_destroy(&plane->lock);
    free(plane->threads);
    free(plane->ids);
    free(plane->free_slots);
    free(plane);
}

/* --- events and figures ----------------------------------------------------------------------------------------------- */

int zm_plane_event_fd(const zm_plane *plane)
{
    return plane->events.event_fd;
}

zm_event *zm_plane_take_events(zm_plane *plane)
{
    return (zm_event *)zm_queue_take(&plane->events);
}

void zm_event_free(zm_event *event)
{
    free(event);
}

uint64_t zm_plane_events_refused(const zm_plane *plane)
{
    return ZM_READ(plane->events.refused);
}

uint32_t zm_plane_threads(const zm_plane *plane)
{
    return plane->threads_count;
}

void zm_plane_statistics(const zm_plane *plane, uint32_t number, zm_thread_statistics *to)
{
    const zm_thread *thread = &plane->threads[number];
    struct timespec used = {0};

    to->packets_in = ZM_READ(thread->statistics.packets_in);
    to->packets_out = ZM_READ(thread->statistics.packets_out);
    to->dropped = ZM_READ(thread->statistics.dropped);
    to->rejected = ZM_READ(thread->statistics.rejected);
    to->relayed = ZM_READ(thread->statistics.relayed);
    to->mixed = ZM_READ(thread->statistics.mixed);
    to->ticks = ZM_READ(thread->statistics.ticks);
    to->ticks_late = ZM_READ(thread->statistics.ticks_late);
    to->overflowed = ZM_READ(thread->statistics.overflowed) + zm_udp_overflows(thread->web_fd);
    to->commands_refused = ZM_READ(thread->commands.refused);
    to->legs = ZM_READ(thread->legs_count);
    to->webrtc_port = zm_addr_port(&thread->web_addr);
    if (number < plane->threads_running)
        clock_gettime(thread->cpu_clock, &used);
    to->cpu_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

int zm_plane_add_sound(zm_plane *plane, struct sound *sound)
{
    if (plane->sounds_count == ZM_SOUNDS_MAX)
        return -1;
    plane->sounds[plane->sounds_count] = sound;
    return (int)plane->sounds_count++;
}

/* --- slots ------------------------------------------------------------------------------------------------------------ */

static bool take_slot(zm_plane *plane, uint64_t near, uint64_t *leg, zm_thread **thread)
{
    uint32_t number = 0, slot;
    bool found;

    pthread_mutex_lock(&plane->lock);
    if (near && thread_of(near) < plane->threads_count)
        number = thread_of(near);
    else
        for (uint32_t i = 1; i < plane->threads_count; i++)
            if (plane->thread_legs[i] < plane->thread_legs[number])
                number = i;
    found = plane->free_count > 0;
    if (found) {
        slot = plane->free_slots[--plane->free_count];
        uint64_t serial = __atomic_add_fetch(&last_serial, 1, __ATOMIC_RELAXED);
        *leg = serial << (SLOT_BITS + THREAD_BITS) | (uint64_t)number << SLOT_BITS | slot;
        plane->ids[slot] = *leg;
        plane->thread_legs[number]++;
        *thread = &plane->threads[number];
    }
    pthread_mutex_unlock(&plane->lock);
    return found;
}

void zm_plane_leg_gone(zm_plane *plane, uint64_t leg)
{
    uint32_t slot = leg & ((1u << SLOT_BITS) - 1);

    pthread_mutex_lock(&plane->lock);
    plane->ids[slot] = 0;
    plane->free_slots[plane->free_count++] = slot;
    plane->thread_legs[thread_of(leg)]--;
    pthread_mutex_unlock(&plane->lock);
}

static bool is_open(zm_plane *plane, uint64_t leg)
{
    uint32_t slot = leg & ((1u << SLOT_BITS) - 1);
    bool open;

    if (plane->stopped || thread_of(leg) >= plane->threads_count || leg == 0)
        return false;
    pthread_mutex_lock(&plane->lock);
    open = slot < plane->legs_max && plane->ids[slot] == leg;
    pthread_mutex_unlock(&plane->lock);
    return open;
}

/* --- commands --------------------------------------------------------------------------------------------------------- */

static zm_command *command_new(zm_command_kind kind, uint64_t leg, uint32_t data_len)
{
    zm_command *command = calloc(1, sizeof *command + data_len);

    if (command == NULL)
        return NULL;
    command->kind = kind;
    command->leg = leg;
    return command;
}

/* Takes the command, whatever comes of it. */
static zm_status post(zm_plane *plane, zm_command *command)
{
    uint64_t leg = command->leg;
    bool always = command->kind == ZM_COMMAND_CLOSE;

    if (zm_queue_push(&plane->threads[thread_of(leg)].commands, &command->node, always))
        return ZM_OK;
    zm_command_free(command);
    return ZM_COMMANDS_FULL;
}

static zm_status post_simple(zm_plane *plane, zm_command_kind kind, uint64_t leg, uint64_t other)
{
    zm_command *command;

    if (!is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(kind, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->other = other;
    return post(plane, command);
}

static zm_status open_leg(zm_plane *plane, zm_leg *leg)
{
    zm_command *command = command_new(ZM_COMMAND_OPEN, leg->id, 0);
    uint64_t id = leg->id;
    zm_status status = ZM_NO_MEMORY;

    if (command) {
        command->opened = leg;
        status = post(plane, command);
    } else {
        zm_leg_free(leg);
    }
    if (status != ZM_OK)
        zm_plane_leg_gone(plane, id);
    return status;
}

static zm_leg *leg_new(zm_leg_kind kind, uint64_t id)
{
    zm_leg *leg = NULL;
    struct {
        uint32_t ssrc, timestamp;
        uint16_t sequence;
    } random;

    /* Aligned for the tags in its pointer; numbers random as RFC 3550 5.1 asks. */
    if (getrandom(&random, sizeof random, 0) != sizeof random || (leg = calloc(1, sizeof *leg)) == NULL)
        return NULL;
    leg->id = id;
    leg->kind = kind;
    leg->media.dtmf_payload_type = -1;
    zm_rtp_out_init(&leg->out, random.ssrc, random.sequence & 0x7fff, random.timestamp);
    return leg;
}

zm_status zm_open_rtp_leg(zm_plane *plane, uint64_t near, uint64_t *id, uint16_t *port)
{
    zm_thread *thread;
    zm_status status;
    zm_leg *leg;

    if (plane->stopped || !take_slot(plane, near, id, &thread))
        return ZM_LEGS_FULL;
    leg = leg_new(ZM_LEG_RTP, *id);
    if (leg == NULL) {
        zm_plane_leg_gone(plane, *id);
        return ZM_NO_MEMORY;
    }
    if (!zm_ports_bind(&plane->ports, &plane->host, &leg->rtp.rtp_fd, &leg->rtp.rtcp_fd, port)) {
        free(leg);
        zm_plane_leg_gone(plane, *id);
        return ZM_PORTS_FULL;
    }
    leg->rtp.port = *port;
    status = open_leg(plane, leg);
    if (status != ZM_OK)
        zm_ports_release(&plane->ports, *port);
    return status;
}

zm_status zm_open_webrtc_leg(
    zm_plane *plane, uint64_t near, const char *ufrag, const char *pwd, uint64_t *id, uint16_t *port)
{
    zm_thread *thread;
    zm_leg *leg;

    if (plane->stopped || !take_slot(plane, near, id, &thread))
        return ZM_LEGS_FULL;
    leg = leg_new(ZM_LEG_WEBRTC, *id);
    if (leg == NULL) {
        zm_plane_leg_gone(plane, *id);
        return ZM_NO_MEMORY;
    }
    snprintf(leg->web.ufrag, sizeof leg->web.ufrag, "%s", ufrag);
    snprintf(leg->web.pwd, sizeof leg->web.pwd, "%s", pwd);
    leg->web.dtls_budget = ZM_DTLS_PER_SECOND_MAX;
    *port = zm_addr_port(&thread->web_addr);
    return open_leg(plane, leg);
}

static zm_status set_media(
    zm_plane *plane, uint64_t leg, const zm_addr *addr, const char *remote_ufrag, const zm_media *media)
{
    zm_command *command;

    if (!is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SET_MEDIA, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->peer.media = *media;
    if (addr)
        command->peer.addr = *addr;
    if (remote_ufrag)
        snprintf(command->peer.remote_ufrag, sizeof command->peer.remote_ufrag, "%s", remote_ufrag);
    return post(plane, command);
}

zm_status zm_set_rtp_peer(zm_plane *plane, uint64_t leg, const char *address, uint16_t port, const zm_media *media)
{
    zm_addr addr;

    if (!zm_addr_parse(&addr, address, port) || addr.any.sa_family != plane->host.any.sa_family)
        return ZM_BAD_ADDRESS;
    return set_media(plane, leg, &addr, NULL, media);
}

zm_status zm_set_webrtc_peer(zm_plane *plane, uint64_t leg, const char *remote_ufrag, const zm_media *media)
{
    return set_media(plane, leg, NULL, remote_ufrag, media);
}

zm_status zm_set_srtp_keys(
    zm_plane *plane, uint64_t leg, const char *profile, const uint8_t *send, uint32_t send_len, const uint8_t *receive,
    uint32_t receive_len)
{
    uint32_t key_len = zm_srtp_key_len(profile);
    zm_command *command;

    if (key_len == 0 || send_len != key_len || receive_len != key_len)
        return ZM_BAD_KEYS;
    if (!is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SET_KEYS, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->keys.in = zm_srtp_new(profile, receive, false);
    command->keys.out = zm_srtp_new(profile, send, true);
    if (command->keys.in && command->keys.out)
        return post(plane, command);
    zm_command_free(command);
    return ZM_NO_MEMORY;
}

zm_status zm_send_dtls(zm_plane *plane, uint64_t leg, const uint8_t *datagram, uint32_t len)
{
    zm_command *command;

    if (len > ZM_DATAGRAM_MAX || !is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SEND_DTLS, leg, len);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->data_len = len;
    memcpy(command->data, datagram, len);
    return post(plane, command);
}

zm_status zm_play(zm_plane *plane, uint64_t leg, uint32_t sound, bool loop)
{
    zm_command *command;

    if (!is_open(plane, leg) || sound >= plane->sounds_count)
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_PLAY, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->play.sound = plane->sounds[sound];
    command->play.number = sound;
    command->play.loop = loop;
    return post(plane, command);
}

zm_status zm_stop(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_STOP, leg, 0);
}

zm_status zm_bridge(zm_plane *plane, uint64_t first, uint64_t second)
{
    if (!is_open(plane, first) || !is_open(plane, second))
        return ZM_NO_LEG;
    if (thread_of(first) != thread_of(second))
        return ZM_OTHER_THREAD;
    return post_simple(plane, ZM_COMMAND_BRIDGE, first, second);
}

zm_status zm_unbridge(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_UNBRIDGE, leg, 0);
}

zm_status zm_close_leg(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_CLOSE, leg, 0);
}

/* --- capture ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    zm_queue *events;
    uint64_t leg;
    char path[];
} capture_context;

static zm_event *capture_event(uint64_t leg, const char *path, int error)
{
    zm_event *event = zm_event_new(ZM_EVENT_CAPTURE_FINISHED, leg, path, (uint32_t)strlen(path));

    if (event)
        event->error = error;
    return event;
}

static void capture_ended(void *argument, const struct capture_result *result)
{
    capture_context *context = argument;
    zm_event *event = capture_event(context->leg, context->path, result->error);

    if (event) {
        event->duration_ms = (uint32_t)(result->duration_ns / 1000000);
        event->frames_dropped = result->records_dropped;
    }
    zm_raise(context->events, event, true);
    free(context);
}

static uint64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

zm_status zm_start_capture(zm_plane *plane, uint64_t left, uint64_t right, const char *path)
{
    size_t path_size = strlen(path) + 1;
    char left_name[32], right_name[32];
    capture_context *context;
    zm_command *command;

    if (!is_open(plane, left))
        return ZM_NO_LEG;
    if (thread_of(left) != thread_of(right))
        return ZM_OTHER_THREAD;
    command = command_new(ZM_COMMAND_START_CAPTURE, left, 0);
    context = malloc(sizeof *context + path_size);
    if (command == NULL || context == NULL) {
        free(command);
        free(context);
        return ZM_NO_MEMORY;
    }
    context->events = &plane->events;
    context->leg = left;
    memcpy(context->path, path, path_size);
    snprintf(left_name, sizeof left_name, "leg %llu", (unsigned long long)left);
    snprintf(right_name, sizeof right_name, "leg %llu", (unsigned long long)right);
    command->other = right;
    command->capture = capture_begin(
        plane->writer, path, (int64_t)zm_monotonic_ns(), (int64_t)realtime_ns(), left_name, right_name, capture_ended,
        context);
    if (command->capture == NULL) {
        zm_raise(&plane->events, capture_event(left, path, errno ? errno : EIO), true);
        free(context);
        free(command);
        return ZM_OK;
    }
    return post(plane, command);
}

zm_status zm_pause_capture(zm_plane *plane, uint64_t left)
{
    return post_simple(plane, ZM_COMMAND_PAUSE_CAPTURE, left, 0);
}

zm_status zm_resume_capture(zm_plane *plane, uint64_t left)
{
    return post_simple(plane, ZM_COMMAND_RESUME_CAPTURE, left, 0);
}

zm_status zm_stop_capture(zm_plane *plane, uint64_t left)
{
    return post_simple(plane, ZM_COMMAND_STOP_CAPTURE, left, 0);
}
