#include "digits.h"

#include <stdlib.h>
#include <string.h>

#include "egress.h"
#include "g711.h"
#include "packetize.h"
#include "pcm.h"
#include "thread.h"

#define MS_NS 1000000ull

static bool is_digit(char digit)
{
    return digit && strchr("0123456789*#ABCDabcd", digit) != NULL;
}

bool zm_digits_add(zm_leg *leg, char digit, uint32_t tone_ms, uint32_t gap_ms)
{
    zm_digits *digits = &leg->digits;
    zm_digit *last;

    if (!is_digit(digit) || digits->count == ZM_DIGITS_MAX)
        return false;
    last = &digits->waiting[(digits->first + digits->count++) % ZM_DIGITS_MAX];
    last->digit = digit;
    last->tone_ms = (uint16_t)(tone_ms < DTMF_DURATION_MIN_MS   ? DTMF_DURATION_MIN_MS
                               : tone_ms > DTMF_DURATION_MAX_MS ? DTMF_DURATION_MAX_MS
                                                                : tone_ms);
    last->gap_ms = (uint16_t)(gap_ms > DTMF_DURATION_MAX_MS ? DTMF_DURATION_MAX_MS : gap_ms);
    return true;
}

bool zm_digits_busy(const zm_leg *leg)
{
    return leg->digits.count != 0 && leg->media.dtmf_way != ZM_DTMF_SIGNALLING;
}

/* The first is done; what follows waits for its gap. */
static void finish(zm_digits *digits, uint64_t now_ns)
{
    digits->until_ns = now_ns + digits->waiting[digits->first].gap_ms * MS_NS;
    digits->first = (uint8_t)((digits->first + 1) % ZM_DIGITS_MAX);
    digits->count--;
    digits->sounding = false;
}

static void signal_digit(zm_leg *leg)
{
    const zm_digit *digit = &leg->digits.waiting[leg->digits.first];
    zm_event *event = zm_event_new(ZM_EVENT_DIGIT_DUE, leg->id, NULL, 0);

    if (event) {
        event->digit = digit->digit;
        event->duration_ms = digit->tone_ms;
    }
    zm_raise(leg->thread->events, event);
    finish(&leg->digits, leg->thread->now_ns);
}

static void start(zm_leg *leg)
{
    zm_digits *digits = &leg->digits;
    const zm_digit *digit = &digits->waiting[digits->first];
    uint64_t now_ns = leg->thread->now_ns;

    digits->sounding = true;
    if (leg->out.sent_ns == 0) /* nothing was sent yet: time begins here */
        leg->out.sent_ns = now_ns;
    digits->tones = !zm_digits_takes_events(leg);
    if (digits->tones) {
        dtmf_generator_start(&digits->generator, digit->digit);
        digits->until_ns = now_ns + digit->tone_ms * MS_NS;
    } else {
        dtmf_sender_start(
            &digits->sender, digit->digit, digit->tone_ms, zm_rtp_out_now(&leg->out, now_ns),
            leg->media.dtmf_clock_rate);
    }
}

static bool send_event(zm_leg *leg)
{
    zm_rtp rtp = {.payload_type = (uint8_t)leg->media.dtmf_payload_type};
    struct dtmf_packet packet;

    if (!dtmf_sender_next(&leg->digits.sender, &packet))
        return false;
    rtp.marker = packet.marker;
    zm_rtp_out_event(&leg->out, &rtp, leg->thread->now_ns, packet.timestamp);
    zm_send_rtp(leg, &rtp, packet.payload, sizeof packet.payload);
    return true;
}

static bool send_encoded(zm_leg *leg, const int16_t *pcm)
{
    struct encoded packet;

    if (!encoder_put(leg->digits.encoder, pcm))
        return false;
    while (encoder_take(leg->digits.encoder, &packet)) {
        if (codec_is_octets(leg->media.codec))
            zm_send_frame(leg, packet.payload, packet.length);
        else
            zm_send_made(leg, packet.payload, packet.length, packet.ticks);
    }
    return true;
}

static bool send_tone(zm_leg *leg)
{
    int16_t pcm[FRAME_SAMPLES_8K] = {0};
    uint8_t payload[FRAME_SAMPLES_8K];

    if (leg->thread->now_ns >= leg->digits.until_ns) /* silence fills the last packet up: its tone is this digit's */
        return leg->digits.encoder && encoder_holds(leg->digits.encoder) && send_encoded(leg, pcm);
    dtmf_generate(&leg->digits.generator, pcm, FRAME_SAMPLES_8K);
    if (!zm_is_g711(leg->media.codec))
        return send_encoded(leg, pcm);
    if (leg->media.codec == CODEC_PCMA)
        g711_pcma_encode(payload, pcm, FRAME_SAMPLES_8K);
    else
        g711_pcmu_encode(payload, pcm, FRAME_SAMPLES_8K);
    zm_send_frame(leg, payload, sizeof payload);
    return true;
}

bool zm_digits_tick(zm_leg *leg, bool can_send)
{
    zm_digits *digits = &leg->digits;
    uint64_t now_ns = leg->thread->now_ns;

    if (digits->count == 0)
        return false;
    if (!can_send) /* on hold, or not connected yet: they wait */
        return false;
    if (leg->media.dtmf_way == ZM_DTMF_SIGNALLING) {
        if (now_ns >= digits->until_ns)
            signal_digit(leg);
        return false;
    }
    if (!digits->sounding) {
        if (now_ns < digits->until_ns)
            return true;
        start(leg);
    }
    if (digits->tones && !zm_is_g711(leg->media.codec) && digits->encoder == NULL) { /* there was no memory */
        leg->dropped++;
        finish(digits, now_ns);
        return false;
    }
    if (!(digits->tones ? send_tone(leg) : send_event(leg)))
        finish(digits, now_ns);
    return true;
}

bool zm_digits_takes_events(const zm_leg *leg)
{
    return leg->media.dtmf_way == ZM_DTMF_AUTO && leg->media.dtmf_payload_type >= 0;
}

/* --- what it says ----------------------------------------------------------------------------------------------------- */

/* Who hears it in a bridge; a conference passes telephone-events on, and translates nothing. */
static zm_leg *listener_of(const zm_leg *leg)
{
    return leg->other && leg->other->hears == ZM_HEARS_OTHER ? leg->other : NULL;
}

static bool passes_as_it_is(const zm_leg *to, zm_digit_origin origin)
{
    if (origin == ZM_DIGIT_EVENT)
        return zm_digits_takes_events(to);
    return origin == ZM_DIGIT_TONE && to->media.dtmf_way != ZM_DTMF_SIGNALLING && !zm_digits_takes_events(to);
}

void zm_digits_said(zm_leg *leg, char digit, uint32_t duration_ms, zm_digit_origin origin)
{
    enum { GAP_MS = 60 };
    zm_event *event = zm_event_new(ZM_EVENT_DIGIT, leg->id, NULL, 0);
    zm_leg *to = listener_of(leg);

    if (event) {
        event->digit = digit;
        event->duration_ms = duration_ms;
        event->active = leg->dtmf_policy == ZM_DTMF_BLOCK;
    }
    zm_raise_limited(leg, event);
    if (to && leg->dtmf_policy == ZM_DTMF_TRANSLATE && !passes_as_it_is(to, origin) &&
        !zm_digits_add(to, digit, duration_ms, GAP_MS))
        leg->dropped++;
}

/* Tones that the leg says go on in another way. */
static bool replaces_tones(const zm_leg *leg)
{
    const zm_leg *to = listener_of(leg);

    return leg->dtmf_policy == ZM_DTMF_TRANSLATE && to && !passes_as_it_is(to, ZM_DIGIT_TONE);
}

void zm_digits_listen(zm_leg *leg, const zm_rtp *rtp, void (*take)(zm_leg *leg, const zm_rtp *rtp))
{
    struct dtmf_digit digits[DTMF_TONES_PER_CALL];
    zm_rtp out[DTMF_FILTER_OUT_MAX];
    int ended = 0, passed;

    if (leg->dtmf_policy != ZM_DTMF_BLOCK)
        leg->filter->mode = replaces_tones(leg) ? DTMF_FILTER_REPLACE : DTMF_FILTER_LISTEN;
    passed = dtmf_filter_put(leg->filter, rtp, out, digits, &ended);
    for (int i = 0; i < ended; i++)
        zm_digits_said(leg, digits[i].digit, digits[i].duration_ms, ZM_DIGIT_TONE);
    for (int i = 0; i < passed; i++)
        take(leg, &out[i]);
}

void zm_digits_overhear(zm_leg *leg, int16_t *pcm)
{
    struct dtmf_digit digits[DTMF_TONES_PER_CALL];
    int ended = leg->ear ? dtmf_ear_hear(leg->ear, pcm, replaces_tones(leg), digits) : 0;

    for (int i = 0; i < ended; i++)
        zm_digits_said(leg, digits[i].digit, digits[i].duration_ms, ZM_DIGIT_TONE);
}

/* --- where tones are listened for ------------------------------------------------------------------------------------- */

/* Nothing was said of telephone-events, for or against. */
static bool is_undecided(const zm_leg *leg)
{
    return leg->media.dtmf_way == ZM_DTMF_AUTO && leg->media.dtmf_payload_type < 0;
}

/* In the packets: where tones are what the leg is configured for, and where they are to be kept from everybody; G.711, which
 * costs next to nothing, also where no other way was agreed on.  Who has Opus and telephone-events makes no tones. */
static bool needs_filter(const zm_leg *leg)
{
    if (leg->media.dtmf_way == ZM_DTMF_TONES)
        return true;
    if (leg->dtmf_policy == ZM_DTMF_BLOCK)
        return leg->media.codec != CODEC_OPUS || leg->media.dtmf_payload_type < 0;
    return zm_is_g711(leg->media.codec) && is_undecided(leg);
}

/* In what is decoded anyway. */
static bool needs_ear(const zm_leg *leg)
{
    return leg->jitter && !leg->filter && is_undecided(leg);
}

void zm_digits_tune(zm_leg *leg)
{
    if (!needs_ear(leg)) {
        free(leg->ear);
        leg->ear = NULL;
    } else if (leg->ear == NULL || leg->ear->rate != leg->jitter_rate) {
        if (leg->ear == NULL && (leg->ear = malloc(sizeof *leg->ear)) == NULL)
            return; /* no digits, but sound */
        dtmf_ear_init(leg->ear, leg->jitter_rate);
    }
}

static void drop_filter(zm_leg *leg)
{
    if (leg->filter)
        dtmf_filter_close(leg->filter);
    free(leg->filter);
    leg->filter = NULL;
}

static void set_filter(zm_leg *leg, struct dtmf_filter **fresh, bool changed)
{
    enum dtmf_filter_mode mode = leg->dtmf_policy == ZM_DTMF_BLOCK ? DTMF_FILTER_BLOCK : DTMF_FILTER_LISTEN;

    if (!needs_filter(leg) || (leg->filter && leg->filter->codec != leg->media.codec))
        drop_filter(leg);
    if (!needs_filter(leg))
        return;
    if (leg->filter) {
        if (changed)
            dtmf_filter_restart(leg->filter, mode); /* what was held is older than the change: a gap of 40 ms */
        return;
    }
    leg->filter = *fresh;
    *fresh = NULL;
    if (leg->filter && !dtmf_filter_open(leg->filter, leg->media.codec, mode)) {
        free(leg->filter);
        leg->filter = NULL;
    }
}

/* Tones may have to be sent in a codec that needs a state for it. */
static void set_encoder(zm_leg *leg)
{
    bool needed = !zm_is_g711(leg->media.codec) && (leg->media.dtmf_way == ZM_DTMF_TONES || is_undecided(leg));
    struct encoding how = zm_pcm_how(leg);
    enum codec codec = leg->media.codec;
    unsigned packet_ms = codec_is_octets(codec) ? FRAME_MS : leg->media.packet_ms; /* octets: zm_send_frame cuts them */

    how.opus_fec = how.opus_dtx = false;
    if (leg->digits.encoder && needed && encoder_fits(leg->digits.encoder, codec, 8000, packet_ms, &how))
        return;
    encoder_free(leg->digits.encoder);
    leg->digits.encoder = needed ? encoder_new(codec, 8000, packet_ms, &how) : NULL;
}

void zm_digits_set_policy(zm_leg *leg, zm_dtmf_policy policy, struct dtmf_filter **fresh)
{
    bool changed = leg->dtmf_policy != policy;

    leg->dtmf_policy = policy;
    if (!leg->negotiated)
        return; /* comes again with the description */
    set_filter(leg, fresh, changed);
    set_encoder(leg);
    zm_digits_tune(leg);
}

void zm_digits_close(zm_leg *leg)
{
    drop_filter(leg);
    free(leg->ear);
    leg->ear = NULL;
    encoder_free(leg->digits.encoder);
    leg->digits.encoder = NULL;
}
