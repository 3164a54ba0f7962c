/* The limits of the media plane, by name.  Nothing in the plane grows past one of these; what each protects and what
 * happens when it is reached is told in docs/design/media-plane.md. */
#ifndef ZM_LIMITS_H
#define ZM_LIMITS_H

enum {
    ZM_THREADS_MAX = 64,
    ZM_LEGS_MAX = 65535,            /* per plane; the configured legs_max is at most this */
    ZM_COMMANDS_MAX = 16384,        /* waiting for one thread; past it new commands are refused (closing never is) */
    ZM_EVENTS_MAX = 8192,           /* waiting for the event loop; past it what a peer can cause at will is dropped */
    ZM_EVENTS_PER_SECOND_MAX = 500, /* of those per leg (DTLS, digits, nominations), so that none fills the queue */
    ZM_ADDRESSES_MAX = 16,          /* addresses to bind; each thread has a browser port on each */
    ZM_REFUSALS_PER_SECOND_MAX = 100, /* STUN errors that a thread answers to all networks, and */
    ZM_REFUSALS_PER_NETWORK_MAX = 10, /* to each (IPv4 /24, IPv6 /64); past it there is no answer */
    ZM_ASKS_MAX = 20,               /* requests for consent that one leg sends at once, and in a second; past it checks go unasked */
    ZM_PATHS_MAX = 8,               /* verified address pairs per browser leg; the oldest makes room */
    ZM_SSRCS_MAX = 8,               /* RTP sources per SRTP session; the least recently used makes room */
    ZM_DATAGRAM_MAX = 2048,         /* longer datagrams are malformed for us */
    ZM_RTP_MAX = 1500,              /* RTP packet with its authentication tag */
    ZM_BATCH_MAX = 64,              /* datagrams per recvmmsg and sendmmsg */
    ZM_BURST_MAX = 16,              /* packets read from one SIP leg before others get their turn */
    ZM_ROUNDS_MAX = 8,              /* batches read from one socket before others get their turn */
    ZM_VIDEO_PACKETS_PER_SECOND_MAX = 4000, /* of pictures, per leg: 38 Mbit/s of full ones; past it they are dropped */
    ZM_VIDEO_FEEDBACK_PER_SECOND_MAX = 500, /* RTCP packets about pictures, per leg; past it they are dropped */
    ZM_SOUNDS_MAX = 1024,           /* loaded sounds */
    ZM_SOUNDS_MS_MAX = 3600000,     /* of all of them together: 170 KB a second */
    ZM_PLAYLIST_MAX = 64,           /* sounds in one list */
    ZM_MEMBERS_MAX = 32,            /* legs in one conference */
    ZM_PHASES = 4,                  /* parts of the 20 ms clock, each with a quarter of the legs; a power of 2 */
    ZM_TICKS_BEHIND_MAX = 40,       /* parts caught up after a stall; the rest is skipped */
    ZM_PACED_FROM = 300,            /* packets in 20 ms from which a thread reads by the clock, */
    ZM_PACED_UNTIL = 200,           /* and below which it waits for each again */
    ZM_ROUND_NS = 400000,           /* then it looks so often */
    ZM_NICE = -15,                  /* priority asked for a media thread */
    ZM_REALTIME = 5,                /* the same of SCHED_RR, where it is configured: above all that is not real-time */
    ZM_UFRAG_MAX = 256,             /* RFC 8839 5.4 */
    ZM_PWD_MAX = 256,
    ZM_SOCKET_BUFFER = 4 << 20,     /* bytes asked for on the browser port, each way */
    ZM_LEG_SOCKET_BUFFER = 256 << 10,
    ZM_REPORTS_KEPT = 4, /* sender reports of ours that the far side may answer */
    ZM_DIGITS_MAX = 32,  /* waiting to be sent to one leg */
};

#endif
