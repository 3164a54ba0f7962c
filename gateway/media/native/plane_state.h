/* The plane's own state, for plane.c (life, events, figures, legs' names) and requests.c (what is asked of legs). */
#ifndef ZM_PLANE_STATE_H
#define ZM_PLANE_STATE_H

#include "thread.h"

/* A leg's id: a serial number that never comes again, the thread, and the slot in the tables. */
enum { SLOT_BITS = 16, THREAD_BITS = 6 };

struct zm_plane {
    zm_addr hosts[ZM_ADDRESSES_MAX];
    uint32_t hosts_count;
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
    uint32_t sounds_count, sounds_ms;
    bool stopped;
};

static inline uint32_t zm_thread_of(uint64_t leg)
{
    return leg >> SLOT_BITS & ((1u << THREAD_BITS) - 1);
}

/* A name and a thread for a new leg (near another, or the thread with the fewest); false when all are in use. */
bool zm_take_slot(zm_plane *plane, uint64_t near, uint64_t *leg, zm_thread **thread);
bool zm_is_open(zm_plane *plane, uint64_t leg);

#endif
