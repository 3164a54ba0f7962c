#include "jitter.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "opus_codec.h"
#include "stretch.h"

#define MS 1000000LL
#define SECOND 1000000000LL
#define SLOTS 32
/* A packet whose timestamp and arrival disagree by more than this with what was before is of a new stream. */
#define JUMP_NS SECOND
/* Without packets for so long the stream has paused: the next one is buffered anew. */
#define STARVED_MAX_MS 100
#define FIFO_SAMPLES (OPUS_PACKET_SAMPLES_MAX + 3 * FRAME_SAMPLES_MAX)

/* Jitter is the transit time above the least one of the last 1.5 to 3 s; a forgetful histogram of it (about 4 s) gives
 * the delay that 97 % of the packets keep. */
#define BASE_WINDOW_NS (1500 * MS)
#define BUCKETS 24
#define BUCKET_NS (5 * MS)
#define FORGET 0.995f
#define QUANTILE 0.97f
/* Sound is only stretched below the target, and only shortened this much above it: no hunting in between. */
#define TOLERANCE_MS 15

struct slot {
    bool used;
    uint16_t length;
    uint32_t ticks;    /* duration in RTP clock */
    int64_t timestamp; /* unwrapped */
    uint8_t payload[JITTER_PAYLOAD_MAX];
};

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
    enum codec codec;
    uint32_t rate;
    uint32_t clock;
    uint32_t scale;         /* RTP clock ticks per sample */
    uint32_t frame_samples; /* 20 ms */
    struct opus_decode_state opus;
    struct g711_plc plc;

    /* The stream as it comes in. */
    bool streaming;
    uint32_t ssrc;
    int64_t newest;          /* unwrapped timestamp */
    int64_t newest_ns;       /* its arrival */
    uint16_t newest_sequence;
    uint64_t seen;           /* bit n: newest_sequence - n has come */
    struct trial trial;
    struct slot slots[SLOTS];

    /* Playing. */
    bool playing;
    int64_t buffering_since_ns; /* arrival of the first packet held, while not playing */
    int64_t position;           /* unwrapped timestamp of the next sample to decode */
    unsigned starved_ms;        /* made up with nothing held */
    int64_t got_ns;             /* the last get */
    unsigned since_adjusted;    /* ticks */
    int16_t fifo[FIFO_SAMPLES]; /* decoded, not yet played */
    size_t fifo_samples;

    /* Delay: measured and wanted. */
    bool base_known;
    int64_t base_ns[2]; /* least transit of this window and the one before */
    int64_t base_window_ns;
    float histogram[BUCKETS];
    unsigned target_ms;
    bool delay_known;
    float delay_ms;

    struct jitter_statistics statistics;
};

static void start_histogram(struct jitter *jitter)
{
    memset(jitter->histogram, 0, sizeof jitter->histogram);
    jitter->histogram[4] = 1; /* 40 ms until we know better */
    jitter->target_ms = 40;
}

struct jitter *jitter_new(enum codec codec, uint32_t rate)
{
    bool opus = codec == CODEC_OPUS;
    if (!(rate == 8000 || (rate == 48000 && opus)) || codec > CODEC_OPUS)
        return NULL;
    struct jitter *jitter = calloc(1, sizeof *jitter);
    if (!jitter)
        return NULL;
    jitter->codec = codec;
    jitter->rate = rate;
    jitter->clock = codec_clock_rate(codec);
    jitter->scale = jitter->clock / rate;
    jitter->frame_samples = rate / 50;
    g711_plc_init(&jitter->plc);
    start_histogram(jitter);
    if (opus && opus_decode_init(&jitter->opus, rate) < 0) {
        free(jitter);
        return NULL;
    }
    return jitter;
}

void jitter_free(struct jitter *jitter)
{
    if (!jitter)
        return;
    opus_decode_free(&jitter->opus);
    free(jitter);
}

static void forget_stream(struct jitter *jitter)
{
    for (unsigned i = 0; i < SLOTS; i++)
        jitter->slots[i].used = false;
    if (jitter->codec == CODEC_OPUS)
        opus_decode_reset(&jitter->opus);
    g711_plc_init(&jitter->plc);
    jitter->streaming = jitter->playing = false;
    jitter->trial.used = false;
    jitter->base_known = jitter->delay_known = false;
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

/* When the sound of `timestamp` is due, by what is decoded and not yet played. */
static int64_t due_ns(const struct jitter *jitter, int64_t timestamp)
{
    int64_t ahead = (int64_t)jitter->fifo_samples * jitter->scale + timestamp - jitter->position;
    return jitter->got_ns + FRAME_NS + ticks_ns(jitter, ahead);
}

static void choose_target(struct jitter *jitter)
{
    float sum = 0;
    unsigned bucket = 0;
    while (bucket < BUCKETS - 1) {
        sum += jitter->histogram[bucket];
        if (sum >= QUANTILE)
            break;
        bucket++;
    }
    unsigned target = JITTER_TARGET_MIN_MS + 5 * bucket;
    jitter->target_ms = target < JITTER_TARGET_MAX_MS ? target : JITTER_TARGET_MAX_MS;
}

/* Learn from one packet's arrival: jitter, so the target; and the delay that we are at. */
static void measure(struct jitter *jitter, int64_t timestamp, int64_t arrival_ns)
{
    int64_t transit = arrival_ns - ticks_ns(jitter, timestamp);

    if (!jitter->base_known) {
        jitter->base_known = true;
        jitter->base_ns[0] = jitter->base_ns[1] = transit;
        jitter->base_window_ns = arrival_ns;
    }
    if (arrival_ns - jitter->base_window_ns > BASE_WINDOW_NS) {
        jitter->base_ns[1] = jitter->base_ns[0];
        jitter->base_ns[0] = transit;
        jitter->base_window_ns = arrival_ns;
    }
    if (transit < jitter->base_ns[0])
        jitter->base_ns[0] = transit;
    int64_t base = jitter->base_ns[0] < jitter->base_ns[1] ? jitter->base_ns[0] : jitter->base_ns[1];
    int64_t above = transit - base;
    int64_t bucket = above / BUCKET_NS;
    for (unsigned i = 0; i < BUCKETS; i++)
        jitter->histogram[i] *= FORGET;
    jitter->histogram[bucket < BUCKETS ? bucket : BUCKETS - 1] += 1 - FORGET;
    choose_target(jitter);
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

static struct slot *lowest_slot(struct jitter *jitter)
{
    struct slot *lowest = NULL;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *slot = &jitter->slots[i];
        if (slot->used && (!lowest || slot->timestamp < lowest->timestamp))
            lowest = slot;
    }
    return lowest;
}

static struct slot *free_slot(struct jitter *jitter)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (!jitter->slots[i].used)
            return &jitter->slots[i];
    return NULL;
}

/* Throw the oldest packet away and go on with the next one. */
static void overflow(struct jitter *jitter)
{
    lowest_slot(jitter)->used = false;
    jitter->statistics.overflowed++;
    struct slot *next = lowest_slot(jitter);
    if (next && jitter->playing && next->timestamp > jitter->position) {
        jitter->position = next->timestamp;
        jitter->delay_known = false;
    }
}

static int payload_ticks(const struct jitter *jitter, const uint8_t *payload, size_t length)
{
    if (jitter->codec == CODEC_OPUS)
        return opus_packet_samples(payload, length, 48000);
    return length > 0 && length <= 960 ? (int)length : -1; /* 120 ms */
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
    struct slot *lowest = lowest_slot(jitter);
    if (jitter->playing && timestamp < jitter->position) {
        /* Too late, unless nothing has come since and we only made up sound: then go on from here, later than before. */
        int64_t made_up = (int64_t)jitter->starved_ms * jitter->clock / 1000;
        if (lowest || jitter->position - timestamp > made_up) {
            measure(jitter, timestamp, arrival_ns);
            jitter->statistics.late++;
            return JITTER_LATE;
        }
        jitter->position = timestamp;
        jitter->delay_known = false;
    }
    if (!lowest && !jitter->playing)
        jitter->buffering_since_ns = arrival_ns;
    struct slot *slot = free_slot(jitter);
    if (!slot) {
        overflow(jitter);
        slot = free_slot(jitter);
    }
    slot->used = true;
    slot->length = packet->length;
    slot->ticks = ticks;
    slot->timestamp = timestamp;
    memcpy(slot->payload, packet->payload, packet->length);
    int64_t held_max = (int64_t)JITTER_HELD_MAX_MS * jitter->clock / 1000;
    while (jitter->newest + (int64_t)ticks - lowest_slot(jitter)->timestamp > held_max &&
           lowest_slot(jitter)->timestamp < jitter->newest)
        overflow(jitter);
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
    if (jitter->codec != CODEC_OPUS)
        g711_plc_conceal(&jitter->plc, tail, samples);
    else if (opus_decode_conceal(&jitter->opus, tail, samples) < 0)
        return;
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

enum jitter_put_result jitter_put(struct jitter *jitter, const struct jitter_packet *packet, int64_t arrival_ns)
{
    struct trial *trial = &jitter->trial;
    int ticks = packet->length <= JITTER_PAYLOAD_MAX ? payload_ticks(jitter, packet->payload, packet->length) : -1;

    jitter->statistics.received++;
    if (ticks <= 0) {
        jitter->statistics.malformed++;
        return JITTER_MALFORMED;
    }
    if (!jitter->streaming) {
        start_stream(jitter, packet->ssrc, packet->timestamp, packet->sequence);
        jitter->newest_ns = arrival_ns;
    }
    if (packet->ssrc == jitter->ssrc &&
        follows(jitter, packet->timestamp, (uint32_t)jitter->newest, arrival_ns, jitter->newest_ns)) {
        int64_t timestamp = jitter->newest + (int32_t)(packet->timestamp - (uint32_t)jitter->newest);
        trial->used = false;
        return keep(jitter, timestamp, packet, (uint32_t)ticks, arrival_ns);
    }
    if (!trial->used || trial->ssrc != packet->ssrc || trial->sequence == packet->sequence ||
        !follows(jitter, packet->timestamp, trial->timestamp, arrival_ns, trial->arrival_ns)) {
        trial->used = true;
        trial->ssrc = packet->ssrc;
        trial->timestamp = packet->timestamp;
        trial->sequence = packet->sequence;
        trial->length = packet->length;
        trial->arrival_ns = arrival_ns;
        memcpy(trial->payload, packet->payload, packet->length);
        return JITTER_ON_TRIAL;
    }
    start_stream(jitter, packet->ssrc, trial->timestamp, trial->sequence);
    struct jitter_packet first = {
        .ssrc = trial->ssrc,
        .timestamp = trial->timestamp,
        .sequence = trial->sequence,
        .length = trial->length,
        .payload = trial->payload,
    };
    int first_ticks = payload_ticks(jitter, trial->payload, trial->length);
    jitter->newest_ns = trial->arrival_ns;
    keep(jitter, jitter->newest, &first, (uint32_t)first_ticks, trial->arrival_ns);
    int64_t timestamp = jitter->newest + (int32_t)(packet->timestamp - (uint32_t)jitter->newest);
    return keep(jitter, timestamp, packet, (uint32_t)ticks, arrival_ns);
}

/* Sound out */

static void decode(struct jitter *jitter, struct slot *slot)
{
    int16_t *to = jitter->fifo + jitter->fifo_samples;
    size_t samples = slot->ticks / jitter->scale;

    if (jitter->codec == CODEC_OPUS) {
        int written = opus_decode_packet(
            &jitter->opus, slot->payload, slot->length, to, FIFO_SAMPLES - jitter->fifo_samples);
        /* The header was right (see put) but the rest is not: as good as lost. */
        if (written < 0)
            written = opus_decode_conceal(&jitter->opus, to, samples);
        samples = written < 0 ? 0 : (size_t)written;
    } else {
        if (jitter->codec == CODEC_PCMU)
            g711_pcmu_decode(to, slot->payload, slot->length);
        else
            g711_pcma_decode(to, slot->payload, slot->length);
        g711_plc_good(&jitter->plc, to, samples);
    }
    jitter->fifo_samples += samples;
    jitter->position = slot->timestamp + slot->ticks;
    slot->used = false;
}

/* Make up `ticks` of sound; `next`, when not NULL, is the packet right behind and may carry a copy of it. */
static void conceal(struct jitter *jitter, uint32_t ticks, const struct slot *next)
{
    int16_t *to = jitter->fifo + jitter->fifo_samples;
    size_t samples = ticks / jitter->scale;

    if (jitter->codec != CODEC_OPUS) {
        g711_plc_conceal(&jitter->plc, to, samples);
    } else if (next && opus_packet_carries_fec(next->payload, next->length)) {
        if (opus_decode_recover(&jitter->opus, next->payload, next->length, to, samples) < 0)
            memset(to, 0, samples * sizeof *to);
        else
            jitter->statistics.recovered++;
    } else if (opus_decode_conceal(&jitter->opus, to, samples) < 0) {
        memset(to, 0, samples * sizeof *to);
    }
    jitter->fifo_samples += samples;
    jitter->position += ticks;
}

/* Add sound to the FIFO: the next packet's, or made up.  True: as it was sent. */
static bool produce(struct jitter *jitter)
{
    uint32_t frame_ticks = jitter->frame_samples * jitter->scale;
    struct slot *next = lowest_slot(jitter);

    if (!next) {
        conceal(jitter, frame_ticks, NULL);
        jitter->starved_ms += FRAME_MS;
        return false;
    }
    int64_t gap = next->timestamp - jitter->position;
    if (jitter->codec == CODEC_OPUS)
        gap -= gap % 120; /* Opus conceals in steps of 2.5 ms; less than that is no loss */
    if (gap <= 0) {
        jitter->starved_ms = 0;
        decode(jitter, next);
        return true;
    }
    uint32_t ticks = gap < frame_ticks ? (uint32_t)gap : frame_ticks;
    conceal(jitter, ticks, gap <= frame_ticks ? next : NULL);
    return false;
}

/* Bring the delay a pitch period nearer to the target. */
static void adjust(struct jitter *jitter)
{
    float excess_ms = jitter->delay_ms - (float)jitter->target_ms;
    bool shorten = excess_ms > TOLERANCE_MS;
    size_t wanted = 2 * (size_t)jitter->frame_samples;

    jitter->since_adjusted++;
    if (!jitter->delay_known || (!shorten && excess_ms >= 0) || jitter->starved_ms)
        return;
    /* Far off: at each tick.  A little: now and then, where it can't be heard. */
    bool urgent = excess_ms > 2 * TOLERANCE_MS || excess_ms < -TOLERANCE_MS;
    if (!urgent && jitter->since_adjusted < 5)
        return;
    struct slot *next;
    while (jitter->fifo_samples < wanted && (next = lowest_slot(jitter)) && next->timestamp <= jitter->position)
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
    struct slot *lowest = lowest_slot(jitter);
    if (!lowest)
        return;
    int64_t held = jitter->newest - lowest->timestamp;
    if (now_ns - jitter->buffering_since_ns < ((int64_t)jitter->target_ms - FRAME_MS / 2) * MS &&
        held < 100 * (int64_t)jitter->clock / 1000)
        return;
    jitter->playing = true;
    jitter->position = lowest->timestamp;
    jitter->starved_ms = 0;
    jitter->delay_known = false;
}

/* Move the first 20 ms of the FIFO to `pcm`, with silence where there is less.  Returns samples that were there. */
static size_t take(struct jitter *jitter, int16_t *pcm)
{
    size_t samples = jitter->fifo_samples < jitter->frame_samples ? jitter->fifo_samples : jitter->frame_samples;
    memcpy(pcm, jitter->fifo, samples * sizeof *pcm);
    memset(pcm + samples, 0, (jitter->frame_samples - samples) * sizeof *pcm);
    jitter->fifo_samples -= samples;
    memmove(jitter->fifo, jitter->fifo + samples, jitter->fifo_samples * sizeof *pcm);
    return samples;
}

enum jitter_get_result jitter_get(struct jitter *jitter, int16_t *pcm, int64_t now_ns)
{
    bool as_sent = true;

    jitter->got_ns = now_ns;
    if (!jitter->playing)
        start_playing(jitter, now_ns);
    if (!jitter->playing)
        return take(jitter, pcm) > 0 ? JITTER_CONCEALED : JITTER_SILENT;
    while (jitter->fifo_samples < jitter->frame_samples)
        as_sent &= produce(jitter);
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
    struct slot *next;

    if (jitter_put(jitter, packet, arrival_ns) != JITTER_KEPT)
        return;
    while ((next = lowest_slot(jitter)) != NULL) {
        jitter->fifo_samples = 0;
        decode(jitter, next);
    }
    jitter->fifo_samples = 0;
    jitter->playing = true;
    jitter->starved_ms = 0;
    jitter->delay_known = false;
    jitter->got_ns = arrival_ns;
}

void jitter_read_statistics(const struct jitter *jitter, struct jitter_statistics *statistics)
{
    *statistics = jitter->statistics;
    statistics->target_ms = jitter->target_ms;
    statistics->delay_ms = jitter->delay_known && jitter->delay_ms > 0 ? (uint32_t)lroundf(jitter->delay_ms) : 0;
}
