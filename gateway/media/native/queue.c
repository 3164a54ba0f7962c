#include "queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

bool zm_queue_init(zm_queue *queue, uint32_t count_max)
{
    queue->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    queue->tail = NULL;
    if (queue->event_fd < 0)
        return false;
    pthread_mutex_init(&queue->lock, NULL);
    queue->head = NULL;
    queue->tail = &queue->head;
    queue->count = 0;
    queue->count_max = count_max;
    queue->refused = 0;
    return true;
}

bool zm_queue_push(zm_queue *queue, zm_node *node, bool always)
{
    bool wake;

    node->next = NULL;
    pthread_mutex_lock(&queue->lock);
    if (queue->count >= queue->count_max && !always) {
        __atomic_store_n(&queue->refused, queue->refused + 1, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&queue->lock);
        return false;
    }
    wake = queue->head == NULL;
    *queue->tail = node;
    queue->tail = &node->next;
    __atomic_store_n(&queue->count, queue->count + 1, __ATOMIC_RELAXED); /* read without the lock elsewhere */
    pthread_mutex_unlock(&queue->lock);
    if (wake)
        (void)!eventfd_write(queue->event_fd, 1);
    return true;
}

zm_node *zm_queue_take(zm_queue *queue)
{
    eventfd_t ignored;
    zm_node *first;

    /* Reset before taking: a push in between leaves the eventfd set, which costs a needless wake-up, never a lost one. */
    (void)!eventfd_read(queue->event_fd, &ignored);
    pthread_mutex_lock(&queue->lock);
    first = queue->head;
    queue->head = NULL;
    queue->tail = &queue->head;
    __atomic_store_n(&queue->count, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&queue->lock);
    return first;
}

void zm_queue_mute(zm_queue *queue)
{
    if (queue->event_fd >= 0)
        close(queue->event_fd);
    queue->event_fd = -1;
}

void zm_queue_close(zm_queue *queue)
{
    zm_queue_mute(queue);
    if (queue->tail)
        pthread_mutex_destroy(&queue->lock);
    queue->tail = NULL;
}
