/* A media thread: an epoll loop over the browser ports, the sockets of its SIP legs, the command queue and a
 * timer of 5 ms, a quarter of the frame time. */
#ifndef ZM_THREAD_H
#define ZM_THREAD_H

#include <pthread.h>
#include <sys/socket.h>

#include "budget.h"
#include "leg.h"
#include "ports.h"
#include "queue.h"

/* Counters are written by the media thread alone and read by others. */
#define ZM_COUNT(counter) __atomic_store_n(&(counter), (counter) + 1, __ATOMIC_RELAXED)
#define ZM_READ(counter) __atomic_load_n(&(counter), __ATOMIC_RELAXED)

enum { ZM_TABLE = 4096 }; /* chains of the address and ufrag tables, a power of 2 */

/* In the low bits of an epoll event's leg pointer. */
enum { ZM_TAG_RTP = 0, ZM_TAG_RTCP = 1, ZM_TAG_WEB = 2, ZM_TAG_TIMER = 3, ZM_TAG_COMMANDS = 4, ZM_TAG_MASK = 7 };

typedef enum {
    ZM_COMMAND_OPEN,
    ZM_COMMAND_SET_MEDIA,
    ZM_COMMAND_SET_VIDEO,
    ZM_COMMAND_RESTART_ICE,
    ZM_COMMAND_SET_KEYS,
    ZM_COMMAND_SEND_DTLS,
    ZM_COMMAND_PLAY,
    ZM_COMMAND_ANNOUNCE,
    ZM_COMMAND_STOP,
    ZM_COMMAND_BRIDGE,
    ZM_COMMAND_UNBRIDGE,
    ZM_COMMAND_JOIN,
    ZM_COMMAND_LEAVE,
    ZM_COMMAND_SEND_DIGITS,
    ZM_COMMAND_SAY_DIGIT,
    ZM_COMMAND_SET_DTMF_POLICY,
    ZM_COMMAND_START_CAPTURE,
    ZM_COMMAND_PAUSE_CAPTURE,
    ZM_COMMAND_RESUME_CAPTURE,
    ZM_COMMAND_STOP_CAPTURE,
    ZM_COMMAND_CLOSE,
    ZM_COMMAND_QUIT,
} zm_command_kind;

typedef struct {
    zm_node node; /* first */
    zm_command_kind kind;
    uint64_t leg, other;
    union {
        zm_leg *opened;
        struct {
            zm_media media;
            zm_latch_rule rule;
            bool secure;
            struct dtmf_filter *filter; /* to be had if it is needed */
            char remote_ufrag[ZM_UFRAG_MAX + 1], remote_pwd[ZM_PWD_MAX + 1];
        } peer;
        struct {
            char ufrag[ZM_UFRAG_MAX + 1], pwd[ZM_PWD_MAX + 1];
        } ice;
        struct {
            zm_key in, out;
        } keys;
        struct {
            zm_video_media media;
            zm_video *fresh; /* NULL: no pictures */
        } video;
        struct {
            zm_playlist *list;
            bool replaces;
        } play;
        struct {
            bool by_all;
            uint32_t count; /* ids of legs in `data` */
        } join;
        struct {
            uint32_t tone_ms, gap_ms, count;
        } digits; /* in `data` */
        struct {
            zm_dtmf_policy policy;
            struct dtmf_filter *filter;
        } dtmf;
        struct capture *capture;
        uint32_t data_len;
    };
    _Alignas(8) uint8_t data[];
} zm_command;

typedef struct {
    struct mmsghdr headers[ZM_BATCH_MAX];
    struct iovec vectors[ZM_BATCH_MAX];
    zm_addr addrs[ZM_BATCH_MAX];
    uint8_t (*datagrams)[ZM_DATAGRAM_MAX];
    zm_leg *legs[ZM_BATCH_MAX]; /* whose packet it is, for the count of drops; NULL = nobody's */
    uint32_t count;
} zm_batch;

/* One socket that browsers send to.  The thread has one on each address, so that what comes to an address is answered
 * from it, and IPv4 and IPv6 go side by side. */
struct zm_web_port {
    int fd;
    zm_addr addr;
    zm_batch out;
} __attribute__((aligned(8))); /* for the tags in its pointer */

struct zm_thread {
    zm_plane *plane;
    uint32_t number;
    pthread_t thread;
    clockid_t cpu_clock;
    bool realtime;      /* is asked for */
    int priority_error; /* and was refused with this errno */
    int epoll_fd, timer_fd;
    zm_web_port web[ZM_ADDRESSES_MAX];
    uint32_t web_count;
    zm_queue commands;
    zm_queue *events;
    zm_ports *ports;
    uint64_t consent_ns, silence_ns, one_way_ns;
    uint32_t quality_ms;
    struct encoding encoding;
    uint64_t now_ns;   /* monotonic, read once per wake-up */
    uint64_t ticks;    /* parts of 20 ms */
    uint64_t random;   /* xorshift state: RTCP intervals; not for secrets */
    uint64_t seed;     /* of the tables */

    zm_leg **slots;    /* by the slot part of a leg's id */
    uint32_t slots_count;
    /* All legs, dense, by the part of the 20 ms in which they have their turn: a thousand encoders at once would make
     * everybody's packets late. */
    zm_leg **legs[ZM_PHASES];
    uint32_t phase_counts[ZM_PHASES], legs_count;
    struct zm_conference *conferences; /* that have members */
    zm_leg *graves;    /* closed in this wake-up, linked by `other` */
    zm_path *paths[ZM_TABLE];
    zm_credentials *ufrags[ZM_TABLE];
    zm_budget refusals;

    zm_batch in;
    zm_thread_statistics statistics;
    bool paced; /* sockets are read by the clock, see choose_pace */
    uint64_t paced_packets;
    bool quit;
};

bool zm_thread_init(
    zm_thread *thread, zm_plane *plane, uint32_t number, const zm_config *config, char *error, uint32_t error_size);
bool zm_thread_start(zm_thread *thread);
/* After it has quit. */
void zm_thread_free(zm_thread *thread);

static inline uint32_t zm_phase_of(const zm_leg *leg)
{
    return leg->id & (ZM_PHASES - 1);
}

/* `leg` NULL = nobody's. */
static inline void zm_reject(zm_thread *thread, zm_leg *leg, zm_reject_cause cause)
{
    ZM_COUNT(thread->statistics.rejected);
    ZM_COUNT(thread->statistics.rejected_by[cause]);
    if (leg) {
        leg->rejected++;
        leg->rejected_by[cause]++;
    }
}

/* A packet that we had to throw away ourselves; `leg` NULL = nobody's. */
static inline void zm_drop(zm_thread *thread, zm_leg *leg)
{
    ZM_COUNT(thread->statistics.dropped);
    if (leg)
        leg->dropped++;
}

zm_leg *zm_thread_find(zm_thread *thread, uint64_t leg);
uint32_t zm_random(zm_thread *thread);
uint64_t zm_monotonic_ns(void);

/* From any thread, and past the limit of the queue: for what can't come often (ends, and what we have asked for). */
void zm_raise(zm_queue *events, zm_event *event);
/* For what the peer can cause as often as it likes; false when dropped. */
bool zm_raise_limited(zm_leg *leg, zm_event *event);
zm_event *zm_event_new(zm_event_kind kind, uint64_t leg, const void *text, uint32_t text_len);

void zm_command_free(zm_command *command);
/* commands.c */
void zm_run_command(zm_thread *thread, zm_command *command);
void zm_close_leg_now(zm_thread *thread, zm_leg *leg);

/* plane.c: the slot may be given to another leg. */
void zm_plane_leg_gone(zm_plane *plane, uint64_t leg);

#endif
