/* Sound out of the jitter buffer: what is decoded, made up, stretched and played of what jitter.c has taken in. */
#include <string.h>

#include "jitter_state.h"
#include "stretch.h"

/* Without packets for so long the stream has paused: the next one is buffered anew. */
#define STARVED_MAX_MS 100
/* Sound is only stretched below the target, and only shortened this much above it: no hunting in between. */
#define TOLERANCE_MS 15
/* Longest gap that the copy in the packet after it is asked for. */
#define RECOVERED_MAX_MS 60

void jitter_fade_out(struct jitter *jitter)
{
    int16_t *tail = jitter->fifo + jitter->fifo_samples;
    uint32_t samples = jitter->frame_samples;

    if (!jitter->playing || jitter->fifo_samples + samples > JITTER_FIFO_SAMPLES)
        return;
    decoder_conceal(&jitter->decoder, tail, samples);
    for (uint32_t i = 0; i < samples; i++)
        tail[i] = (int16_t)((int32_t)tail[i] * (int32_t)(samples - i) / (int32_t)samples);
    jitter->fifo_samples += samples;
}

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
    size_t room = JITTER_FIFO_SAMPLES - jitter->fifo_samples;

    jitter->fifo_samples +=
        decoder_decode(&jitter->decoder, held_payload(&jitter->held, slot), slot->length, to, room);
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
    if (gap <= jitter_ms_ticks(jitter, RECOVERED_MAX_MS) &&
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
        if (jitter->fifo_samples + period > JITTER_FIFO_SAMPLES)
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
    if (now_ns - jitter->buffering_since_ns < ((int64_t)jitter->playout.target_ms - FRAME_MS / 2) * JITTER_MS &&
        held < jitter_ms_ticks(jitter, 100))
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
