#include "jitter.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "decoder.h"
#include "held.h"
#include "noise.h"
#include "playout.h"
#include "stretch.h"

#define MS 1000000LL
#define SECOND 1000000000LL
/* A packet whose timestamp and arrival disagree by more than this with what was before is of a new stream. */
#define JUMP_NS SECOND
/* Without packets for so long the stream has paused: the next one is buffered anew. */
#define STARVED_MAX_MS 100
#define FIFO_SAMPLES (DECODER_SAMPLES_MAX + 3 * FRAME_SAMPLES_MAX)
/* Sound is only stretched below the target, and only shortened this much above it: no hunting in between. */
#define TOLERANCE_MS 15
/* Longest gap that the copy in the packet after it is asked for. */
#define RECOVERED_MAX_MS 60

struct trial {
    bool used;
    uint32_t ssrc;
    uint32_t timestamp;
    uint16_t sequence;
    uint16_t length;
    int64_t arrival_ns;
    uint8_t payload[JITTER_PAYLOAD_MAX];
};

struct jitter {
    struct decoder decoder;
    uint32_t rate;
    uint32_t clock;
    uint32_t frame_samples, frame_ticks; /* 20 ms */

    /* The stream as it comes in. */
    bool streaming;
    uint32_t ssrc;
    int64_t newest;    /* unwrapped timestamp */
    int64_t newest_ns; /* its arrival */
    uint16_t newest_sequence;
    uint64_t seen;     /* bit n: newest_sequence - n has come */

    /* Playing. */
    bool playing;
    bool quiet;                 /* not playing, because the sender has nothing to say: noise */
    bool quiet_follows;         /* what was decoded last said so */
    int64_t buffering_since_ns; /* arrival of the first packet held, while not playing */
    int64_t position;           /* unwrapped timestamp of the next sample to decode */
    unsigned starved_ms;        /* made up with nothing held */
    int64_t got_ns;             /* the last get */
    unsigned since_adjusted;    /* ticks */
    struct noise noise;

    /* Delay: measured and wanted. */
    struct playout playout;
    bool delay_known;
    float delay_ms;

    struct jitter_statistics statistics;
    size_t fifo_samples;
    int16_t fifo[FIFO_SAMPLES]; /* decoded, not yet played */
    struct trial trial;
    struct held held;
};

struct jitter *jitter_new(enum codec codec, uint32_t rate)
{
    struct jitter *jitter = calloc(1, sizeof *jitter);

    if (!jitter)
        return NULL;
    if (decoder_init(&jitter->decoder, codec, rate) < 0) {
        jitter_free(jitter);
        return NULL;
    }
    jitter->rate = rate;
    jitter->clock = codec_clock_rate(codec);
    jitter->frame_samples = rate / 50;
    jitter->frame_ticks = jitter->clock / 50;
    playout_init(&jitter->playout, JITTER_TARGET_MIN_MS, JITTER_TARGET_MAX_MS);
    noise_init(&jitter->noise);
    return jitter;
}

void jitter_free(struct jitter *jitter)
{
    if (!jitter)
        return;
    decoder_free(&jitter->decoder);
    free(jitter);
}

static void forget_stream(struct jitter *jitter)
{
    held_clear(&jitter->held);
    decoder_reset(&jitter->decoder);
    playout_restart(&jitter->playout);
    jitter->streaming = jitter->playing = jitter->quiet = jitter->quiet_follows = false;
    jitter->trial.used = false;
    jitter->delay_known = false;
    jitter->starved_ms = 0;
}

void jitter_reset(struct jitter *jitter)
{
    forget_stream(jitter);
    jitter->fifo_samples = 0;
}

/* Time */

static int64_t ticks_ns(const struct jitter *jitter, int64_t ticks)
{
    return ticks * (SECOND / 8000) / (jitter->clock / 8000);
}

static int64_t ms_ticks(const struct jitter *jitter, unsigned ms)
{
    return (int64_t)ms * (jitter->clock / 1000);
}

/* When the sound of `timestamp` is due, by what is decoded and not yet played. */
static int64_t due_ns(const struct jitter *jitter, int64_t timestamp)
{
    int64_t decoded_ns = (int64_t)jitter->fifo_samples * (SECOND / 8000) / (jitter->rate / 8000);

    return jitter->got_ns + FRAME_NS + decoded_ns + ticks_ns(jitter, timestamp - jitter->position);
}

/* Learn from one packet's arrival: jitter, so the target; and the delay that we are at. */
static void measure(struct jitter *jitter, int64_t timestamp, int64_t arrival_ns)
{
    int64_t above = playout_learn(&jitter->playout, arrival_ns, ticks_ns(jitter, timestamp));

    if (!jitter->playing)
        return;
    /* What the fastest packet would meet.  A path that has become slower for good shows as jitter until the base has
     * followed; the limit keeps that from looking like delay of ours. */
    int64_t limit = (JITTER_TARGET_MAX_MS - JITTER_TARGET_MIN_MS) * MS;
    float delay_ms = (float)(due_ns(jitter, timestamp) - arrival_ns + (above < limit ? above : limit)) / (float)MS;
    if (!jitter->delay_known)
        jitter->delay_ms = delay_ms;
    else
        jitter->delay_ms += 0.1f * (delay_ms - jitter->delay_ms);
    jitter->delay_known = true;
}

/* Packets in */

/* Throw the oldest packet away and go on with the next one. */
static void overflow(struct jitter *jitter)
{
    held_drop_first(&jitter->held);
    jitter->statistics.overflowed++;
    const struct held_packet *next = held_first(&jitter->held);
    if (next && jitter->playing && next->timestamp > jitter->position) {
        jitter->position = next->timestamp;
        jitter->delay_known = false;
    }
}

/* Note the sequence number.  True: it has come before. */
static bool note_sequence(struct jitter *jitter, uint16_t sequence)
{
    int ahead = (int16_t)(sequence - jitter->newest_sequence);
    if (ahead > 0 || ahead <= -64) {
        jitter->seen = ahead > 0 && ahead < 64 ? jitter->seen << ahead | 1 : 1;
        jitter->newest_sequence = sequence;
        return false;
    }
    bool before = jitter->seen >> -ahead & 1;
    jitter->seen |= 1ULL << -ahead;
    return before;
}

/* `ticks` 0: comfort noise. */
static enum jitter_put_result keep(
    struct jitter *jitter, int64_t timestamp, const struct jitter_packet *packet, uint32_t ticks, int64_t arrival_ns)
{
    if (note_sequence(jitter, packet->sequence)) {
        jitter->statistics.duplicates++;
        return JITTER_DUPLICATE;
    }
    if (timestamp > jitter->newest) {
        jitter->newest = timestamp;
        jitter->newest_ns = arrival_ns;
    }
    int64_t held_max = ms_ticks(jitter, JITTER_HELD_MAX_MS);
    if (jitter->newest - timestamp > held_max) { /* would be thrown away at once, playing or not */
        if (ticks)
            measure(jitter, timestamp, arrival_ns);
        jitter->statistics.late++;
        return JITTER_LATE;
    }
    if (jitter->playing && timestamp < jitter->position) {
        /* Too late, unless nothing has come since and we only made up sound: then go on from here, later than before. */
        if (jitter->held.count || jitter->position - timestamp > ms_ticks(jitter, jitter->starved_ms)) {
            if (ticks)
                measure(jitter, timestamp, arrival_ns);
            jitter->statistics.late++;
            return JITTER_LATE;
        }
        jitter->position = timestamp;
        jitter->delay_known = false;
    }
    if (!jitter->held.count && !jitter->playing)
        jitter->buffering_since_ns = arrival_ns;
    if (jitter->held.count == HELD_MAX)
        overflow(jitter);
    struct held_packet held = {.length = packet->length, .noise = ticks == 0, .ticks = ticks, .timestamp = timestamp};
    held_insert(&jitter->held, &held, packet->payload);
    while (jitter->newest - held_first(&jitter->held)->timestamp > held_max) /* ends at this packet at the latest */
        overflow(jitter);
    if (ticks)
        measure(jitter, timestamp, arrival_ns);
    return JITTER_KEPT;
}

/* A click would be heard where one stream is cut off for another: let it fade out instead. */
static void append_fade_out(struct jitter *jitter)
{
    int16_t *tail = jitter->fifo + jitter->fifo_samples;
    uint32_t samples = jitter->frame_samples;

    if (!jitter->playing || jitter->fifo_samples + samples > FIFO_SAMPLES)
        return;
    decoder_conceal(&jitter->decoder, tail, samples);
    for (uint32_t i = 0; i < samples; i++)
        tail[i] = (int16_t)((int32_t)tail[i] * (int32_t)(samples - i) / (int32_t)samples);
    jitter->fifo_samples += samples;
}

static void start_stream(struct jitter *jitter, uint32_t ssrc, uint32_t timestamp, uint16_t sequence)
{
    append_fade_out(jitter);
    forget_stream(jitter);
    jitter->streaming = true;
    jitter->ssrc = ssrc;
    jitter->newest = ((int64_t)1 << 40) + timestamp; /* room to go back */
    jitter->newest_sequence = (uint16_t)(sequence - 1);
    jitter->seen = 0;
    jitter->statistics.resets++;
}

/* Does the timestamp go on, by and large, as the time does? */
static bool follows(
    const struct jitter *jitter, uint32_t timestamp, uint32_t before, int64_t arrival_ns, int64_t before_ns)
{
    int64_t advance_ns = ticks_ns(jitter, (int32_t)(timestamp - before));
    int64_t off = advance_ns - (arrival_ns - before_ns);
    return off > -JUMP_NS && off < JUMP_NS;
}

static bool of_stream(const struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns)
{
    return packet->ssrc == jitter->ssrc &&
           follows(jitter, packet->timestamp, (uint32_t)jitter->newest, arrival_ns, jitter->newest_ns);
}

static int64_t unwrap(const struct jitter *jitter, uint32_t timestamp)
{
    return jitter->newest + (int32_t)(timestamp - (uint32_t)jitter->newest);
}

static void try(struct trial *trial, const struct jitter_packet *packet, int64_t arrival_ns)
{
    trial->used = true;
    trial->ssrc = packet->ssrc;
    trial->timestamp = packet->timestamp;
    trial->sequence = packet->sequence;
    trial->length = packet->length;
    trial->arrival_ns = arrival_ns;
    memcpy(trial->payload, packet->payload, packet->length);
}

/* The stream that the packet on trial began. */
static void adopt_trial(struct jitter *jitter)
{
    const struct trial *trial = &jitter->trial;
    struct jitter_packet first = {
        .ssrc = trial->ssrc,
        .timestamp = trial->timestamp,
        .sequence = trial->sequence,
        .length = trial->length,
        .payload = trial->payload,
    };
    int ticks = decoder_ticks(&jitter->decoder, trial->payload, trial->length);

    start_stream(jitter, trial->ssrc, trial->timestamp, trial->sequence);
    jitter->newest_ns = trial->arrival_ns;
    keep(jitter, jitter->newest, &first, (uint32_t)ticks, trial->arrival_ns);
}

static enum jitter_put_result refuse(struct jitter *jitter)
{
    jitter->statistics.malformed++;
    return JITTER_MALFORMED;
}

enum jitter_put_result jitter_put(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns)
{
    struct trial *trial = &jitter->trial;
    int ticks = packet->length <= JITTER_PAYLOAD_MAX
                    ? decoder_ticks(&jitter->decoder, packet->payload, packet->length)
                    : -1;

    jitter->statistics.received++;
    if (ticks <= 0)
        return refuse(jitter);
    if (!jitter->streaming) {
        start_stream(jitter, packet->ssrc, packet->timestamp, packet->sequence);
        jitter->newest_ns = arrival_ns;
    }
    if (of_stream(jitter, packet, arrival_ns)) {
        trial->used = false;
    } else if (
        trial->used && trial->ssrc == packet->ssrc && trial->sequence != packet->sequence &&
        follows(jitter, packet->timestamp, trial->timestamp, arrival_ns, trial->arrival_ns)) {
        adopt_trial(jitter);
    } else {
        try(trial, packet, arrival_ns);
        return JITTER_ON_TRIAL;
    }
    return keep(jitter, unwrap(jitter, packet->timestamp), packet, (uint32_t)ticks, arrival_ns);
}

enum jitter_put_result jitter_put_noise(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns)
{
    jitter->statistics.received++;
    if (packet->length == 0 || packet->length > JITTER_PAYLOAD_MAX)
        return refuse(jitter);
    if (!jitter->streaming) { /* a call may begin with nobody speaking */
        start_stream(jitter, packet->ssrc, packet->timestamp, packet->sequence);
        jitter->newest_ns = arrival_ns;
    }
    if (!of_stream(jitter, packet, arrival_ns))
        return JITTER_ON_TRIAL; /* sound will tell whether there is a new stream */
    return keep(jitter, unwrap(jitter, packet->timestamp), packet, 0, arrival_ns);
}

/* Sound out */

/* The sender has nothing to say: noise, until something comes that is buffered anew. */
static void fall_quiet(struct jitter *jitter)
{
    jitter->playing = false;
    jitter->quiet = true;
    jitter->quiet_follows = false;
    if (jitter->held.count)
        jitter->buffering_since_ns = jitter->got_ns;
}

static void take_noise(struct jitter *jitter, const struct held_packet *slot)
{
    noise_update(&jitter->noise, held_payload(&jitter->held, slot), slot->length);
    held_drop_first(&jitter->held);
    fall_quiet(jitter);
}

static void decode(struct jitter *jitter, const struct held_packet *slot)
{
    int16_t *to = jitter->fifo + jitter->fifo_samples;

    jitter->fifo_samples += decoder_decode(
        &jitter->decoder, held_payload(&jitter->held, slot), slot->length, to, FIFO_SAMPLES - jitter->fifo_samples);
    jitter->position = slot->timestamp + slot->ticks;
    jitter->quiet_follows = decoder_ends_talk(&jitter->decoder, slot->length);
    held_drop_first(&jitter->held);
}

/* Make up `ticks` of sound; `next`, when not NULL, is the packet right behind and carries a copy of it. */
static void conceal(struct jitter *jitter, uint32_t ticks, const struct held_packet *next)
{
    int16_t *to = jitter->fifo + jitter->fifo_samples;
    size_t samples = decoder_samples(&jitter->decoder, ticks);

    if (next == NULL)
        decoder_conceal(&jitter->decoder, to, samples);
    else if (decoder_recover(&jitter->decoder, held_payload(&jitter->held, next), next->length, to, samples))
        jitter->statistics.recovered++;
    jitter->fifo_samples += samples;
    jitter->position += ticks;
}

/* Add sound to the FIFO: the next packet's, or made up.  True: as it was sent. */
static bool produce(struct jitter *jitter)
{
    const struct held_packet *next = held_first(&jitter->held);

    if (!next) {
        conceal(jitter, jitter->frame_ticks, NULL);
        jitter->starved_ms += FRAME_MS;
        return false;
    }
    int64_t gap = next->timestamp - jitter->position;
    if (jitter->decoder.codec == CODEC_OPUS)
        gap -= gap % 120; /* Opus conceals in steps of 2.5 ms; less than that is no loss */
    if (gap <= 0) {
        jitter->starved_ms = 0;
        decode(jitter, next);
        return true;
    }
    if (gap <= ms_ticks(jitter, RECOVERED_MAX_MS) &&
        decoder_carries_copy(&jitter->decoder, held_payload(&jitter->held, next), next->length)) {
        conceal(jitter, (uint32_t)gap, next);
        return false;
    }
    conceal(jitter, gap < jitter->frame_ticks ? (uint32_t)gap : jitter->frame_ticks, NULL);
    return false;
}

/* Bring the delay a pitch period nearer to the target. */
static void adjust(struct jitter *jitter)
{
    float excess_ms = jitter->delay_ms - (float)jitter->playout.target_ms;
    bool shorten = excess_ms > TOLERANCE_MS;
    size_t wanted = 2 * (size_t)jitter->frame_samples;

    jitter->since_adjusted++;
    if (!jitter->delay_known || (!shorten && excess_ms >= 0) || jitter->starved_ms)
        return;
    /* Far off: at each tick.  A little: now and then, where it can't be heard. */
    bool urgent = excess_ms > 2 * TOLERANCE_MS || excess_ms < -TOLERANCE_MS;
    if (!urgent && jitter->since_adjusted < 5)
        return;
    const struct held_packet *next;
    while (jitter->fifo_samples < wanted && (next = held_first(&jitter->held)) && !next->noise &&
           next->timestamp <= jitter->position)
        produce(jitter);
    float likeness_min = jitter->since_adjusted > 25 || excess_ms > 60 ? -1 : urgent ? 0.3f : 0.6f;
    size_t period = stretch_find_period(
        jitter->fifo, jitter->fifo_samples < wanted ? jitter->fifo_samples : wanted, jitter->rate, likeness_min);
    if (period == 0)
        return;
    float period_ms = (float)period * 1000 / (float)jitter->rate;
    if (shorten) {
        if (jitter->fifo_samples - period < jitter->frame_samples)
            return;
        jitter->fifo_samples = stretch_remove(jitter->fifo, jitter->fifo_samples, period);
        jitter->statistics.shortened += period;
        jitter->delay_ms -= period_ms;
    } else {
        if (jitter->fifo_samples + period > FIFO_SAMPLES)
            return;
        jitter->fifo_samples = stretch_insert(jitter->fifo, jitter->fifo_samples, period);
        jitter->statistics.stretched += period;
        jitter->delay_ms += period_ms;
    }
    jitter->since_adjusted = 0;
}

static void start_playing(struct jitter *jitter, int64_t now_ns)
{
    const struct held_packet *first;

    while ((first = held_first(&jitter->held)) && first->noise)
        take_noise(jitter, first);
    if (!first)
        return;
    int64_t held = jitter->newest - first->timestamp;
    if (now_ns - jitter->buffering_since_ns < ((int64_t)jitter->playout.target_ms - FRAME_MS / 2) * MS &&
        held < ms_ticks(jitter, 100))
        return;
    jitter->playing = true;
    jitter->quiet = false;
    jitter->position = first->timestamp;
    jitter->starved_ms = 0;
    jitter->delay_known = false;
}

/* Move the first 20 ms of the FIFO to `pcm`.  Returns samples that were there; the rest of `pcm` is not written. */
static size_t take(struct jitter *jitter, int16_t *pcm)
{
    size_t samples = jitter->fifo_samples < jitter->frame_samples ? jitter->fifo_samples : jitter->frame_samples;
    memcpy(pcm, jitter->fifo, samples * sizeof *pcm);
    jitter->fifo_samples -= samples;
    memmove(jitter->fifo, jitter->fifo + samples, jitter->fifo_samples * sizeof *pcm);
    return samples;
}

/* What is left of the sound, then noise or silence. */
static enum jitter_get_result get_pause(struct jitter *jitter, int16_t *pcm)
{
    size_t samples = take(jitter, pcm), rest = jitter->frame_samples - samples;

    if (!jitter->quiet) {
        memset(pcm + samples, 0, rest * sizeof *pcm);
        return samples ? JITTER_CONCEALED : JITTER_SILENT;
    }
    jitter->statistics.quiet++;
    if (jitter->decoder.codec != CODEC_OPUS) {
        noise_make(&jitter->noise, pcm + samples, rest);
    } else if (rest) { /* libopus makes the noise itself, in whole 2.5 ms */
        decoder_conceal(&jitter->decoder, jitter->fifo, jitter->frame_samples);
        memcpy(pcm + samples, jitter->fifo, rest * sizeof *pcm);
        jitter->fifo_samples = jitter->frame_samples - rest;
        memmove(jitter->fifo, jitter->fifo + rest, jitter->fifo_samples * sizeof *pcm);
    }
    return JITTER_QUIET;
}

enum jitter_get_result jitter_get(struct jitter *jitter, int16_t *pcm, int64_t now_ns)
{
    bool as_sent = true;

    jitter->got_ns = now_ns;
    if (!jitter->playing)
        start_playing(jitter, now_ns);
    while (jitter->playing && jitter->fifo_samples < jitter->frame_samples) {
        const struct held_packet *next = held_first(&jitter->held);
        if (next ? next->noise : jitter->quiet_follows) {
            if (next)
                take_noise(jitter, next);
            else
                fall_quiet(jitter);
            break;
        }
        as_sent &= produce(jitter);
    }
    if (!jitter->playing)
        return get_pause(jitter, pcm);
    if (as_sent)
        adjust(jitter);
    take(jitter, pcm);
    if (jitter->starved_ms >= STARVED_MAX_MS)
        jitter->playing = false;
    if (as_sent)
        return JITTER_PLAYED;
    jitter->statistics.concealed++;
    return JITTER_CONCEALED;
}

void jitter_follow(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns)
{
    const struct held_packet *next;

    if (jitter_put(jitter, packet, arrival_ns) != JITTER_KEPT)
        return;
    while ((next = held_first(&jitter->held)) != NULL) {
        jitter->fifo_samples = 0;
        if (next->noise)
            take_noise(jitter, next);
        else
            decode(jitter, next);
    }
    jitter->fifo_samples = 0;
    jitter->playing = true;
    jitter->quiet = false;
    jitter->starved_ms = 0;
    jitter->delay_known = false;
    jitter->got_ns = arrival_ns;
}

void jitter_read_statistics(const struct jitter *jitter, struct jitter_statistics *statistics)
{
    *statistics = jitter->statistics;
    statistics->target_ms = jitter->playout.target_ms;
    statistics->delay_ms = jitter->delay_known && jitter->delay_ms > 0 ? (uint32_t)lroundf(jitter->delay_ms) : 0;
}
