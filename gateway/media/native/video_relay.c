#include "video_relay.h"

#include <stdlib.h>

#include "conference.h"
#include "egress.h"
#include "rtcp.h"
#include "video_feedback.h"

#define KEY_INTERVAL_NS 500000000ull /* between two requests for a key frame: each one costs as much as many pictures */
#define QUIET_NS 3000000000ull       /* who has sent nothing for so long is not asked for key frames */

void zm_video_negotiate(zm_leg *leg, const zm_video_media *media, zm_video *fresh)
{
    if (leg->video == NULL) {
        leg->video = fresh;
        if (fresh == NULL)
            return;
        fresh->packet_budget = ZM_VIDEO_PACKETS_PER_SECOND_MAX;
        fresh->feedback_budget = ZM_VIDEO_FEEDBACK_PER_SECOND_MAX;
    } else {
        free(fresh);
    }
    if (media)
        zm_video_set(leg->video, media);
    else /* the numbers stay: its SSRC must never send the same one twice */
        leg->video->media.send = leg->video->media.receive = false;
    if (!leg->video->media.receive)
        leg->video->viewer = 0; /* when it shows something again, that is a new stretch */
}

/* The other side: of the leg's bridge, or the only one with pictures beside it in its conference (others listen in). */
static zm_leg *across(const zm_leg *leg)
{
    zm_leg *other = leg->other ? leg->other : zm_conference_across(leg);

    return other && other->video ? other : NULL;
}

static bool is_heard(const zm_leg *leg, const zm_leg *by)
{
    return leg->other ? by->hears == ZM_HEARS_OTHER : zm_conference_is_heard(leg, by);
}

/* Who sees this leg's pictures: the other side, while it hears the leg too and has agreed to the same codec. */
static zm_leg *viewer_of(const zm_leg *leg)
{
    zm_leg *to = across(leg);

    if (to == NULL || !is_heard(leg, to) || !to->video->media.send || !leg->video->media.receive ||
        to->video->media.codec != leg->video->media.codec || !zm_leg_can_send(to))
        return NULL;
    return to;
}

/* The same, and what follows when it is another one than before: it must wait for a key frame. */
static zm_leg *attend(zm_leg *leg)
{
    zm_leg *to = viewer_of(leg);
    uint64_t id = to ? to->id : 0;

    if (leg->video->viewer != id) {
        leg->video->viewer = id;
        if (to) {
            zm_video_close(to->video);
            leg->video->key_wanted = true;
        }
    }
    return to;
}

static void ask_key_frame(zm_leg *leg)
{
    uint8_t packet[ZM_VIDEO_RTCP_MAX + ZM_SRTP_TRAILER_MAX] __attribute__((aligned(4)));
    zm_video *video = leg->video;
    uint64_t now_ns = leg->thread->now_ns;
    uint32_t len;

    if (!video->key_wanted || !video->source.known || now_ns - video->seen_ns > QUIET_NS || !zm_leg_can_send(leg) ||
        (video->key_asked_ns && now_ns - video->key_asked_ns < KEY_INTERVAL_NS))
        return;
    len = zm_video_ask_key_frame(video, leg->out.ssrc, packet);
    if (len == 0)
        return;
    video->key_asked_ns = now_ns;
    video->counted.key_requests++;
    zm_send_rtcp(leg, packet, len);
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

static void drop(zm_leg *leg)
{
    leg->video->counted.dropped++;
}

/* Count a picture packet; false when it is none of this source's. */
static bool count_picture(zm_leg *leg, const zm_rtp *rtp, bool *begins)
{
    zm_video *video = leg->video;
    zm_seq seq = zm_rtp_source_update(&video->source, rtp, leg->thread->now_ns, true);

    *begins = false;
    if (seq == ZM_SEQ_BAD)
        return false;
    if (seq == ZM_SEQ_RESTARTED)
        video->viewer = 0; /* its numbers begin anew */
    video->counted.received++;
    video->counted.lost = zm_rtp_source_lost(&video->source);
    *begins = zm_video_begins_key_frame(video->media.codec, rtp->payload, rtp->payload_len);
    if (*begins && (!video->key_known || video->key_timestamp != rtp->timestamp)) {
        video->key_known = true;
        video->key_timestamp = rtp->timestamp;
        video->key_wanted = false;
        video->counted.key_frames++;
    }
    return true;
}

static void show(zm_leg *leg, zm_leg *to, const uint8_t *datagram, uint32_t len, const zm_rtp *rtp)
{
    uint8_t packet[ZM_RTP_MAX + ZM_VIDEO_EXTENSIONS_MAX + ZM_SRTP_TRAILER_MAX] __attribute__((aligned(4)));
    uint32_t packet_len =
        zm_video_rewrite(to->video, &leg->video->media, datagram, len, rtp, leg->thread->now_ns, packet);

    if (packet_len == 0 || !zm_send_packet(to, packet, packet_len)) {
        drop(to);
        return;
    }
    to->video->counted.sent++;
    ZM_COUNT(leg->thread->statistics.video);
}

void zm_video_receive(zm_leg *leg, const uint8_t *datagram, uint32_t len, const zm_rtp *rtp)
{
    zm_video *video = leg->video;
    bool is_picture = rtp->payload_type == video->media.payload_type, begins = false;
    zm_leg *to;

    if (video->packet_budget == 0 || !video->media.receive) {
        drop(leg);
        return;
    }
    video->packet_budget--;
    video->seen_ns = leg->thread->now_ns;
    if (is_picture && !count_picture(leg, rtp, &begins)) {
        drop(leg);
        return;
    }
    to = attend(leg);
    if (to == NULL)
        return;
    if (!to->video->open && begins) {
        video->key_wanted = false;
        zm_video_open(to->video, rtp, leg->thread->now_ns);
    }
    if (to->video->open) {
        show(leg, to, datagram, len, rtp);
        return;
    }
    if (is_picture)
        video->key_wanted = true;
    ask_key_frame(leg);
}

/* --- feedback --------------------------------------------------------------------------------------------------------- */

/* Whose pictures the leg sees. */
static zm_leg *source_of(const zm_leg *leg)
{
    zm_leg *from = across(leg);

    return from && attend(from) == leg ? from : NULL;
}

void zm_video_receive_rtcp(zm_leg *leg, const uint8_t *datagram, uint32_t len)
{
    uint8_t packet[ZM_VIDEO_RTCP_MAX + ZM_SRTP_TRAILER_MAX] __attribute__((aligned(4)));
    zm_leg *from = source_of(leg), *to = attend(leg);
    zm_rtcp_packet read;
    uint32_t at = 0;

    while (zm_rtcp_next(&read, datagram, len, &at)) {
        uint32_t octets;
        if (leg->video->feedback_budget == 0) {
            leg->video->counted.feedback_dropped++;
            return;
        }
        leg->video->feedback_budget--;
        if (to && (octets = zm_video_report(leg->video, to->video, &read, zm_ntp_now(), to->out.ssrc, packet)) > 0)
            zm_send_rtcp(to, packet, octets);
        if (from == NULL || !zm_leg_can_send(from))
            continue;
        octets = zm_video_feedback(leg->video, from->video, &read, from->out.ssrc, packet);
        if (octets)
            zm_send_rtcp(from, packet, octets);
        ask_key_frame(from);
    }
}

void zm_video_tick(zm_leg *leg, bool second)
{
    if (attend(leg))
        ask_key_frame(leg);
    if (second) {
        leg->video->packet_budget = ZM_VIDEO_PACKETS_PER_SECOND_MAX;
        leg->video->feedback_budget = ZM_VIDEO_FEEDBACK_PER_SECOND_MAX;
    }
}
