/* One leg: a media stream to and from one party.  Owned by one media thread from OPEN to CLOSE; nothing else touches it. */
#ifndef ZM_LEG_H
#define ZM_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "capture.h"
#include "dtmf.h"
#include "encoder.h"
#include "jitter.h"
#include "digits.h"
#include "keys.h"
#include "latch.h"
#include "limits.h"
#include "noise.h"
#include "plane.h"
#include "player.h"
#include "quality.h"
#include "rtcp_wire.h"
#include "rtp.h"
#include "srtp.h"
#include "video.h"

typedef struct zm_leg zm_leg;
typedef struct zm_thread zm_thread;
typedef struct zm_member zm_member;
typedef struct zm_web_port zm_web_port;

typedef enum { ZM_LEG_RTP, ZM_LEG_WEBRTC } zm_leg_kind;

/* What a leg hears. */
typedef enum {
    ZM_HEARS_NOTHING,
    ZM_HEARS_SOUND,
    ZM_HEARS_OTHER,      /* of its bridge */
    ZM_HEARS_CONFERENCE, /* those members that it may hear */
} zm_hears;

/* The way through a bridge, as one side hears the other. */
typedef enum {
    ZM_WAY_NONE,   /* not bridged, or one side is not negotiated yet */
    ZM_WAY_RELAY,  /* same codec and packet time: header rewritten, payload as it is */
    ZM_WAY_RECODE, /* A-law and mu-law, same packet time: the same with a table look-up per octet */
    ZM_WAY_MIX,    /* jitter buffer, PCM, 20 ms clock, encoder */
    ZM_WAY_WARM,   /* relay or recode still, while the jitter buffer gets to know the stream: mix comes next */
} zm_way;

/* A 5-tuple that has passed a STUN check. */
typedef struct zm_path {
    struct zm_path *next; /* in the thread's table */
    zm_leg *leg;          /* NULL = free */
    zm_web_port *port;    /* our side of it */
    zm_addr addr;
    uint64_t checked_ns;
    bool listed;          /* in that table: else another leg has proved that this is its browser's, and keeps it */
    bool proved;          /* the browser has answered us there, see ice_proof.h */
    uint8_t under;        /* number of the credentials that it was checked under */
    uint8_t transaction[12];
    uint64_t asked_ns;    /* 0 = never */
} zm_path;

/* What a check must know (RFC 8445 7.2.2).  The browser's are empty until the signalling has brought them. */
typedef struct zm_credentials {
    struct zm_credentials *next; /* in the thread's table */
    zm_leg *leg;                 /* NULL = none */
    bool nominated;              /* a pair was, under these */
    char ufrag[ZM_UFRAG_MAX + 1], pwd[ZM_PWD_MAX + 1], remote_ufrag[ZM_UFRAG_MAX + 1], remote_pwd[ZM_PWD_MAX + 1];
} zm_credentials;

/* A SIP leg's sockets. */
typedef struct {
    int rtp_fd, rtcp_fd;
    uint16_t port;
    zm_latch latch; /* where packets come from and go to */
} zm_rtp_transport;

/* The same for a browser. */
typedef struct {
    zm_credentials credentials[2]; /* beside the current ones the former, while an ICE restart is under way */
    uint32_t current;
    zm_path paths[ZM_PATHS_MAX];
    zm_path *selected, *latest;
    zm_path *wanted; /* nominated, and selected once it is proved */
    bool consent_lost;
    bool proves;   /* the browser's password was told: paths are asked, see ice_proof.h */
    uint32_t asks; /* how many requests of ours may go out now */
} zm_web_transport;

typedef struct {
    struct capture *handle;
    zm_leg *left, *right; /* NULL once closed */
} zm_tap;

struct zm_leg {
    uint64_t id;
    zm_leg_kind kind;
    zm_thread *thread;
    uint32_t at; /* in the thread's list of legs of its phase */

    zm_media media;
    bool negotiated, closed;
    zm_srtp *srtp_in, *srtp_out; /* keys.c; NULL: no keys yet (a browser), or RTP in clear (a SIP leg) */
    zm_srtp *srtp_before;        /* a key that was replaced a moment ago */
    uint64_t srtp_before_until_ns;
    uint8_t key_in[ZM_KEY_DIGEST], key_out[ZM_KEY_DIGEST];

    /* what it says */
    zm_rtp_source source;
    bool started;
    struct dtmf_receiver dtmf;
    struct dtmf_filter *filter; /* of tones in its packets; NULL: none */
    struct dtmf_ear *ear;       /* for tones in its sound while that is decoded; NULL: none */
    zm_dtmf_policy dtmf_policy;
    zm_watch watch;
    zm_tap *tap;
    enum capture_side tap_side;

    /* what it hears */
    zm_hears hears;
    uint16_t last_octet; /* of the last payload sent, with 0x100; 0: silence, or nothing */
    bool seam;           /* the next payload is joined to it */
    zm_player player;
    zm_player music; /* the last looped list that something else took the place of */
    zm_announcement announcement;
    zm_rtp_out out;
    uint8_t pending[FRAME_SAMPLES_8K * 8]; /* G.711 and G.722 octets that wait for a packet of another length than 20 ms */
    uint32_t pending_len;

    zm_video *video; /* pictures, both ways; NULL when none are negotiated */

    /* its bridge, its conference */
    zm_leg *other;
    zm_member *member;
    zm_way way; /* how it hears the other */
    uint8_t warm_packets;
    uint64_t warm_until_ns;
    struct jitter *jitter; /* of what it says, where that is needed as PCM */
    enum codec jitter_codec;
    uint32_t jitter_rate;
    uint32_t buffer_ms;    /* how long it held what was heard last */
    struct encoder *encoder;      /* of what it hears, where that is made from PCM */
    uint32_t pcm_rate;            /* of that PCM; 0: none */
    bool event_active;            /* an RFC 4733 event is passing to it in a mix */
    uint32_t event_in, event_out; /* its timestamps */
    uint64_t event_until_ns;      /* sound gives way to it until then */
    bool quiet;                   /* it sent comfort noise last, and is relayed */
    struct noise noise;           /* what stands in for it where the other side has no comfort noise */

    /* RTCP */
    uint64_t report_ns;
    uint32_t reported_packets;
    uint32_t reports_sent[ZM_REPORTS_KEPT], report_next; /* middle of their NTP times, for the round trip */
    bool far_known, far_rtt_known;
    bool far_news; /* it has reported, and the encoder of what it hears has not been told yet */
    uint8_t far_fraction_lost;
    uint8_t far_loss_percent; /* the same, forgotten slowly: reports are some seconds apart, and loss comes in clusters */
    uint32_t far_jitter, far_rtt_us; /* in timestamp units of what we send; us */

    uint32_t event_budget; /* what the peer may still cause in this second */
    uint64_t sent, dropped, rejected;
    uint32_t rejected_by[ZM_REJECTS];

    zm_digits digits; /* that it is to be sent */

    union { /* last, because it is large: what each packet and each tick asks for shares few cache lines */
        zm_rtp_transport rtp;
        zm_web_transport web;
    };
};

static inline bool zm_is_g711(enum codec codec)
{
    return codec == CODEC_PCMU || codec == CODEC_PCMA;
}

/* Comfort noise (RFC 3389).  Many send it with its static payload type without having negotiated it. */
static inline bool zm_is_noise(const zm_leg *leg, const zm_rtp *rtp)
{
    int number = leg->media.noise_payload_type < 0 ? PAYLOAD_TYPE_NOISE : leg->media.noise_payload_type;

    return rtp->payload_type == number && codec_is_octets(leg->media.codec) && rtp->payload_len > 0;
}

void zm_leg_statistics_read(const zm_leg *leg, zm_leg_statistics *statistics);
/* Negotiated, keyed, with somewhere to send to, and allowed to. */
bool zm_leg_can_send(const zm_leg *leg);
/* Negotiated but told not to send: time passes for what it would hear. */
static inline bool zm_leg_is_mute(const zm_leg *leg)
{
    return leg->negotiated && !leg->media.send;
}
/* Take new media parameters (first or changed). */
void zm_leg_set_media(zm_leg *leg, const zm_media *media);
/* Close its sockets, so that its ports can be given to another. */
void zm_leg_close_sockets(zm_leg *leg);
/* Free what it holds: sockets, SRTP sessions, codecs, memory. The leg is in no table, bridge or tap any more. */
void zm_leg_free(zm_leg *leg);

#endif
