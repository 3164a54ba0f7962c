/* What the load generator holds: its sockets, its ends, and one run.  Inside the load generator only. */
#ifndef ZM_LOADGEN_STATE_H
#define ZM_LOADGEN_STATE_H

#include <sys/socket.h>

#include "loadgen.h"
#include "loadgen_sound.h"
#include "opus_codec.h"
#include "rtp.h"
#include "sound.h"
#include "srtp.h"

enum {
    CHUNK = 4,    /* datagrams per sendmmsg; the delay of the last counts from before the first is sent */
    BATCH = 64,   /* datagrams per recvmmsg */
    DATAGRAM = 1600,
    CONTROL = 128,
    SEND_CONTROL = CMSG_SPACE(sizeof(struct in_pktinfo)),
};

/* Telephones are 127.1.0.1 and so on, browsers 127.2.0.1: an address each, as in a network. */
enum { FIRST_PHONE = 0x7f010001, FIRST_BROWSER = 0x7f020001 };

#define MS 1000000ull
#define FRAME (20 * MS)

typedef struct zl_group zl_group;

typedef struct zl_end {
    zl_group *group;
    struct zl_end *other;
    bool browser, ice, connected;
    struct in_addr address;
    zm_addr to;
    zm_srtp *in, *out;
    char username[520], pwd[260];
    uint64_t checked_ns;
    uint64_t phase_ns;   /* its moment within the 20 ms */
    uint32_t ssrc, frame, received;
    uint64_t *sent_ns;   /* by frame: just before it was given to the kernel */
    uint8_t *seen;       /* by frame, same codec */
    uint32_t offset;     /* where in the sound it begins */
    bool probe;
    zm_rtp_source source;
    struct opus_decode_state decoder;
    zl_heard heard;
} zl_end;

/* A socket, shared by the ends of one kind of GROUP_CALLS calls. */
struct zl_group {
    int fd;
    uint16_t port;
    bool browsers;
    uint32_t count; /* waiting to be sent */
    struct mmsghdr out[CHUNK];
    struct iovec out_vectors[CHUNK];
    uint64_t *out_stamps[CHUNK];
    uint8_t out_datagrams[CHUNK][DATAGRAM] __attribute__((aligned(8)));
    uint8_t out_controls[CHUNK][SEND_CONTROL] __attribute__((aligned(8)));
};

struct zl_load {
    uint32_t calls, groups_count;
    zl_end *ends;       /* phone, browser, phone, browser, ... */
    zl_group *groups;   /* phones, browsers, phones, ... */
    zl_end **order;     /* by phase */
    struct sound *sound;
    uint64_t begin_ns;  /* realtime */
    uint32_t frames, round, turn; /* the next to send is order[turn] in this round of 20 ms */
    bool opus, talking;
    zl_result result;
    uint32_t *delays;
    uint64_t delays_max;
    struct mmsghdr in[BATCH];
    struct iovec in_vectors[BATCH];
    zm_addr in_from[BATCH];
    uint8_t in_datagrams[BATCH][DATAGRAM] __attribute__((aligned(8)));
    uint8_t in_controls[BATCH][CONTROL] __attribute__((aligned(8)));
};

/* Free what belongs to one run. */
void zl_forget(zl_load *load);

#endif
