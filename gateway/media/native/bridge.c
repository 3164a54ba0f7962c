#include "bridge.h"

#include <string.h>

#include "egress.h"
#include "g711.h"

/* A relayed source that says nothing for so long gives way to silence on a SIP leg (NATs, carriers' RTP timers). */
#define QUIET_NS 500000000ull
/* Sound stays away so long after the last packet of an RFC 4733 event whose end has not come. */
#define EVENT_PAUSE_NS 60000000ull

enum { OPUS_COMPLEXITY = 5 };

/* --- ways --------------------------------------------------------------------------------------------------------- */

static zm_way choose_way(const zm_leg *a, const zm_leg *b)
{
    if (!a->negotiated || !b->negotiated)
        return ZM_WAY_NONE;
    if (!zm_is_g711(a->media.codec) && a->media.codec == b->media.codec)
        return ZM_WAY_RELAY; /* an Opus packet tells its own length */
    if (zm_is_g711(a->media.codec) && zm_is_g711(b->media.codec) && a->media.packet_ms == b->media.packet_ms)
        return a->media.codec == b->media.codec ? ZM_WAY_RELAY : ZM_WAY_RECODE;
    return ZM_WAY_MIX;
}

static void leave_mix(zm_leg *leg)
{
    jitter_free(leg->jitter);
    leg->jitter = NULL;
    if (leg->encoder.encoder)
        opus_encode_free(&leg->encoder);
    leg->encoder.encoder = NULL;
    leg->event_active = false;
}

static bool enter_mix(zm_leg *leg, uint32_t rate)
{
    leg->mix_rate = rate;
    leg->jitter = jitter_new(leg->media.codec, rate);
    if (leg->jitter == NULL)
        return false;
    return zm_is_g711(leg->media.codec) || opus_encode_init(&leg->encoder, rate, 0, OPUS_COMPLEXITY) == 0;
}

static void set_way(zm_leg *a, zm_leg *b)
{
    zm_way way = choose_way(a, b);

    leave_mix(a);
    leave_mix(b);
    if (way == ZM_WAY_MIX) {
        /* One narrowband side makes the whole mix narrowband: Opus decodes to 8 kHz by itself, nothing is resampled. */
        uint32_t rate = zm_is_g711(a->media.codec) || zm_is_g711(b->media.codec) ? 8000 : 48000;
        if (!enter_mix(a, rate) || !enter_mix(b, rate)) {
            leave_mix(a);
            leave_mix(b);
            way = ZM_WAY_NONE;
            ZM_COUNT(a->thread->statistics.dropped);
        }
    }
    a->way = b->way = way;
}

void zm_hear(zm_leg *leg, zm_hears hears)
{
    leg->hears = hears;
    leg->pending_len = 0;
    zm_rtp_out_switch(&leg->out);
    if (hears == ZM_HEARS_OTHER && leg->other->jitter)
        jitter_reset(leg->other->jitter); /* what was said while nobody listened is over */
}

static void part(zm_leg *leg)
{
    leave_mix(leg);
    leg->other = NULL;
    leg->way = ZM_WAY_NONE;
    if (leg->hears == ZM_HEARS_OTHER)
        zm_hear(leg, ZM_HEARS_NOTHING);
}

/* The bridge ends; a side that plays a sound goes on with it. */
static void dissolve(zm_leg *leg)
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
    if (first->other != second) {
        dissolve(first);
        dissolve(second);
        first->other = second;
        second->other = first;
        set_way(first, second);
    }
    if (first->hears != ZM_HEARS_OTHER)
        zm_hear(first, ZM_HEARS_OTHER);
    if (second->hears != ZM_HEARS_OTHER)
        zm_hear(second, ZM_HEARS_OTHER);
}

void zm_bridge_end(zm_leg *leg)
{
    dissolve(leg);
}

void zm_bridge_renew(zm_leg *leg)
{
    if (leg->other == NULL)
        return;
    set_way(leg, leg->other);
    if (leg->hears == ZM_HEARS_OTHER)
        zm_hear(leg, ZM_HEARS_OTHER);
    if (leg->other->hears == ZM_HEARS_OTHER)
        zm_hear(leg->other, ZM_HEARS_OTHER);
}

/* --- relay -------------------------------------------------------------------------------------------------------- */

static void relay(zm_leg *from, zm_leg *to, const zm_rtp *rtp)
{
    zm_rtp sent;
    uint8_t recoded[ZM_RTP_MAX];
    const uint8_t *payload = rtp->payload;

    if (!zm_leg_can_send(to)) {
        to->out.mapped = false;
        return;
    }
    if (!zm_rtp_out_relay(&to->out, &sent, rtp, from->thread->now_ns))
        return;
    sent.payload_type = to->media.payload_type;
    sent.ssrc = to->out.ssrc;
    if (to->way == ZM_WAY_RECODE) {
        if (from->media.codec == CODEC_PCMA)
            g711_pcma_to_pcmu(recoded, payload, rtp->payload_len);
        else
            g711_pcmu_to_pcma(recoded, payload, rtp->payload_len);
        payload = recoded;
    }
    zm_send_rtp(to, &sent, payload, rtp->payload_len);
    ZM_COUNT(from->thread->statistics.relayed);
}

void zm_bridge_skip(zm_leg *leg, const zm_rtp *rtp)
{
    zm_leg *to = leg->other;

    if (to && to->hears == ZM_HEARS_OTHER && (to->way == ZM_WAY_RELAY || to->way == ZM_WAY_RECODE))
        zm_rtp_out_skip(&to->out, rtp);
}

/* --- RFC 4733 events through a bridge ------------------------------------------------------------------------------- */

static bool number_event(zm_leg *from, zm_leg *to, const zm_rtp *rtp, zm_rtp *sent)
{
    uint64_t now_ns = from->thread->now_ns;

    if (to->way != ZM_WAY_MIX)
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

static void pass_event(zm_leg *from, zm_leg *to, const zm_rtp *rtp)
{
    uint8_t payload[DTMF_PAYLOAD_SIZE];
    uint64_t duration;
    zm_rtp sent;

    if (to->media.dtmf_payload_type < 0 || rtp->payload_len < sizeof payload) {
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
    struct jitter_packet packet;

    if (to == NULL || to->hears != ZM_HEARS_OTHER || to->way == ZM_WAY_NONE)
        return;
    if (is_event) {
        pass_event(leg, to, rtp);
        return;
    }
    if (to->way != ZM_WAY_MIX) {
        relay(leg, to, rtp);
        return;
    }
    packet.ssrc = rtp->ssrc;
    packet.timestamp = rtp->timestamp;
    packet.sequence = rtp->sequence;
    packet.length = (uint16_t)rtp->payload_len;
    packet.payload = rtp->payload;
    jitter_put(leg->jitter, &packet, (int64_t)leg->thread->now_ns);
}

/* --- every 20 ms ---------------------------------------------------------------------------------------------------- */

static void mix_tick(zm_leg *leg, bool can_send)
{
    int16_t pcm[FRAME_SAMPLES_MAX];
    uint8_t payload[OPUS_PACKET_MAX];
    size_t samples = leg->mix_rate / 50;
    int len = (int)samples;

    jitter_get(leg->other->jitter, pcm, (int64_t)leg->thread->now_ns);
    if (!can_send || leg->thread->now_ns < leg->event_until_ns)
        return;
    if (leg->media.codec == CODEC_PCMA)
        g711_pcma_encode(payload, pcm, samples);
    else if (leg->media.codec == CODEC_PCMU)
        g711_pcmu_encode(payload, pcm, samples);
    else
        len = opus_encode_packet(&leg->encoder, pcm, samples, payload, sizeof payload);
    if (len <= 0) {
        leg->dropped++;
        ZM_COUNT(leg->thread->statistics.dropped);
        return;
    }
    zm_send_frame(leg, payload, (uint32_t)len);
    ZM_COUNT(leg->thread->statistics.mixed);
}

static void sound_tick(zm_leg *leg, bool can_send)
{
    const uint8_t *payload;
    size_t len;
    zm_event *event;

    if (can_send) {
        payload = sound_frame(leg->sound, leg->media.codec, leg->sound_frame, &len);
        zm_send_frame(leg, payload, (uint32_t)len);
    } else if (!zm_leg_is_mute(leg)) {
        return; /* not connected yet: the sound waits for it, so a greeting is heard from its beginning */
    }
    if (++leg->sound_frame < leg->sound->frames)
        return;
    leg->sound_frame = 0;
    if (leg->sound_loop)
        return;
    zm_hear(leg, ZM_HEARS_NOTHING);
    event = zm_event_new(ZM_EVENT_SOUND_FINISHED, leg->id, NULL, 0);
    if (event)
        event->number = leg->sound_number;
    zm_raise(leg->thread->events, event);
}

void zm_hear_tick(zm_leg *leg)
{
    bool can_send = zm_leg_can_send(leg);

    if (!can_send && leg->out.generating)
        zm_rtp_out_switch(&leg->out);
    if (leg->hears == ZM_HEARS_SOUND)
        sound_tick(leg, can_send);
    else if (leg->hears == ZM_HEARS_OTHER && leg->way == ZM_WAY_MIX)
        mix_tick(leg, can_send);
    else if (can_send && leg->kind == ZM_LEG_RTP && leg->thread->now_ns >= leg->event_until_ns &&
             (leg->hears == ZM_HEARS_NOTHING || leg->thread->now_ns - leg->out.sent_ns > QUIET_NS || leg->out.generating))
        zm_send_silence(leg);
}
