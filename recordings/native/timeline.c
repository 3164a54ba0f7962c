#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>
#include <speex/speex_resampler.h>
/* Not <spandsp.h>: it wants the headers of libtiff for its fax. */
#include <spandsp/telephony.h>

#include <spandsp/g722.h>

#define PENDING 512
/* 10.9 s: TIMELINE_SETTLED behind and as much ahead, with room to spare. */
#define RING_SIZE (1 << 19)
#define STREAMS 16
#define PACKET_SAMPLES_MAX 5760 /* 120 ms at 48 kHz (RFC 6716 3.2.5) */
/* A packet whose timestamp and arrival disagree by more with the one before is of another stream. */
#define JUMP (3 * TIMELINE_RATE)
/* The stream's place is corrected (clock drift, changed path) when its fastest packets are off by more than this. */
#define OFF_MAX (TIMELINE_RATE / 25)
#define WINDOW (2 * TIMELINE_RATE)
/* Silence of more than this between two packets is a gap. */
#define GAP_MIN (TIMELINE_RATE / 50)
#define RESAMPLER_QUALITY 4

struct pending {
    uint32_t stream;
    int64_t ticks;   /* timestamp, unwrapped */
    int64_t arrival; /* samples since the start */
    enum payload_codec codec;
    bool after_pause;
    size_t length;
    uint8_t payload[PAYLOAD_MAX];
};

struct stream {
    int64_t place; /* of tick 0, in samples since the start */
    bool placed;
    int64_t fastest; /* least transit in this window */
    int64_t window_start;
};

struct timeline {
    OpusDecoder *decoder;
    g722_decode_state_t *g722;
    SpeexResamplerState *resampler;
    uint32_t resampled_rate;
    int16_t values[2][256]; /* of PCMU and PCMA */

    /* Coming in. */
    bool streaming;
    bool paused;
    enum payload_codec codec;
    uint32_t stream;
    int64_t newest;
    int64_t newest_arrival;
    struct stream streams[STREAMS];
    struct pending *pending[PENDING]; /* in order of stream and timestamp; those past `count` are free */
    size_t count;

    /* Going out. */
    bool begun;
    uint32_t last_stream;
    int64_t next_ticks;
    int64_t next_position; /* where the sound so far ends */
    bool resampling;
    int64_t resampled_to;  /* where the resampler's next sample belongs */
    uint64_t gaps;
    int64_t wide_to; /* where wideband sound ends */
    int64_t front;   /* first position in the ring */
    int64_t written; /* all before this is final */
    int16_t ring[RING_SIZE];
};

/* G.711 tables 1 and 2. */
static void make_values(int16_t values[2][256])
{
    for (int octet = 0; octet < 256; octet++) {
        int mu = ~octet & 0xFF, a = octet ^ 0x55;
        int value = ((2 * (mu & 15) + 33) << (mu >> 4 & 7)) - 33;
        values[PAYLOAD_PCMU][octet] = (int16_t)(4 * (mu & 0x80 ? -value : value));
        int segment = a >> 4 & 7;
        value = 16 * (a & 15) + 8;
        if (segment > 0)
            value = (value + 256) << (segment - 1);
        values[PAYLOAD_PCMA][octet] = (int16_t)(a & 0x80 ? value : -value);
    }
}

struct timeline *timeline_new(void)
{
    int error;
    struct timeline *timeline = calloc(1, sizeof *timeline);

    if (!timeline)
        return NULL;
    make_values(timeline->values);
    timeline->decoder = opus_decoder_create(TIMELINE_RATE, 1, &error);
    timeline->g722 = g722_decode_init(NULL, 64000, 0);
    timeline->resampled_rate = 8000;
    timeline->resampler = speex_resampler_init(1, 8000, TIMELINE_RATE, RESAMPLER_QUALITY, &error);
    bool good = timeline->decoder && timeline->g722 && timeline->resampler;
    for (size_t i = 0; i < PENDING && good; i++)
        good = (timeline->pending[i] = malloc(sizeof **timeline->pending)) != NULL;
    if (good)
        return timeline;
    timeline_free(timeline);
    return NULL;
}

void timeline_free(struct timeline *timeline)
{
    if (!timeline)
        return;
    if (timeline->decoder)
        opus_decoder_destroy(timeline->decoder);
    if (timeline->g722)
        g722_decode_free(timeline->g722);
    if (timeline->resampler)
        speex_resampler_destroy(timeline->resampler);
    for (size_t i = 0; i < PENDING; i++)
        free(timeline->pending[i]);
    free(timeline);
}

/* G.722 counts at 8 kHz as G.711 does (RFC 3551 4.5.2). */
static int samples_per_tick(enum payload_codec codec)
{
    return codec == PAYLOAD_OPUS || codec == PAYLOAD_L16_48K ? 1 : 6;
}

static uint32_t rate_of(enum payload_codec codec)
{
    return codec == PAYLOAD_OPUS || codec == PAYLOAD_L16_48K ? TIMELINE_RATE : codec == PAYLOAD_G722 ? 16000 : 8000;
}

/* Laying sound down */

static void lay(struct timeline *timeline, int64_t position, const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++, position++) {
        if (position < timeline->written || position < timeline->front)
            continue; /* overlaps what is there, or is before the start */
        if (position >= timeline->front + RING_SIZE)
            return;
        timeline->ring[position % RING_SIZE] = pcm[i];
        timeline->written = position + 1;
    }
}

static void resample(struct timeline *timeline, const int16_t *pcm, size_t samples)
{
    int16_t out[PACKET_SAMPLES_MAX];

    while (samples > 0) {
        spx_uint32_t taken = (spx_uint32_t)samples, made = PACKET_SAMPLES_MAX;
        speex_resampler_process_int(timeline->resampler, 0, pcm, &taken, out, &made);
        if (taken == 0 && made == 0)
            return;
        lay(timeline, timeline->resampled_to, out, made);
        timeline->resampled_to += made;
        pcm += taken;
        samples -= taken;
    }
}

/* Get the last samples out of the resampler's filter: they end exactly where the sound does. */
static void end_resampling(struct timeline *timeline)
{
    static const int16_t silence[512] = {0};

    if (!timeline->resampling)
        return;
    resample(timeline, silence, (size_t)speex_resampler_get_input_latency(timeline->resampler));
    timeline->resampling = false;
}

static void lay_resampled(
    struct timeline *timeline, int64_t position, uint32_t rate, const int16_t *pcm, size_t samples)
{
    if (timeline->resampling && (position != timeline->next_position || rate != timeline->resampled_rate))
        end_resampling(timeline);
    if (!timeline->resampling) {
        if (rate != timeline->resampled_rate)
            speex_resampler_set_rate(timeline->resampler, rate, TIMELINE_RATE);
        timeline->resampled_rate = rate;
        speex_resampler_reset_mem(timeline->resampler);
        speex_resampler_skip_zeros(timeline->resampler);
        timeline->resampling = true;
        timeline->resampled_to = position;
    }
    resample(timeline, pcm, samples);
}

/* Decode one packet and lay it down.  Returns its length in samples, 0 when it is damaged. */
static int64_t lay_packet(struct timeline *timeline, const struct pending *packet, int64_t position)
{
    int16_t pcm[PACKET_SAMPLES_MAX];
    size_t samples = packet->length;

    switch (packet->codec) {
    case PAYLOAD_PCMU:
    case PAYLOAD_PCMA:
        for (size_t i = 0; i < samples; i++)
            pcm[i] = timeline->values[packet->codec][packet->payload[i]];
        break;
    case PAYLOAD_G722:
        if (2 * samples > PACKET_SAMPLES_MAX)
            return 0;
        samples = (size_t)g722_decode(timeline->g722, pcm, packet->payload, (int)samples);
        break;
    case PAYLOAD_L16_8K:
    case PAYLOAD_L16_48K:
        samples /= 2;
        for (size_t i = 0; i < samples; i++)
            pcm[i] = (int16_t)(packet->payload[2 * i] | packet->payload[2 * i + 1] << 8);
        break;
    default: {
        int decoded = opus_decode(
            timeline->decoder, packet->payload, (opus_int32)packet->length, pcm, PACKET_SAMPLES_MAX, 0);
        if (decoded <= 0)
            return 0;
        samples = (size_t)decoded;
    }
    }
    uint32_t rate = rate_of(packet->codec);
    int64_t length = (int64_t)samples * (TIMELINE_RATE / rate);
    if (rate < TIMELINE_RATE) {
        lay_resampled(timeline, position, rate, pcm, samples);
    } else {
        end_resampling(timeline);
        lay(timeline, position, pcm, samples);
    }
    if (rate > 8000)
        timeline->wide_to = position + length;
    return length;
}

static void decode_first(struct timeline *timeline)
{
    struct pending *packet = timeline->pending[0];
    struct stream *stream = &timeline->streams[packet->stream % STREAMS];
    int scale = samples_per_tick(packet->codec);

    memmove(timeline->pending, timeline->pending + 1, (timeline->count - 1) * sizeof *timeline->pending);
    timeline->pending[--timeline->count] = packet;
    if (!stream->placed) {
        stream->placed = true;
        stream->place = stream->fastest;
    }
    bool same = timeline->begun && packet->stream == timeline->last_stream;
    if (same && packet->ticks < timeline->next_ticks)
        return; /* came twice */
    if (!same && packet->codec == PAYLOAD_OPUS)
        opus_decoder_ctl(timeline->decoder, OPUS_RESET_STATE);
    if (!same && packet->codec == PAYLOAD_G722)
        g722_decode_init(timeline->g722, 64000, 0);
    int64_t position = packet->ticks * scale + stream->place;
    if (timeline->begun && !packet->after_pause && position > timeline->next_position + GAP_MIN)
        timeline->gaps++;
    int64_t samples = lay_packet(timeline, packet, position);
    if (samples == 0)
        return;
    timeline->begun = true;
    timeline->last_stream = packet->stream;
    timeline->next_ticks = packet->ticks + samples / scale;
    timeline->next_position = position + samples;
}

/* Taking records in */

static void start_stream(struct timeline *timeline, const struct record *record, int64_t arrival)
{
    timeline->streaming = true;
    timeline->codec = record->codec;
    timeline->stream++;
    timeline->newest = ((int64_t)1 << 40) + record->number; /* room to go back */
    timeline->newest_arrival = arrival;
    struct stream *stream = &timeline->streams[timeline->stream % STREAMS];
    stream->placed = false;
    stream->window_start = arrival;
    stream->fastest = INT64_MAX;
}

/* Follow the stream's place by its fastest packets. */
static void measure(struct timeline *timeline, int64_t transit, int64_t arrival)
{
    struct stream *stream = &timeline->streams[timeline->stream % STREAMS];

    if (arrival - stream->window_start > WINDOW) {
        int64_t off = stream->fastest - stream->place;
        if (stream->placed && (off > OFF_MAX || off < -OFF_MAX))
            stream->place = stream->fastest;
        stream->window_start = arrival;
        stream->fastest = transit;
    }
    if (transit < stream->fastest)
        stream->fastest = transit;
}

static bool before(const struct pending *one, const struct pending *other)
{
    return one->stream != other->stream ? one->stream < other->stream : one->ticks < other->ticks;
}

void timeline_put(struct timeline *timeline, const struct record *record)
{
    int64_t arrival = record->time_ns * 6 / 125000; /* ns to samples at 48 kHz */

    if (record->length == 0 || record->codec >= PAYLOAD_CODECS)
        return;
    int scale = samples_per_tick(record->codec);
    int64_t advance = (int32_t)(record->number - (uint32_t)timeline->newest);
    int64_t off = arrival - timeline->newest_arrival - advance * scale;
    if (!timeline->streaming || record->codec != timeline->codec || off > JUMP || off < -JUMP) {
        start_stream(timeline, record, arrival);
        advance = 0;
    }
    if (timeline->count == PENDING)
        decode_first(timeline);
    struct pending *packet = timeline->pending[timeline->count];
    packet->stream = timeline->stream;
    packet->ticks = timeline->newest + advance;
    packet->arrival = arrival;
    packet->codec = record->codec;
    packet->after_pause = timeline->paused;
    packet->length = record->length;
    memcpy(packet->payload, record->payload, record->length);
    timeline->paused = false;
    measure(timeline, arrival - packet->ticks * scale, arrival);
    if (advance >= 0) {
        timeline->newest = packet->ticks;
        timeline->newest_arrival = arrival;
    }
    size_t at = timeline->count++;
    for (; at > 0 && before(packet, timeline->pending[at - 1]); at--)
        timeline->pending[at] = timeline->pending[at - 1];
    timeline->pending[at] = packet;
}

void timeline_pause(struct timeline *timeline)
{
    timeline->paused = true;
}

void timeline_advance(struct timeline *timeline, int64_t position)
{
    while (timeline->count > 0 && timeline->pending[0]->arrival < position - TIMELINE_HOLD)
        decode_first(timeline);
}

void timeline_finish(struct timeline *timeline)
{
    while (timeline->count > 0)
        decode_first(timeline);
    end_resampling(timeline);
}

void timeline_take(struct timeline *timeline, int16_t *interleaved, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        int16_t *sample = &timeline->ring[(timeline->front + (int64_t)i) % RING_SIZE];
        interleaved[2 * i] = *sample;
        *sample = 0;
    }
    timeline->front += (int64_t)samples;
}

bool timeline_wide(const struct timeline *timeline)
{
    return timeline->front < timeline->wide_to;
}

int64_t timeline_end(const struct timeline *timeline)
{
    return timeline->written;
}

uint64_t timeline_gaps(const struct timeline *timeline)
{
    return timeline->gaps;
}
