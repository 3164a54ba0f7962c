#include "plane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plane_state.h"

/* Never used twice in one process, even by two planes. */
static uint64_t last_serial;

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
    for (; plane->hosts_count < config->addresses_count; plane->hosts_count++)
        if (!zm_addr_parse(&plane->hosts[plane->hosts_count], config->addresses[plane->hosts_count], 0)) {
            const char *address = config->addresses[plane->hosts_count];
            snprintf(error, error_size, "media: '%s' is no IPv4 or IPv6 address", address);
            return false;
        }
    if (!zm_srtp_init()) {
        snprintf(error, error_size, "media: OpenSSL lacks AES-CTR, AES-GCM or HMAC");
        return false;
    }
    plane->writer = capture_writer_start();
    if (plane->writer == NULL) {
        snprintf(error, error_size, "media: can't start the capture writer: %s", strerror(errno));
        return false;
    }
    for (uint32_t i = 0; i < config->threads; i++) {
        zm_thread *thread = &plane->threads[i];
        thread->events = &plane->events;
        thread->ports = &plane->ports;
        thread->consent_ns = (uint64_t)config->consent_ms * 1000000u;
        thread->encoding = config->encoding;
        thread->realtime = config->realtime;
        plane->threads_count = i + 1;
        if (!zm_thread_init(thread, plane, i, config, error, error_size))
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

int zm_plane_priority_error(const zm_plane *plane)
{
    for (uint32_t i = 0; i < plane->threads_count; i++)
        if (plane->threads[i].priority_error)
            return plane->threads[i].priority_error;
    return 0;
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
    for (uint32_t cause = 0; cause < ZM_REJECTS; cause++)
        to->rejected_by[cause] = ZM_READ(thread->statistics.rejected_by[cause]);
    to->unanswered = ZM_READ(thread->statistics.unanswered);
    to->relayed = ZM_READ(thread->statistics.relayed);
    to->mixed = ZM_READ(thread->statistics.mixed);
    to->video = ZM_READ(thread->statistics.video);
    to->ticks = ZM_READ(thread->statistics.ticks);
    to->ticks_late = ZM_READ(thread->statistics.ticks_late);
    to->overflowed = ZM_READ(thread->statistics.overflowed);
    for (uint32_t i = 0; i < thread->web_count; i++)
        to->overflowed += zm_udp_overflows(thread->web[i].fd);
    to->commands_refused = ZM_READ(thread->commands.refused);
    to->legs = ZM_READ(thread->legs_count);
    if (number < plane->threads_running)
        clock_gettime(thread->cpu_clock, &used);
    to->cpu_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

uint16_t zm_plane_webrtc_port(const zm_plane *plane, uint32_t thread, uint32_t address)
{
    return zm_addr_port(&plane->threads[thread].web[address].addr);
}

int zm_plane_add_sound(zm_plane *plane, struct sound *sound)
{
    if (plane->sounds_count == ZM_SOUNDS_MAX || sound->duration_ms > ZM_SOUNDS_MS_MAX - plane->sounds_ms)
        return -1;
    plane->sounds_ms += sound->duration_ms;
    plane->sounds[plane->sounds_count] = sound;
    return (int)plane->sounds_count++;
}

/* --- slots ------------------------------------------------------------------------------------------------------------ */

static uint32_t least_used(const zm_plane *plane)
{
    uint32_t number = 0;

    for (uint32_t i = 1; i < plane->threads_count; i++)
        if (plane->thread_legs[i] < plane->thread_legs[number])
            number = i;
    return number;
}

static uint64_t new_id(uint32_t thread, uint32_t slot)
{
    uint64_t serial = __atomic_add_fetch(&last_serial, 1, __ATOMIC_RELAXED);

    return serial << (SLOT_BITS + THREAD_BITS) | (uint64_t)thread << SLOT_BITS | slot;
}

uint64_t zm_name_conference(zm_plane *plane, uint64_t near)
{
    uint32_t number = zm_thread_of(near);

    if (near == 0 || number >= plane->threads_count) {
        pthread_mutex_lock(&plane->lock);
        number = least_used(plane);
        pthread_mutex_unlock(&plane->lock);
    }
    return new_id(number, 0);
}

bool zm_take_slot(zm_plane *plane, uint64_t near, uint64_t *leg, zm_thread **thread)
{
    uint32_t number, slot;
    bool found;

    pthread_mutex_lock(&plane->lock);
    if (near && zm_thread_of(near) < plane->threads_count)
        number = zm_thread_of(near);
    else
        number = least_used(plane);
    found = plane->free_count > 0;
    if (found) {
        slot = plane->free_slots[--plane->free_count];
        *leg = new_id(number, slot);
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
    plane->thread_legs[zm_thread_of(leg)]--;
    pthread_mutex_unlock(&plane->lock);
}

bool zm_is_open(zm_plane *plane, uint64_t leg)
{
    uint32_t slot = leg & ((1u << SLOT_BITS) - 1);
    bool open;

    if (plane->stopped || zm_thread_of(leg) >= plane->threads_count || leg == 0)
        return false;
    pthread_mutex_lock(&plane->lock);
    open = slot < plane->legs_max && plane->ids[slot] == leg;
    pthread_mutex_unlock(&plane->lock);
    return open;
}
