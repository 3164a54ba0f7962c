#include "jitter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jitter_state.h"

/* A packet whose timestamp and arrival disagree by more than this with what was before is of a new stream. */
#define JUMP_NS JITTER_SECOND

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

/* When the sound of `timestamp` is due, by what is decoded and not yet played. */
static int64_t due_ns(const struct jitter *jitter, int64_t timestamp)
{
    int64_t decoded_ns = (int64_t)jitter->fifo_samples * (JITTER_SECOND / 8000) / (jitter->rate / 8000);

    return jitter->got_ns + FRAME_NS + decoded_ns + jitter_ticks_ns(jitter, timestamp - jitter->position);
}

/* Learn from one packet's arrival: jitter, so the target; and the delay that we are at. */
static void measure(struct jitter *jitter, int64_t timestamp, int64_t arrival_ns)
{
    int64_t above = playout_learn(&jitter->playout, arrival_ns, jitter_ticks_ns(jitter, timestamp));

    if (!jitter->playing)
        return;
    /* What the fastest packet would meet.  A path that has become slower for good shows as jitter until the base has
     * followed; the limit keeps that from looking like delay of ours. */
    int64_t limit = (JITTER_TARGET_MAX_MS - JITTER_TARGET_MIN_MS) * JITTER_MS;
    int64_t delay_ns = due_ns(jitter, timestamp) - arrival_ns + (above < limit ? above : limit);
    float delay_ms = (float)delay_ns / (float)JITTER_MS;
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
    int64_t held_max = jitter_ms_ticks(jitter, JITTER_HELD_MAX_MS);
    if (jitter->newest - timestamp > held_max) { /* would be thrown away at once, playing or not */
        if (ticks)
            measure(jitter, timestamp, arrival_ns);
        jitter->statistics.late++;
        return JITTER_LATE;
    }
    if (jitter->playing && timestamp < jitter->position) {
        /* Too late, unless nothing has come since and we only made up sound: then go on from here, later than before. */
        if (jitter->held.count || jitter->position - timestamp > jitter_ms_ticks(jitter, jitter->starved_ms)) {
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

static void start_stream(struct jitter *jitter, uint32_t ssrc, uint32_t timestamp, uint16_t sequence)
{
    jitter_fade_out(jitter);
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
    int64_t advance_ns = jitter_ticks_ns(jitter, (int32_t)(timestamp - before));
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

static void try(struct jitter_trial *trial, const struct jitter_packet *packet, int64_t arrival_ns)
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
    const struct jitter_trial *trial = &jitter->trial;
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
    struct jitter_trial *trial = &jitter->trial;
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

uint32_t jitter_delay_ms(const struct jitter *jitter)
{
    return jitter->delay_known && jitter->delay_ms > 0 ? (uint32_t)lroundf(jitter->delay_ms) : 0;
}

void jitter_read_statistics(const struct jitter *jitter, struct jitter_statistics *statistics)
{
    *statistics = jitter->statistics;
    statistics->target_ms = jitter->playout.target_ms;
    statistics->delay_ms = jitter_delay_ms(jitter);
}
