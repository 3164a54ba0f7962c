#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "g711.h"
#include "loadgen_state.h"
#include "ports.h"
#include "stun.h"

enum {
    /* Its clock.  Finer than a network card's interrupts, so that nobody is helped by packets in clumps. */
    TICK_NS = 200000,
    READ_TICKS = 5,        /* reads every so many ticks; arrivals are stamped by the kernel */
    PROBES = 8,            /* calls whose sound is kept */
    PROBE_FRAMES_MAX = 30 * 50,
    BLOCK_FRAMES = ZL_BLOCK / FRAME_SAMPLES_8K,
    SETTLE_FRAMES = 25,    /* before comparing: jitter buffers find their target */
    DELAY_FRAMES = 20,     /* until what was said has been heard */
    MISSING_MAX = 15,      /* packets that a transcoder may begin later than we */
    CHECK_MS = 2500,       /* consent checks */
    RETRY_MS = 200,
    CONNECT_MS = 10000,
    LATE_MS = 5,
    PCMA = 8,
    OPUS = 111,
    PAYLOAD = FRAME_SAMPLES_8K,
    STAMP = 0x7a6c7374,
};

static uint64_t now_realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- sending -------------------------------------------------------------------------------------------------------- */

static void flush(zl_load *load, zl_group *group)
{
    uint64_t now_ns = now_realtime_ns();
    uint32_t done = 0;

    for (uint32_t i = 0; i < group->count; i++)
        if (group->out_stamps[i])
            *group->out_stamps[i] = now_ns;
    while (done < group->count) {
        int sent = sendmmsg(group->fd, group->out + done, group->count - done, MSG_DONTWAIT);
        if (sent > 0) {
            done += (uint32_t)sent;
        } else if (errno != EINTR) {
            load->result.overflowed++;
            done++;
        }
    }
    group->count = 0;
}

/* A datagram of the chunk to be written, then queued. */
static uint8_t *next_datagram(zl_load *load, zl_group *group)
{
    if (group->count == CHUNK)
        flush(load, group);
    return group->out_datagrams[group->count];
}

static void queue_datagram(zl_end *end, uint32_t len, uint64_t *stamp)
{
    zl_group *group = end->group;
    struct msghdr *header = &group->out[group->count].msg_hdr;
    struct in_pktinfo from = {.ipi_spec_dst = end->address};

    memcpy(CMSG_DATA(CMSG_FIRSTHDR(header)), &from, sizeof from);
    group->out_vectors[group->count].iov_len = len;
    header->msg_name = &end->to;
    header->msg_namelen = zm_addr_len(&end->to);
    group->out_stamps[group->count++] = stamp;
}

static void flush_all(zl_load *load)
{
    for (uint32_t i = 0; i < load->groups_count; i++)
        if (load->groups[i].count)
            flush(load, &load->groups[i]);
}

static void check(zl_load *load, zl_end *end, uint64_t now_ns)
{
    uint8_t *request = next_datagram(load, end->group), transaction[12] = {0};

    memcpy(transaction, &now_ns, sizeof now_ns);
    memcpy(transaction + 8, &end->ssrc, sizeof end->ssrc);
    queue_datagram(end, zm_stun_write_request(request, transaction, end->username, end->pwd, true), NULL);
    end->checked_ns = now_ns;
}

static uint32_t write_payload(const zl_load *load, const zl_end *end, uint8_t *to)
{
    const uint8_t *said;
    size_t len;

    if (!load->opus) {
        memset(to, (int)(end->frame * 31 + end->ssrc) & 0xff, PAYLOAD);
        zm_put32(to, STAMP);
        zm_put32(to + 4, end->frame);
        return PAYLOAD;
    }
    said = sound_frame(
        load->sound, end->browser ? CODEC_OPUS : CODEC_PCMA, (end->frame + end->offset) % load->sound->frames, &len);
    memcpy(to, said, len);
    return (uint32_t)len;
}

static void talk(zl_load *load, zl_end *end, uint64_t now_ns)
{
    uint8_t *packet = next_datagram(load, end->group);
    bool opus = load->opus && end->browser;
    zm_rtp rtp = {
        .payload_type = opus ? OPUS : PCMA,
        .marker = end->frame == 0,
        .sequence = (uint16_t)(end->frame + 1000),
        .timestamp = end->frame * (opus ? 960 : PAYLOAD),
        .ssrc = end->ssrc,
    };
    uint32_t len;

    zm_rtp_write(packet, &rtp);
    len = ZM_RTP_HEADER + write_payload(load, end, packet + ZM_RTP_HEADER);
    if (end->out && zm_srtp_protect(end->out, packet, &len) != ZM_SRTP_OK)
        return;
    queue_datagram(end, len, &end->sent_ns[end->frame]);
    end->frame++;
    load->result.sent++;
    if (end->ice && now_ns - end->checked_ns > CHECK_MS * MS)
        check(load, end, now_ns);
}

static uint64_t next_due_ns(const zl_load *load)
{
    return load->begin_ns + load->round * FRAME + load->order[load->turn]->phase_ns;
}

static void talk_all_due(zl_load *load, uint64_t now_ns)
{
    while (load->round < load->frames && next_due_ns(load) <= now_ns) {
        if (now_ns > next_due_ns(load) + LATE_MS * MS)
            load->result.late++;
        talk(load, load->order[load->turn], now_ns);
        if (++load->turn == 2 * load->calls) {
            load->turn = 0;
            load->round++;
        }
    }
    flush_all(load);
}

/* --- receiving ------------------------------------------------------------------------------------------------------ */

static void note_delay(zl_load *load, uint64_t delay_ns)
{
    if (load->result.delays < load->delays_max)
        load->delays[load->result.delays++] = (uint32_t)(delay_ns / 1000);
}

static void hear_numbered(zl_load *load, zl_end *end, const zm_rtp *rtp, uint64_t arrived_ns)
{
    uint32_t number;

    if (rtp->payload_type != PCMA || rtp->payload_len != PAYLOAD) {
        load->result.unexpected++;
        return;
    }
    number = zm_get32(rtp->payload + 4);
    if (zm_get32(rtp->payload) != STAMP || number >= end->other->frame)
        return; /* silence from before the bridge */
    if (end->seen[number]++) {
        load->result.duplicates++;
        return;
    }
    load->result.received++;
    uint64_t sent_ns = end->other->sent_ns[number];
    note_delay(load, arrived_ns > sent_ns ? arrived_ns - sent_ns : 0);
}

static void hear_sound(zl_load *load, zl_end *end, const zm_rtp *rtp, uint64_t arrived_ns)
{
    int samples = end->browser ? opus_packet_samples(rtp->payload, rtp->payload_len, 8000) : (int)rtp->payload_len;
    int16_t *pcm;

    if (rtp->payload_type != (end->browser ? OPUS : PCMA) || samples <= 0) {
        load->result.unexpected++;
        return;
    }
    zm_rtp_source_update(&end->source, rtp, arrived_ns, true);
    load->result.received++;
    end->received++;
    if (end->browser) {
        load->result.opus_packets++;
        load->result.opus_octets += rtp->payload_len;
    }
    if (!end->probe || (pcm = zl_heard_add(&end->heard, (uint32_t)samples, arrived_ns)) == NULL)
        return;
    memset(pcm, 0, (size_t)samples * sizeof *pcm);
    if (end->browser)
        (void)!opus_decode_packet(&end->decoder, rtp->payload, rtp->payload_len, pcm, (size_t)samples);
    else
        g711_pcma_decode(pcm, rtp->payload, rtp->payload_len);
}

static void hear(zl_load *load, zl_end *end, uint8_t *datagram, uint32_t len, uint64_t arrived_ns)
{
    zm_stun stun;
    zm_rtp rtp;

    if (len < ZM_RTP_HEADER)
        return;
    if (datagram[0] < 4) {
        if (zm_stun_parse(&stun, datagram, len) && stun.type == ZM_STUN_BINDING_SUCCESS)
            end->connected = true;
        return;
    }
    if (datagram[0] < 128 || zm_is_rtcp(datagram) || !load->talking)
        return;
    zm_srtp_result opened = end->in ? zm_srtp_unprotect(end->in, datagram, &len) : ZM_SRTP_OK;
    if (opened == ZM_SRTP_REPLAYED) {
        load->result.duplicates++;
        return;
    }
    if (opened != ZM_SRTP_OK || !zm_rtp_parse(&rtp, datagram, len)) {
        load->result.unauthentic++;
        return;
    }
    if (load->opus)
        hear_sound(load, end, &rtp, arrived_ns);
    else
        hear_numbered(load, end, &rtp, arrived_ns);
}

/* To which end a datagram came, and when by the kernel's clock: how late we read is not the plane's delay. */
static zl_end *find_end(zl_load *load, const zl_group *group, struct msghdr *message, uint64_t *arrived_ns)
{
    uint32_t call = UINT32_MAX;
    struct in_pktinfo to;
    struct timespec time;

    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control))
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPNS) {
            memcpy(&time, CMSG_DATA(control), sizeof time);
            *arrived_ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
        } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
            memcpy(&to, CMSG_DATA(control), sizeof to);
            call = ntohl(to.ipi_addr.s_addr) - (group->browsers ? FIRST_BROWSER : FIRST_PHONE);
        }
    return call < load->calls ? &load->ends[2 * call + group->browsers] : NULL;
}

static void read_group(zl_load *load, zl_group *group)
{
    int got;

    do {
        for (uint32_t i = 0; i < BATCH; i++) {
            load->in[i].msg_hdr.msg_namelen = sizeof(zm_addr);
            load->in[i].msg_hdr.msg_controllen = CONTROL;
        }
        got = recvmmsg(group->fd, load->in, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++) {
            uint64_t arrived_ns = 0;
            zl_end *end = find_end(load, group, &load->in[i].msg_hdr, &arrived_ns);
            if (end && zm_addr_equal(&load->in_from[i], &end->to))
                hear(load, end, load->in_datagrams[i], load->in[i].msg_len, arrived_ns);
        }
    } while (got == BATCH);
}

static void read_all(zl_load *load)
{
    for (uint32_t i = 0; i < load->groups_count; i++)
        read_group(load, &load->groups[i]);
}

static void sleep_until(uint64_t then_ns)
{
    struct timespec then = {(time_t)(then_ns / 1000000000u), (long)(then_ns % 1000000000u)};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &then, NULL) == EINTR)
        ;
}

bool zl_connect(zl_load *load, char *error, uint32_t error_size)
{
    uint64_t begun_ns = now_realtime_ns(), now_ns = begun_ns;
    uint32_t missing = 1;

    load->talking = false;
    while (missing && now_ns - begun_ns < CONNECT_MS * MS) {
        missing = 0;
        for (uint32_t i = 1; i < 2 * load->calls; i += 2) {
            zl_end *end = &load->ends[i];
            missing += !end->connected;
            if (!end->connected && now_ns - end->checked_ns > RETRY_MS * MS)
                check(load, end, now_ns);
        }
        flush_all(load);
        if (missing)
            sleep_until(now_ns + MS);
        read_all(load);
        now_ns = now_realtime_ns();
    }
    snprintf(error, error_size, "load generator: %u STUN checks got no answer", missing);
    return missing == 0;
}

/* --- the run -------------------------------------------------------------------------------------------------------- */

static bool prepare_end(zl_load *load, zl_end *end, uint32_t number)
{
    end->frame = end->received = 0;
    end->sent_ns = calloc(load->frames, sizeof *end->sent_ns);
    end->source = (zm_rtp_source){.clock_rate = load->opus && end->browser ? 48000 : 8000};
    end->probe = load->opus && number < 2 * PROBES;
    if (!load->opus) {
        end->seen = calloc(load->frames, 1);
        return end->sent_ns && end->seen;
    }
    end->offset = number * 37 % load->sound->frames;
    if (!end->probe)
        return end->sent_ns;
    return end->sent_ns &&
           zl_heard_init(&end->heard, load->frames < PROBE_FRAMES_MAX ? load->frames + 50 : PROBE_FRAMES_MAX) &&
           (!end->browser || opus_decode_init(&end->decoder, 8000) == 0);
}

static bool prepare(zl_load *load, uint32_t frames, bool opus)
{
    load->frames = frames;
    load->opus = opus;
    load->round = load->turn = 0;
    memset(&load->result, 0, sizeof load->result);
    load->delays_max = (uint64_t)load->calls * 2 * frames;
    load->delays = malloc(load->delays_max * sizeof *load->delays);
    for (uint32_t i = 0; i < 2 * load->calls; i++)
        if (!prepare_end(load, &load->ends[i], i))
            return false;
    return load->delays;
}

/* Compare what a probe heard with what the other end said, half a second at a time. */
static void compare_end(zl_load *load, const zl_end *end, zl_comparison *comparison)
{
    const zl_end *other = end->other;
    int16_t said[ZL_BLOCK];
    uint32_t heard = other->frame < PROBE_FRAMES_MAX ? other->frame : PROBE_FRAMES_MAX;

    for (uint32_t first = SETTLE_FRAMES; first + BLOCK_FRAMES + DELAY_FRAMES <= heard; first += BLOCK_FRAMES) {
        uint64_t delay_ns;
        for (uint32_t i = 0; i < BLOCK_FRAMES; i++)
            memcpy(
                said + i * FRAME_SAMPLES_8K,
                sound_pcm(load->sound, 8000, (first + i + other->offset) % load->sound->frames),
                FRAME_SAMPLES_8K * sizeof *said);
        if (zl_compare(comparison, &end->heard, said, other->sent_ns[first], &delay_ns))
            note_delay(load, delay_ns);
    }
}

static int compare_delays(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t median_from(zl_load *load, uint64_t first)
{
    uint64_t count = load->result.delays - first;

    qsort(load->delays + first, count, sizeof *load->delays, compare_delays);
    return count ? load->delays[first + count / 2] : 0;
}

/* What probes heard: of the telephones first, then of the browsers. */
static void compare_sound(zl_load *load)
{
    zl_result *result = &load->result;

    for (uint32_t browsers = 0; browsers < 2; browsers++) {
        zl_comparison comparison = {0};
        uint64_t first = result->delays;
        for (uint32_t i = browsers; i < 2 * load->calls; i += 2)
            if (load->ends[i].probe)
                compare_end(load, &load->ends[i], &comparison);
        *(browsers ? &result->delay_to_browser_us : &result->delay_to_phone_us) = median_from(load, first);
        if (comparison.moments)
            *(browsers ? &result->to_browser_db : &result->to_phone_db) = comparison.distance_sum / comparison.moments;
        result->compared_ms += comparison.blocks * (ZL_BLOCK / 8);
        result->unmatched_ms += comparison.unmatched * (ZL_BLOCK / 8);
    }
}

static void sum_up_sound(zl_load *load)
{
    for (uint32_t i = 0; i < 2 * load->calls; i++) {
        zl_end *end = &load->ends[i];
        load->result.lost += zm_rtp_source_lost(&end->source);
        if (end->received + MISSING_MAX < end->other->frame)
            load->result.lost += end->other->frame - end->received;
    }
    compare_sound(load);
}

static void sum_up(zl_load *load)
{
    zl_result *result = &load->result;

    if (load->opus)
        sum_up_sound(load);
    else
        result->lost = result->sent - result->received;
    if (result->delays == 0)
        return;
    qsort(load->delays, result->delays, sizeof *load->delays, compare_delays);
    result->delay_p50_us = load->delays[result->delays / 2];
    result->delay_p99_us = load->delays[result->delays * 99 / 100];
    result->delay_max_us = load->delays[result->delays - 1];
}

static uint64_t overflows(const zl_load *load)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < load->groups_count; i++)
        sum += zm_udp_overflows(load->groups[i].fd);
    return sum;
}

/* It reads before it sends and sleeps at once after that: whoever shares a processor with it would wait for its reading
 * else, and that would be measured as their delay. */
static void run(zl_load *load, uint32_t drain_ms)
{
    uint64_t begin_ns = now_realtime_ns(), end_ns, tick, read_at = 0;

    load->begin_ns = begin_ns + FRAME;
    end_ns = load->begin_ns + load->frames * FRAME + drain_ms * MS;
    for (uint64_t now_ns = begin_ns; now_ns < end_ns; now_ns = now_realtime_ns()) {
        tick = (now_ns - begin_ns) / TICK_NS;
        if (tick >= read_at) {
            read_all(load);
            read_at = tick + READ_TICKS;
        }
        talk_all_due(load, now_ns);
        sleep_until(begin_ns + (tick + 1) * TICK_NS);
    }
}

bool zl_talk(
    zl_load *load, uint32_t frames, uint32_t drain_ms, bool opus, zl_result *result, char *error, uint32_t error_size)
{
    uint64_t overflowed = overflows(load);

    snprintf(error, error_size, "load generator: out of memory");
    if (frames == 0 || frames > ZL_SECONDS_MAX * 50 || (opus && load->sound == NULL)) {
        snprintf(error, error_size, "load generator: %u frames are out of range, or there is nothing to say", frames);
        return false;
    }
    zl_forget(load);
    if (!prepare(load, frames, opus))
        return false;
    (void)!prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    load->talking = true;
    run(load, drain_ms);
    load->talking = false;
    sum_up(load);
    load->result.overflowed += overflows(load) - overflowed;
    *result = load->result;
    return true;
}
