#include "quality.h"

#include "thread.h"

#define MS_NS 1000000ull
#define RECENT_NS 1000000000ull

static uint32_t growth(uint64_t now, uint64_t *before)
{
    uint64_t more = now > *before ? now - *before : 0; /* a late packet takes a loss back */

    *before = now > *before ? now : *before;
    return (uint32_t)more;
}

static void measure(zm_leg *leg)
{
    zm_watch *watch = &leg->watch;
    zm_event *event = zm_event_new(ZM_EVENT_QUALITY, leg->id, NULL, 0);
    uint32_t received = growth(zm_rtp_source_received(&leg->source), &watch->received);
    uint32_t lost = growth(zm_rtp_source_lost(&leg->source), &watch->lost);

    if (event == NULL)
        return;
    event->number = leg->media.codec;
    event->quality.packet_ms = leg->media.packet_ms;
    event->quality.interval_ms = leg->thread->quality_ms;
    event->quality.packets_received = received;
    event->quality.packets_lost = lost;
    event->quality.jitter_us = zm_rtp_source_jitter_us(&leg->source);
    event->quality.far_known = leg->far_known;
    event->quality.far_fraction_lost = leg->far_fraction_lost;
    event->quality.far_jitter_us =
        leg->out.clock_rate ? (uint32_t)((uint64_t)leg->far_jitter * 1000000 / leg->out.clock_rate) : 0;
    event->quality.rtt_known = leg->far_rtt_known;
    event->quality.far_rtt_us = leg->far_rtt_us;
    zm_raise_limited(leg, event);
}

static void set_alarm(zm_leg *leg, bool *stands, bool now, zm_alarm alarm, uint64_t since_ns)
{
    zm_event *event;

    if (*stands == now)
        return;
    event = zm_event_new(ZM_EVENT_ALARM, leg->id, NULL, 0);
    if (event) {
        event->number = alarm;
        event->active = now;
        event->duration_ms = (uint32_t)((leg->thread->now_ns - since_ns) / MS_NS);
    }
    if (zm_raise_limited(leg, event))
        *stands = now; /* else it is told in a second: nobody hears of an end without a beginning */
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void watch_alarms(zm_leg *leg)
{
    zm_watch *watch = &leg->watch;
    const zm_thread *thread = leg->thread;
    const zm_leg *other = leg->other;
    uint64_t now_ns = thread->now_ns, heard_ns, voice_ns;
    bool talking = leg->hears == ZM_HEARS_OTHER && other && leg->media.receive;

    /* Who waits with music need not speak. */
    if (!talking || watch->since_ns == 0)
        watch->since_ns = now_ns;
    heard_ns = later(watch->heard_ns, watch->since_ns);
    voice_ns = later(watch->voice_ns, watch->since_ns);
    set_alarm(
        leg, &watch->missing,
        talking && thread->one_way_ns && now_ns - heard_ns >= thread->one_way_ns &&
            now_ns - other->watch.heard_ns < RECENT_NS,
        ZM_ALARM_ONE_WAY, heard_ns);
    set_alarm(
        leg, &watch->silent,
        talking && thread->silence_ns && now_ns - watch->heard_ns < RECENT_NS &&
            now_ns - voice_ns >= thread->silence_ns,
        ZM_ALARM_SILENCE, voice_ns);
}

void zm_quality_tick(zm_leg *leg)
{
    const zm_thread *thread = leg->thread;

    if (!leg->negotiated)
        return;
    watch_alarms(leg);
    if (thread->quality_ms == 0 || thread->now_ns < leg->watch.report_ns)
        return;
    if (leg->watch.report_ns == 0) { /* legs that began together do not report together */
        leg->watch.report_ns = thread->now_ns + (thread->quality_ms + leg->id * 7919 % thread->quality_ms) * MS_NS;
        return;
    }
    if (leg->source.known)
        measure(leg);
    leg->watch.report_ns = thread->now_ns + thread->quality_ms * MS_NS;
}
