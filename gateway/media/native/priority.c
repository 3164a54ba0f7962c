#include "priority.h"

#include <sched.h>

#include "limits.h"

int zm_priority_realtime(pthread_t thread)
{
    struct sched_param param = {.sched_priority = ZM_REALTIME};

    /* SCHED_RR, so that media threads of one processor take turns.  What a library may start from here must not have it
     * too: SCHED_RESET_ON_FORK.  A thread that never came to rest would be stopped for 50 ms in each second by the
     * kernel (sched_rt_runtime_us), so that the machine stays usable. */
    return pthread_setschedparam(thread, SCHED_RR | SCHED_RESET_ON_FORK, &param);
}
