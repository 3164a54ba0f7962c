#include "bridge.h"

#include <string.h>

#include "conference.h"
#include "egress.h"
#include "encoder.h"
#include "g711.h"
#include "packetize.h"
#include "pcm.h"
#include "player.h"
#include "seam.h"

/* A relayed source that says nothing for so long gives way to silence on a SIP leg (NATs, carriers' RTP timers). */
#define QUIET_NS 500000000ull
/* Sound stays away so long after the last packet of an RFC 4733 event whose end has not come. */
#define EVENT_PAUSE_NS 60000000ull

/* From relay to mix: packets that are relayed and decoded as well, so that a decoder knows the voice when it takes over,
 * and how long they are waited for. */
enum { WARM_PACKETS = 3 };
#define WARM_NS 80000000ull

/* --- ways --------------------------------------------------------------------------------------------------------- */

static bool is_relay(zm_way way)
{
    return way == ZM_WAY_RELAY || way == ZM_WAY_RECODE || way == ZM_WAY_WARM;
}

/* How `to` can hear `from`. */
static zm_way choose_way(const zm_leg *to, const zm_leg *from)
{
    if (!to->negotiated || !from->negotiated)
        return ZM_WAY_NONE;
    if (to->announcement.player.list && to->hears == ZM_HEARS_OTHER)
        return ZM_WAY_MIX;
    bool same = to->media.codec == from->media.codec;
    if (same && !codec_is_octets(to->media.codec))
        return ZM_WAY_RELAY; /* an Opus packet tells its own length */
    if (to->media.packet_ms != from->media.packet_ms)
        return ZM_WAY_MIX;
    if (same)
        return ZM_WAY_RELAY;
    return zm_is_g711(to->media.codec) && zm_is_g711(from->media.codec) ? ZM_WAY_RECODE : ZM_WAY_MIX;
}

static void set_way(zm_leg *to, zm_leg *from, zm_way way, uint32_t rate)
{
    if (way != ZM_WAY_MIX) {
        zm_pcm_deafen(from);
        if (to->announcement.player.list == NULL)
            zm_pcm_mute(to);
    } else if (!zm_pcm_listen(from, rate) || !zm_pcm_speak(to, rate)) {
        zm_pcm_deafen(from);
        zm_pcm_mute(to);
        way = ZM_WAY_NONE;
        ZM_COUNT(to->thread->statistics.dropped);
    } else if (is_relay(to->way) && to->hears == ZM_HEARS_OTHER) {
        if (to->way != ZM_WAY_WARM) {
            to->warm_packets = WARM_PACKETS;
            to->warm_until_ns = to->thread->now_ns + WARM_NS;
        }
        way = ZM_WAY_WARM;
    }
    if (to->way == ZM_WAY_MIX && is_relay(way)) {
        to->out.generating = false;
        zm_seam_open(to);
    }
    to->way = way;
}

static void set_ways(zm_leg *a, zm_leg *b)
{
    uint32_t rate = zm_pcm_rate(b, zm_pcm_rate(a, 0));

    set_way(a, b, choose_way(a, b), rate);
    set_way(b, a, choose_way(b, a), rate);
}

void zm_bridge_pair(zm_leg *first, zm_leg *second)
{
    first->other = second;
    second->other = first;
    set_ways(first, second);
}

void zm_bridge_unpair(zm_leg *first, zm_leg *second)
{
    first->other = second->other = NULL;
    first->way = second->way = ZM_WAY_NONE;
}

bool zm_bridge_warm(zm_leg *first, zm_leg *second, uint32_t rate)
{
    if (is_relay(first->way))
        set_way(first, second, ZM_WAY_MIX, rate);
    if (is_relay(second->way))
        set_way(second, first, ZM_WAY_MIX, rate);
    return first->way == ZM_WAY_WARM || second->way == ZM_WAY_WARM;
}

/* The decoder knows the stream: from here on it is its sound that is heard. */
static void end_warming(zm_leg *leg)
{
    leg->way = ZM_WAY_MIX;
    leg->out.generating = leg->out.mapped = false;
    zm_seam_open(leg);
    zm_conference_renew(leg);
}

/* --- what a leg hears ----------------------------------------------------------------------------------------------- */

void zm_hear_from(zm_leg *leg, zm_hears hears)
{
    leg->hears = hears;
    leg->pending_len = 0;
    leg->event_active = false;
    zm_rtp_out_switch(&leg->out);
    zm_seam_open(leg);
}

void zm_hear(zm_leg *leg, zm_hears hears)
{
    bool leaves = leg->member && leg->hears == ZM_HEARS_CONFERENCE && hears != ZM_HEARS_CONFERENCE;

    zm_leg_hush(leg);
    zm_hear_from(leg, hears);
    if (leaves) /* who shared its encoder can't any more */
        zm_conference_renew(leg);
    if (hears == ZM_HEARS_OTHER && leg->other->jitter)
        jitter_reset(leg->other->jitter); /* what was said while nobody listened is over */
}

void zm_background_changed(zm_leg *leg)
{
    if (leg->member)
        zm_conference_renew(leg);
    if (leg->other)
        set_ways(leg, leg->other);
    if (leg->announcement.player.list == NULL) {
        if (leg->way != ZM_WAY_MIX && leg->hears != ZM_HEARS_CONFERENCE)
            zm_pcm_mute(leg);
    } else if (leg->negotiated && !zm_pcm_speak(leg, 0)) {
        ZM_COUNT(leg->thread->statistics.dropped);
        zm_player_clear(&leg->announcement.player);
    }
}

/* --- bridges -------------------------------------------------------------------------------------------------------- */

static void part(zm_leg *leg)
{
    zm_pcm_deafen(leg);
    if (leg->announcement.player.list == NULL)
        zm_pcm_mute(leg);
    leg->other = NULL;
    leg->quiet = false;
    leg->way = ZM_WAY_NONE;
    if (leg->hears == ZM_HEARS_OTHER)
        zm_hear_from(leg, ZM_HEARS_NOTHING);
}

void zm_bridge_part(zm_leg *leg)
{
    zm_leg *other = leg->other;

    if (other == NULL)
        return;
    part(leg);
    part(other);
}

void zm_bridge_join(zm_leg *first, zm_leg *second)
{
    if (first == second)
        return;
    if (zm_conference_become_bridge(first, second)) {
        set_ways(first, second);
    } else {
        zm_conference_leave(first);
        zm_conference_leave(second);
    }
    if (first->other != second) {
        zm_bridge_part(first);
        zm_bridge_part(second);
        zm_bridge_pair(first, second);
    }
    if (first->hears != ZM_HEARS_OTHER)
        zm_hear(first, ZM_HEARS_OTHER);
    if (second->hears != ZM_HEARS_OTHER)
        zm_hear(second, ZM_HEARS_OTHER);
}

void zm_bridge_end(zm_leg *leg)
{
    zm_conference_leave(leg);
    zm_bridge_part(leg);
}

void zm_bridge_silence(zm_leg *leg)
{
    zm_leg *other = leg->member ? NULL : leg->other;

    if (other == NULL && leg->member == NULL)
        return;
    zm_bridge_end(leg);
    zm_hear(leg, ZM_HEARS_NOTHING);
    if (other)
        zm_hear(other, ZM_HEARS_NOTHING);
}

void zm_bridge_renew(zm_leg *leg)
{
    zm_leg *other = leg->other;

    if (leg->announcement.player.list)
        zm_pcm_speak(leg, 0);
    if (other) {
        leg->quiet = other->quiet = false;
        leg->way = other->way = ZM_WAY_NONE; /* what is relayed in the old codec is not for the new one */
        set_ways(leg, other);
        if (leg->hears == ZM_HEARS_OTHER)
            zm_hear_from(leg, ZM_HEARS_OTHER);
        if (other->hears == ZM_HEARS_OTHER)
            zm_hear_from(other, ZM_HEARS_OTHER);
    }
    zm_conference_renew(leg);
}

/* --- relay -------------------------------------------------------------------------------------------------------- */

/* The packet's numbers for `to`; false when it is not to be sent. */
static bool number_relayed(zm_leg *from, zm_leg *to, const zm_rtp *rtp, zm_rtp *sent, uint8_t payload_type)
{
    if (!zm_leg_can_send(to) || zm_digits_busy(to)) {
        to->out.mapped = false;
        return false;
    }
    if (!zm_rtp_out_relay(&to->out, sent, rtp, from->thread->now_ns))
        return false;
    sent->payload_type = payload_type;
    sent->ssrc = to->out.ssrc;
    return true;
}

static void relay(zm_leg *from, zm_leg *to, const zm_rtp *rtp)
{
    zm_rtp sent;
    uint8_t recoded[ZM_RTP_MAX], joined[ZM_RTP_MAX];
    const uint8_t *payload = rtp->payload;

    if (!number_relayed(from, to, rtp, &sent, to->media.payload_type))
        return;
    if (from->media.codec != to->media.codec) { /* A-law and mu-law */
        if (from->media.codec == CODEC_PCMA)
            g711_pcma_to_pcmu(recoded, payload, rtp->payload_len);
        else
            g711_pcmu_to_pcma(recoded, payload, rtp->payload_len);
        payload = recoded;
    }
    if (to->seam)
        payload = zm_seam_join(to, payload, rtp->payload_len, joined);
    zm_seam_note(to, payload, rtp->payload_len);
    zm_send_rtp(to, &sent, payload, rtp->payload_len);
    ZM_COUNT(from->thread->statistics.relayed);
}

/* Comfort noise goes on as it is to who knows it; else it is noted, for quiet_tick. */
static void relay_noise(zm_leg *from, zm_leg *to, const zm_rtp *rtp)
{
    zm_rtp sent;

    from->quiet = true;
    noise_update(&from->noise, rtp->payload, rtp->payload_len);
    if (to->media.noise_payload_type < 0) {
        zm_bridge_skip(from, rtp);
    } else if (number_relayed(from, to, rtp, &sent, (uint8_t)to->media.noise_payload_type)) {
        zm_send_rtp(to, &sent, rtp->payload, rtp->payload_len);
        ZM_COUNT(from->thread->statistics.relayed);
    }
}

void zm_bridge_skip(zm_leg *leg, const zm_rtp *rtp)
{
    zm_leg *to = leg->other;

    if (to && to->hears == ZM_HEARS_OTHER && is_relay(to->way))
        zm_rtp_out_skip(&to->out, rtp);
}

/* --- RFC 4733 events through a bridge ------------------------------------------------------------------------------- */

static bool number_event(zm_leg *from, zm_leg *to, const zm_rtp *rtp, zm_rtp *sent)
{
    uint64_t now_ns = from->thread->now_ns;

    if (is_relay(to->way))
        return zm_rtp_out_relay(&to->out, sent, rtp, now_ns);
    if (!to->event_active || to->event_in != rtp->timestamp) {
        to->event_active = true;
        to->event_in = rtp->timestamp;
        to->event_out = zm_rtp_out_now(&to->out, now_ns);
        sent->marker = true;
    } else {
        sent->marker = rtp->marker;
    }
    to->event_until_ns = rtp->payload[1] & 0x80 ? now_ns : now_ns + EVENT_PAUSE_NS;
    zm_rtp_out_event(&to->out, sent, now_ns, to->event_out);
    return true;
}

void zm_bridge_pass_event(zm_leg *from, zm_leg *to, const zm_rtp *rtp)
{
    uint8_t payload[DTMF_PAYLOAD_SIZE];
    uint64_t duration;
    zm_rtp sent;

    if (!zm_digits_takes_events(to) || rtp->payload_len < sizeof payload) {
        zm_bridge_skip(from, rtp);
        return;
    }
    if (!zm_leg_can_send(to) || !number_event(from, to, rtp, &sent))
        return;
    memcpy(payload, rtp->payload, sizeof payload);
    duration = (uint64_t)zm_get16(payload + 2) * to->media.dtmf_clock_rate / from->media.dtmf_clock_rate;
    zm_put16(payload + 2, (uint16_t)(duration > 0xffff ? 0xffff : duration));
    sent.payload_type = (uint8_t)to->media.dtmf_payload_type;
    sent.ssrc = to->out.ssrc;
    zm_send_rtp(to, &sent, payload, sizeof payload);
}

void zm_bridge_pass(zm_leg *leg, const zm_rtp *rtp, bool is_event)
{
    zm_leg *to = leg->other;

    if (to == NULL) {
        if (leg->member)
            zm_conference_pass(leg, rtp, is_event);
        return;
    }
    if (to->hears != ZM_HEARS_OTHER || to->way == ZM_WAY_NONE)
        return;
    if (is_event) {
        zm_bridge_pass_event(leg, to, rtp);
        return;
    }
    if (to->way == ZM_WAY_MIX) {
        zm_pcm_put(leg, rtp);
        return;
    }
    leg->quiet = false;
    relay(leg, to, rtp);
    if (to->way == ZM_WAY_WARM) {
        zm_pcm_follow(leg, rtp);
        if (--to->warm_packets == 0)
            end_warming(to);
    }
}

void zm_bridge_pass_noise(zm_leg *leg, const zm_rtp *rtp)
{
    zm_leg *to = leg->other;

    if (to == NULL) {
        if (leg->member)
            zm_pcm_put_noise(leg, rtp);
        return;
    }
    if (to->hears != ZM_HEARS_OTHER || to->way == ZM_WAY_NONE)
        return;
    if (to->way != ZM_WAY_RELAY && to->way != ZM_WAY_RECODE)
        zm_pcm_put_noise(leg, rtp);
    if (to->way != ZM_WAY_MIX)
        relay_noise(leg, to, rtp);
}

/* --- every 20 ms ---------------------------------------------------------------------------------------------------- */

void zm_send_sound(zm_leg *leg, const uint8_t *payload, uint32_t len)
{
    uint8_t joined[ZM_RTP_MAX];

    if (leg->seam)
        payload = zm_seam_join(leg, payload, len, joined);
    zm_seam_note(leg, payload, len);
    zm_send_frame(leg, payload, len);
}

void zm_send_mixed(zm_leg *leg, const zm_encoded *made)
{
    if (leg->thread->now_ns < leg->event_until_ns)
        return;
    for (uint32_t i = 0; i < made->count; i++) {
        if (made->len[i] == 0) {
            zm_rtp_out_switch(&leg->out); /* DTX: what comes next takes its time from the clock, and the marker */
        } else if (codec_is_octets(leg->media.codec)) {
            zm_send_sound(leg, made->payload[i], made->len[i]);
        } else {
            zm_seam_note(leg, made->payload[i], made->len[i]);
            zm_send_made(leg, made->payload[i], made->len[i], made->ticks);
        }
    }
    ZM_COUNT(leg->thread->statistics.mixed);
}

void zm_send_pcm(zm_leg *leg, const int16_t *pcm)
{
    zm_encoded made;

    if (leg->pcm_rate && zm_pcm_encode(leg, pcm, &made)) {
        zm_send_mixed(leg, &made);
        return;
    }
    zm_drop(leg->thread, leg);
}

void zm_send_quiet(zm_leg *leg)
{
    uint8_t silence[ENCODER_SILENCE_MAX];

    if (leg->seam && zm_is_g711(leg->media.codec)) {
        zm_send_sound(leg, silence, encoder_silence(leg->media.codec, silence));
    } else {
        zm_send_silence(leg);
    }
    zm_seam_forget(leg);
}

static void mix_tick(zm_leg *leg, bool can_send)
{
    int16_t pcm[FRAME_SAMPLES_MAX] = {0};

    zm_pcm_get(leg->other, pcm);
    if (leg->announcement.player.list && (can_send || zm_leg_is_mute(leg)))
        zm_announce_over(leg, pcm);
    if (can_send)
        zm_send_pcm(leg, pcm);
}

/* A relayed source is quiet, and has said by comfort noise packets (RFC 3389) how that sounds.  Where they could not be
 * passed on, 20 ms of that noise. */
static void quiet_tick(zm_leg *leg)
{
    int16_t pcm[FRAME_SAMPLES_8K];
    uint8_t payload[FRAME_SAMPLES_8K];

    if (leg->media.noise_payload_type >= 0)
        return;
    if (!zm_is_g711(leg->media.codec)) { /* never negotiated beside G.722; who sends it nevertheless is merely silent */
        zm_send_silence(leg);
        return;
    }
    noise_make(&leg->other->noise, pcm, FRAME_SAMPLES_8K);
    g711_encode(leg->media.codec, payload, pcm, FRAME_SAMPLES_8K);
    zm_send_sound(leg, payload, FRAME_SAMPLES_8K);
}

void zm_hear_tick(zm_leg *leg)
{
    bool can_send = zm_leg_can_send(leg);
    uint64_t now_ns = leg->thread->now_ns;

    if (!can_send && leg->out.generating)
        zm_rtp_out_switch(&leg->out);
    if (leg->digits.count && zm_digits_tick(leg, can_send))
        can_send = false; /* sound gives way to them */
    if (leg->announcement.player.list)
        zm_leg_end_announcement(leg);
    if (leg->way == ZM_WAY_WARM && now_ns >= leg->warm_until_ns)
        end_warming(leg);
    if (leg->hears == ZM_HEARS_SOUND || (leg->hears == ZM_HEARS_NOTHING && leg->announcement.player.list))
        zm_player_tick(leg, can_send);
    else if (leg->hears == ZM_HEARS_CONFERENCE)
        zm_conference_tick(leg, can_send);
    else if (leg->hears == ZM_HEARS_OTHER && leg->way == ZM_WAY_MIX)
        mix_tick(leg, can_send);
    else if (can_send && now_ns < leg->event_until_ns)
        return;
    else if (can_send && leg->hears == ZM_HEARS_OTHER && leg->other->quiet)
        quiet_tick(leg);
    else if (can_send && leg->kind == ZM_LEG_RTP &&
             (leg->hears == ZM_HEARS_NOTHING || now_ns - leg->out.sent_ns > QUIET_NS || leg->out.generating))
        zm_send_quiet(leg);
}
