/* A bounded queue between threads: a mutex held for a few instructions, a linked list, an eventfd that wakes the taker.
 * Pushing to a queue that is not empty makes no system call, so a burst of commands wakes the media thread once. */
#ifndef ZM_QUEUE_H
#define ZM_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct zm_node {
    struct zm_node *next;
} zm_node;

typedef struct {
    pthread_mutex_t lock;
    zm_node *head, **tail;
    uint32_t count, count_max;
    uint64_t refused;
    int event_fd; /* readable while the queue is not empty */
} zm_queue;

bool zm_queue_init(zm_queue *queue, uint32_t count_max);

/* False (node still the caller's) when the queue is full, unless `always`. */
bool zm_queue_push(zm_queue *queue, zm_node *node, bool always);

/* All nodes, oldest first; NULL when empty. */
zm_node *zm_queue_take(zm_queue *queue);

/* Close the eventfd; nodes can still be taken. */
void zm_queue_mute(zm_queue *queue);

/* How many wait, a moment ago. */
static inline uint32_t zm_queue_count(const zm_queue *queue)
{
    return __atomic_load_n(&queue->count, __ATOMIC_RELAXED);
}

/* The nodes must have been taken. */
void zm_queue_close(zm_queue *queue);

#endif
