#include "ingress.h"

#include <errno.h>

#include "bridge.h"
#include "conference.h"
#include "egress.h"
#include "ice.h"
#include "rtcp.h"
#include "video_relay.h"
#include "voice.h"

enum { VOICE_EVERY = 8 }; /* packets are asked for voice */

static void receive_event(zm_leg *leg, const zm_rtp *rtp)
{
    struct dtmf_digit digits[DTMF_DIGITS_PER_PACKET];
    int count =
        dtmf_receive(&leg->dtmf, rtp->payload, rtp->payload_len, rtp->timestamp, (int64_t)leg->thread->now_ns, digits);

    for (int i = 0; i < count; i++)
        zm_digits_said(leg, digits[i].digit, digits[i].duration_ms, ZM_DIGIT_EVENT);
    if (leg->dtmf_policy == ZM_DTMF_BLOCK)
        zm_bridge_skip(leg, rtp);
    else
        zm_bridge_pass(leg, rtp, true);
}

/* Sound that may be heard and kept. */
static void take_sound(zm_leg *leg, const zm_rtp *rtp)
{
    if (leg->tap)
        capture_audio(
            leg->tap->handle, leg->tap_side, leg->media.codec, (int64_t)leg->thread->now_ns, rtp->timestamp,
            rtp->payload, rtp->payload_len);
    zm_bridge_pass(leg, rtp, false);
}

static void receive_rtp(zm_leg *leg, const zm_rtp *rtp)
{
    zm_thread *thread = leg->thread;
    bool is_event = rtp->payload_type == leg->media.dtmf_payload_type, is_noise = zm_is_noise(leg, rtp);

    if ((!is_event && !is_noise && rtp->payload_type != leg->media.payload_type) || rtp->payload_len == 0) {
        /* Not negotiated: counted as received, not passed on. */
        if (leg->source.known && rtp->ssrc == leg->source.ssrc &&
            zm_rtp_source_update(&leg->source, rtp, thread->now_ns, false) != ZM_SEQ_BAD)
            zm_bridge_skip(leg, rtp);
        zm_reject(thread, leg, ZM_REJECT_PAYLOAD);
        return;
    }
    if (zm_rtp_source_update(&leg->source, rtp, thread->now_ns, !is_event && !is_noise) == ZM_SEQ_BAD) {
        zm_reject(thread, leg, ZM_REJECT_SEQUENCE);
        return;
    }
    leg->watch.heard_ns = thread->now_ns;
    if (!leg->started) {
        leg->started = true;
        zm_raise(thread->events, zm_event_new(ZM_EVENT_MEDIA_STARTED, leg->id, NULL, 0));
    }
    if (!leg->media.receive)
        return;
    if (is_event) {
        receive_event(leg, rtp);
        return;
    }
    if (is_noise) {
        zm_bridge_pass_noise(leg, rtp);
        return;
    }
    if (rtp->sequence % VOICE_EVERY == 0 && zm_voice_heard(leg->media.codec, rtp->payload, rtp->payload_len))
        leg->watch.voice_ns = thread->now_ns;
    if (leg->filter)
        zm_digits_listen(leg, rtp, take_sound);
    else
        take_sound(leg, rtp);
}

/* Take the encryption off, if there is one; false: not authentic, or seen before. */
static bool open_packet(zm_leg *leg, uint8_t *datagram, uint32_t *len, bool rtcp)
{
    zm_srtp_result result = zm_keys_open(leg, datagram, len, rtcp);

    if (result != ZM_SRTP_OK)
        zm_reject(leg->thread, leg, result == ZM_SRTP_REPLAYED ? ZM_REJECT_REPLAYED : ZM_REJECT_FORGED);
    return result == ZM_SRTP_OK;
}

static bool receive_rtcp(zm_leg *leg, uint8_t *packet, uint32_t len)
{
    if (!open_packet(leg, packet, &len, true))
        return false;
    if (!zm_rtcp_read(leg, packet, len, leg->thread->now_ns)) {
        zm_reject(leg->thread, leg, ZM_REJECT_MALFORMED);
        return false;
    }
    if (leg->far_news) /* how much Opus repeats (in-band FEC) goes by what is lost */
        zm_conference_lose(leg);
    leg->far_news = false;
    if (leg->video)
        zm_video_receive_rtcp(leg, packet, len);
    return true;
}

static bool open_rtp(zm_leg *leg, zm_rtp *rtp, uint8_t *datagram, uint32_t *len)
{
    if (!open_packet(leg, datagram, len, false))
        return false;
    if (zm_rtp_parse(rtp, datagram, *len))
        return true;
    zm_reject(leg->thread, leg, ZM_REJECT_MALFORMED);
    return false;
}

/* --- browser port ------------------------------------------------------------------------------------------------- */

static void receive_srtp(zm_path *path, uint8_t *datagram, uint32_t len)
{
    zm_leg *leg = path->leg;
    zm_rtp rtp;

    if (leg->srtp_in == NULL || !leg->negotiated) {
        zm_reject(leg->thread, leg, ZM_REJECT_EARLY);
    } else if (len < ZM_RTP_HEADER) {
        zm_reject(leg->thread, leg, ZM_REJECT_SIZE);
    } else if (zm_is_rtcp(datagram)) {
        receive_rtcp(leg, datagram, len);
    } else if (open_rtp(leg, &rtp, datagram, &len)) {
        if (leg->video && zm_video_takes(leg->video, rtp.payload_type))
            zm_video_receive(leg, datagram, len, &rtp);
        else
            receive_rtp(leg, &rtp);
    }
}

static void receive_dtls(zm_path *path, const uint8_t *datagram, uint32_t len)
{
    zm_leg *leg = path->leg;

    zm_raise_limited(leg, zm_event_new(ZM_EVENT_DTLS, leg->id, datagram, len));
}

/* RFC 7983 7: the first octet tells the protocols of the port apart. */
static void receive_web(zm_thread *thread, zm_web_port *port, uint8_t *datagram, uint32_t len, const zm_addr *from)
{
    zm_path *path;

    ZM_COUNT(thread->statistics.packets_in);
    if (len == 0 || len > ZM_RTP_MAX) {
        zm_reject(thread, NULL, ZM_REJECT_SIZE);
        return;
    }
    if (datagram[0] <= 3) {
        zm_ice_receive(thread, port, datagram, len, from);
        return;
    }
    path = zm_ice_find_path(thread, port, from);
    if (path == NULL) /* nothing but STUN from an address that no leg has vouched for */
        zm_reject(thread, NULL, ZM_REJECT_SOURCE);
    else if (datagram[0] >= 128 && datagram[0] <= 191)
        receive_srtp(path, datagram, len);
    else if (datagram[0] >= 20 && datagram[0] <= 63)
        receive_dtls(path, datagram, len);
    else
        zm_reject(thread, path->leg, ZM_REJECT_MALFORMED);
}

/* Read a batch from `fd`; fewer than `count` means that the socket is empty. */
static int read_batch(zm_thread *thread, int fd, uint32_t count)
{
    int got;

    do
        got = recvmmsg(fd, thread->in.headers, count, MSG_DONTWAIT, NULL);
    while (got < 0 && errno == EINTR);
    for (int i = 0; i < got; i++) /* for the next time: the kernel has written how long each address is */
        thread->in.headers[i].msg_hdr.msg_namelen = sizeof(zm_addr);
    return got;
}

void zm_read_web(zm_thread *thread, zm_web_port *port)
{
    for (int round = 0; round < ZM_ROUNDS_MAX; round++) {
        int got = read_batch(thread, port->fd, ZM_BATCH_MAX);
        for (int i = 0; i < got; i++)
            receive_web(thread, port, thread->in.datagrams[i], thread->in.headers[i].msg_len, &thread->in.addrs[i]);
        if (got < ZM_BATCH_MAX)
            return;
    }
}

/* --- SIP legs ----------------------------------------------------------------------------------------------------- */

/* What does not concern the content: may a datagram from there be looked at? */
static bool admit(zm_leg *leg, uint32_t len, bool admitted)
{
    zm_thread *thread = leg->thread;

    ZM_COUNT(thread->statistics.packets_in);
    if (!leg->negotiated)
        zm_reject(thread, leg, ZM_REJECT_EARLY);
    else if (len < 8 || len > ZM_RTP_MAX)
        zm_reject(thread, leg, ZM_REJECT_SIZE);
    else if (!admitted)
        zm_reject(thread, leg, ZM_REJECT_SOURCE);
    else
        return true;
    return false;
}

static void receive_plain(zm_leg *leg, uint8_t *datagram, uint32_t len, const zm_addr *from)
{
    zm_latch *latch = &leg->rtp.latch;
    uint64_t now_ns = leg->thread->now_ns;
    zm_rtp rtp;

    if (!admit(leg, len, leg->negotiated && zm_latch_admits(latch, from, now_ns)))
        return;
    if (zm_is_rtcp(datagram)) { /* rtcp-mux, RFC 5761 */
        if (receive_rtcp(leg, datagram, len))
            zm_latch_hold_mux(latch);
        return;
    }
    if (!open_rtp(leg, &rtp, datagram, &len))
        return;
    if (rtp.payload_type == leg->media.payload_type || rtp.payload_type == leg->media.dtmf_payload_type)
        zm_latch_hold(latch, from, now_ns);
    receive_rtp(leg, &rtp);
}

void zm_read_rtp(zm_leg *leg)
{
    zm_thread *thread = leg->thread;
    uint8_t *datagram = thread->in.datagrams[0];
    zm_addr from;

    /* A leg has one packet per 20 ms, so one is read at a time; of a burst, others come first before the rest. */
    for (int packet = 0; packet < ZM_BURST_MAX; packet++) {
        socklen_t from_len = sizeof from;
        ssize_t len = recvfrom(leg->rtp.rtp_fd, datagram, ZM_DATAGRAM_MAX, MSG_DONTWAIT, &from.any, &from_len);
        if (len >= 0)
            receive_plain(leg, datagram, (uint32_t)len, &from);
        else if (errno != EINTR)
            return;
        if (!thread->paced)
            return; /* epoll tells if there are more */
    }
}

void zm_read_rtcp(zm_leg *leg)
{
    enum { FEW = 4 };
    zm_thread *thread = leg->thread;
    zm_latch *latch = &leg->rtp.latch;
    int got = read_batch(thread, leg->rtp.rtcp_fd, FEW);

    for (int i = 0; i < got; i++) {
        const zm_addr *from = &thread->in.addrs[i];
        uint32_t len = thread->in.headers[i].msg_len;
        if (admit(leg, len, leg->negotiated && zm_latch_admits_rtcp(latch, from)) &&
            receive_rtcp(leg, thread->in.datagrams[i], len))
            zm_latch_hold_rtcp(latch, from);
    }
}
