/* RTP headers (RFC 3550 5.1), what is counted about a source (A.1, A.3, A.8), and the numbering of what we send.
 * Pure: no sockets, no clock. */
#ifndef ZM_RTP_H
#define ZM_RTP_H

#include <stdbool.h>
#include <stdint.h>

enum { ZM_RTP_HEADER = 12 };

typedef struct {
    const uint8_t *payload; /* into the parsed datagram */
    uint32_t payload_len;   /* without padding */
    uint32_t timestamp, ssrc;
    uint16_t sequence;
    uint8_t payload_type;
    bool marker;
} zm_rtp;

static inline uint16_t zm_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t zm_get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void zm_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void zm_put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* RTCP by its packet types 192..223, RFC 5761 4. */
static inline bool zm_is_rtcp(const uint8_t *datagram)
{
    return datagram[1] >= 192 && datagram[1] <= 223;
}

/* False when malformed.  Header extensions, CSRCs and padding are left out of the payload. */
bool zm_rtp_parse(zm_rtp *rtp, const uint8_t *datagram, uint32_t len);
void zm_rtp_write(uint8_t header[ZM_RTP_HEADER], const zm_rtp *rtp);

/* --- one received source ------------------------------------------------------------------------------------------ */

typedef struct {
    uint32_t ssrc;
    bool known;
    uint32_t clock_rate;
    /* RFC 3550 A.1 */
    uint16_t max_seq;
    uint32_t cycles, base_seq, bad_seq, received;
    uint32_t expected_prior, received_prior;
    /* A.8, jitter times 16 in timestamp units */
    uint32_t transit, jitter;
    bool transit_known;
    /* last sender report (6.4.1) */
    uint32_t sr_middle;
    uint64_t sr_arrival_ns;
    /* over sources that came before */
    uint64_t received_before, lost_before;
} zm_rtp_source;

typedef enum { ZM_SEQ_OK, ZM_SEQ_RESTARTED, ZM_SEQ_BAD } zm_seq;

/* `timed` is false for packets whose timestamp does not follow the clock (RFC 4733 events). */
zm_seq zm_rtp_source_update(zm_rtp_source *source, const zm_rtp *rtp, uint64_t now_ns, bool timed);
/* The source said goodbye: what was counted stays, and its next packet begins anew. */
void zm_rtp_source_leave(zm_rtp_source *source);
uint64_t zm_rtp_source_lost(const zm_rtp_source *source);
uint64_t zm_rtp_source_received(const zm_rtp_source *source);
uint32_t zm_rtp_source_jitter_us(const zm_rtp_source *source);
/* Fraction lost since the last call, A.3. */
uint8_t zm_rtp_source_fraction(zm_rtp_source *source);

/* --- what we send ------------------------------------------------------------------------------------------------- */

/* One SSRC for the life of a leg.  Where the sound comes from may change; sequence numbers go on without a gap and
 * timestamps go on by the time that has passed, so the far jitter buffer hears no seam. */
typedef struct {
    uint32_t ssrc, clock_rate;
    uint32_t packet_samples; /* timestamp units of one packet */
    uint16_t sequence;       /* last sent (highest) */
    uint32_t timestamp;      /* of that packet */
    uint64_t sent_ns;        /* when; 0 = nothing sent yet */
    bool generating;         /* the last packet was made here, the next one follows it directly */
    bool mark;               /* the next packet begins a talk spurt */
    bool mapped;             /* a relayed source's numbers are being rewritten */
    uint32_t in_ssrc;
    uint16_t in_base, in_high, seq_offset;
    uint32_t ts_offset;
    uint32_t packets, octets;
} zm_rtp_out;

void zm_rtp_out_init(zm_rtp_out *out, uint32_t ssrc, uint16_t sequence, uint32_t timestamp);
/* The source of sound changes: begin a new stretch. */
void zm_rtp_out_switch(zm_rtp_out *out);
/* Numbers for the next packet made here, `samples` long in timestamp units. */
void zm_rtp_out_generate(zm_rtp_out *out, zm_rtp *rtp, uint64_t now_ns, uint32_t samples);
/* Numbers for an event packet (RFC 4733): next sequence number, the event's own timestamp. */
void zm_rtp_out_event(zm_rtp_out *out, zm_rtp *rtp, uint64_t now_ns, uint32_t timestamp);
/* A packet of the relayed source is not sent: the next one closes the gap. */
void zm_rtp_out_skip(zm_rtp_out *out, const zm_rtp *in);
/* The timestamp that a packet made now would have. */
uint32_t zm_rtp_out_now(const zm_rtp_out *out, uint64_t now_ns);
/* Rewrite a received packet's numbers; false when it is from before the present stretch and must not be sent. */
bool zm_rtp_out_relay(zm_rtp_out *out, zm_rtp *rtp, const zm_rtp *in, uint64_t now_ns);

#endif
