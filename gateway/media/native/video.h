/* Pictures of a browser's leg: a second stream on its 5-tuple (BUNDLE, RFC 9143), relayed as it is to the leg that sees
 * it.  Here: what is negotiated, how a source's numbers become ours, and where key frames begin.  Pure.
 *
 * One SSRC per leg for life, and one for its retransmissions (RTX, RFC 4588).  A *stretch* is the time in which one
 * source is seen without a break; within it sequence numbers, timestamps and transport-wide numbers differ from the
 * source's by constants, so that feedback can be translated back without any table. */
#ifndef ZM_VIDEO_H
#define ZM_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp.h"

enum {
    ZM_VIDEO_CLOCK_RATE = 90000,
    ZM_VIDEO_EXTENSIONS_MAX = 12, /* octets: header, transport-wide number, absolute send time, padded to words */
};

typedef enum { ZM_VIDEO_VP8, ZM_VIDEO_H264 } zm_video_codec;

/* As negotiated with this leg's browser; ids of header extensions (RFC 8285) are 1 to 14, 0 = none. */
typedef struct {
    zm_video_codec codec;
    uint8_t payload_type;
    int16_t rtx_payload_type; /* -1 = none */
    uint32_t ssrc, rtx_ssrc;  /* ours */
    uint8_t transport_cc_id;  /* draft-holmer-rmcat-transport-wide-cc-extensions-01, with its feedback */
    uint8_t abs_send_time_id;
    bool nack, pli, fir;      /* feedback that this browser understands */
    bool reduced_size;        /* RFC 5506 */
    bool send, receive;       /* seen from us */
} zm_video_media;

/* One of our streams: how the source's numbers become its.  Sequence numbers go on over stretches without a gap,
 * timestamps by the time that has passed. */
typedef struct {
    bool mapped;
    uint32_t in_ssrc;
    uint16_t in_base; /* older packets are from before the stretch */
    uint16_t sequence_offset, sequence; /* sent = received + offset; the highest sent */
    uint32_t timestamp_offset, timestamp;
    uint64_t sent_ns;
} zm_video_numbers;

/* The same for the transport-wide sequence number, which counts packets of both streams. */
typedef struct {
    bool mapped;
    uint16_t in_base, offset, sequence;
} zm_video_transport;

typedef struct {
    uint64_t received, lost, sent, dropped;
    uint64_t key_frames;       /* that the browser sent */
    uint64_t key_requests;     /* that we sent to it */
    uint64_t nacks;            /* messages of it that we passed on */
    uint64_t feedback_dropped; /* too much of it, or about what was never sent */
} zm_video_statistics;

typedef struct zm_video {
    zm_video_media media;

    /* what it shows */
    zm_rtp_source source;
    uint64_t seen_ns;      /* when its last packet came */
    uint64_t viewer;       /* the leg that sees it, 0 = none */
    uint32_t packet_budget, feedback_budget; /* for this second */
    uint32_t key_timestamp; /* of its last key frame */
    bool key_known;
    bool key_wanted;       /* somebody can't decode without one */
    uint64_t key_asked_ns;
    uint8_t fir_sequence;

    /* what it sees */
    bool open;             /* a key frame has begun in this stretch: pictures pass */
    zm_video_numbers out, rtx;
    zm_video_transport transport;
    uint32_t packets, octets;          /* sent, for sender reports */
    uint32_t sr_in, sr_out;            /* middle of the last sender report's NTP time: the source's, and ours for it */
    uint32_t lost_before;              /* what the browser had reported lost before the stretch */
    bool lost_known;

    zm_video_statistics counted;
} zm_video;

/* Take parameters, new or changed ones.  What is being seen goes on, unless the codec changed. */
void zm_video_set(zm_video *video, const zm_video_media *media);
static inline bool zm_video_takes(const zm_video *video, uint8_t payload_type)
{
    return payload_type == video->media.payload_type || payload_type == video->media.rtx_payload_type;
}

/* Whether a key frame begins with this packet: one that a decoder can start with.  VP8 RFC 7741 4.2 and 4.3, H.264
 * RFC 6184 5.2 (SPS, or an IDR picture's first slice). */
bool zm_video_begins_key_frame(zm_video_codec codec, const uint8_t *payload, uint32_t len);

/* The source of what is seen changes: nothing passes until a key frame begins. */
void zm_video_close(zm_video *viewer);
/* Begin a stretch with this packet. */
void zm_video_open(zm_video *viewer, const zm_rtp *first, uint64_t now_ns);

/* The packet as the viewer gets it: header, extensions and payload, with room for `len` + ZM_VIDEO_EXTENSIONS_MAX.
 * `len` is the received datagram's, `rtp` is parsed from it.  0 when it must not be sent: from before the stretch, or a
 * retransmission that the viewer has not negotiated. */
uint32_t zm_video_rewrite(
    zm_video *viewer, const zm_video_media *source, const uint8_t *datagram, uint32_t len, const zm_rtp *rtp,
    uint64_t now_ns, uint8_t *to);

/* Our number in the source's terms; false when it is from before the stretch. */
bool zm_video_sequence_back(const zm_video_numbers *numbers, uint16_t sent, uint16_t *received);
bool zm_video_transport_back(const zm_video_transport *transport, uint16_t sent, uint16_t *received);

#endif
