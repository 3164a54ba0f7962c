/* The real-time priority of a media thread: when it is asked for, whether it is had. */
#ifndef ZM_PRIORITY_H
#define ZM_PRIORITY_H

#include <pthread.h>

/* Let the thread go before all that is not real-time.  0, or the errno of the refusal: the thread stays as it is. */
int zm_priority_realtime(pthread_t thread);

#endif
