#include "rtp.h"

#include <string.h>

enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100, SEQ_MOD = 1 << 16 }; /* RFC 3550 A.1 */

bool zm_rtp_parse(zm_rtp *rtp, const uint8_t *datagram, uint32_t len)
{
    uint32_t at;

    if (len < ZM_RTP_HEADER || datagram[0] >> 6 != 2)
        return false;
    at = ZM_RTP_HEADER + 4u * (datagram[0] & 15);
    if (datagram[0] & 0x10) { /* header extension, 5.3.1 */
        if (at + 4 > len)
            return false;
        at += 4 + 4u * zm_get16(datagram + at + 2);
    }
    if (at > len)
        return false;
    if (datagram[0] & 0x20) { /* padding, its last octet counts it */
        uint32_t padding = datagram[len - 1];
        if (padding == 0 || padding > len - at)
            return false;
        len -= padding;
    }
    rtp->marker = datagram[1] & 0x80;
    rtp->payload_type = datagram[1] & 0x7f;
    rtp->sequence = zm_get16(datagram + 2);
    rtp->timestamp = zm_get32(datagram + 4);
    rtp->ssrc = zm_get32(datagram + 8);
    rtp->payload = datagram + at;
    rtp->payload_len = len - at;
    return true;
}

void zm_rtp_write(uint8_t header[ZM_RTP_HEADER], const zm_rtp *rtp)
{
    header[0] = 0x80;
    header[1] = (uint8_t)((rtp->marker ? 0x80 : 0) | rtp->payload_type);
    zm_put16(header + 2, rtp->sequence);
    zm_put32(header + 4, rtp->timestamp);
    zm_put32(header + 8, rtp->ssrc);
}

static void source_start(zm_rtp_source *source, const zm_rtp *rtp)
{
    source->received_before = zm_rtp_source_received(source);
    source->lost_before = zm_rtp_source_lost(source);
    source->known = true;
    source->ssrc = rtp->ssrc;
    source->base_seq = source->max_seq = rtp->sequence;
    source->bad_seq = SEQ_MOD + 1;
    source->cycles = source->received = source->expected_prior = source->received_prior = 0;
    source->transit_known = false;
    source->jitter = 0;
    source->sr_middle = 0;
}

static void source_jitter(zm_rtp_source *source, const zm_rtp *rtp, uint64_t now_ns)
{
    uint32_t arrival = (uint32_t)((unsigned __int128)now_ns * source->clock_rate / 1000000000u);
    uint32_t transit = arrival - rtp->timestamp;

    if (source->transit_known) {
        uint32_t d = transit - source->transit; /* forward or, from half of all numbers on, back */
        source->jitter += (d > INT32_MAX ? 0 - d : d) - ((source->jitter + 8) >> 4);
    }
    source->transit = transit;
    source->transit_known = true;
}

zm_seq zm_rtp_source_update(zm_rtp_source *source, const zm_rtp *rtp, uint64_t now_ns, bool timed)
{
    uint16_t delta = (uint16_t)(rtp->sequence - source->max_seq);
    zm_seq result = ZM_SEQ_OK;

    if (!source->known || rtp->ssrc != source->ssrc) {
        /* Our sources are known by address or by key, so none is on probation: the first packet counts. */
        source_start(source, rtp);
        result = ZM_SEQ_RESTARTED;
    } else if (delta < MAX_DROPOUT) {
        if (rtp->sequence < source->max_seq)
            source->cycles += SEQ_MOD;
        source->max_seq = rtp->sequence;
    } else if (delta <= SEQ_MOD - MAX_MISORDER) {
        if (rtp->sequence != source->bad_seq) {
            source->bad_seq = (uint16_t)(rtp->sequence + 1);
            return ZM_SEQ_BAD;
        }
        source_start(source, rtp); /* two in a row: the sender restarted */
        result = ZM_SEQ_RESTARTED;
    }
    source->received++;
    if (timed && source->clock_rate)
        source_jitter(source, rtp, now_ns);
    return result;
}

uint64_t zm_rtp_source_received(const zm_rtp_source *source)
{
    return source->received_before + source->received;
}

static uint32_t source_expected(const zm_rtp_source *source)
{
    return source->known ? source->cycles + source->max_seq - source->base_seq + 1 : 0;
}

uint64_t zm_rtp_source_lost(const zm_rtp_source *source)
{
    uint32_t expected = source_expected(source);

    return source->lost_before + (expected > source->received ? expected - source->received : 0);
}

void zm_rtp_source_leave(zm_rtp_source *source)
{
    source->lost_before = zm_rtp_source_lost(source);
    source->received_before = zm_rtp_source_received(source);
    source->received = 0;
    source->known = false;
}

uint32_t zm_rtp_source_jitter_us(const zm_rtp_source *source)
{
    return source->clock_rate ? (uint32_t)((uint64_t)(source->jitter >> 4) * 1000000 / source->clock_rate) : 0;
}

uint8_t zm_rtp_source_fraction(zm_rtp_source *source)
{
    uint32_t expected = source_expected(source);
    uint32_t expected_interval = expected - source->expected_prior;
    int32_t lost = (int32_t)(expected_interval - (source->received - source->received_prior));

    source->expected_prior = expected;
    source->received_prior = source->received;
    if (expected_interval == 0 || lost <= 0)
        return 0;
    return (uint8_t)(((uint64_t)lost * 255) / expected_interval);
}

/* --- what we send ------------------------------------------------------------------------------------------------- */

void zm_rtp_out_init(zm_rtp_out *out, uint32_t ssrc, uint16_t sequence, uint32_t timestamp)
{
    memset(out, 0, sizeof *out);
    out->ssrc = ssrc;
    out->sequence = sequence;
    out->timestamp = timestamp;
    out->mark = true;
}

void zm_rtp_out_switch(zm_rtp_out *out)
{
    out->generating = out->mapped = false;
    out->mark = true;
}

/* Time since the last packet as timestamp units, in whole packets: a stretch begins where a packet would have. */
uint32_t zm_rtp_out_now(const zm_rtp_out *out, uint64_t now_ns)
{
    uint64_t samples, packets;

    if (out->sent_ns == 0 || out->packet_samples == 0)
        return out->timestamp;
    samples = (uint64_t)((unsigned __int128)(now_ns - out->sent_ns) * out->clock_rate / 1000000000u);
    packets = (samples + out->packet_samples / 2) / out->packet_samples;
    return out->timestamp + (uint32_t)((packets ? packets : 1) * out->packet_samples);
}

static void out_sent(zm_rtp_out *out, zm_rtp *rtp, uint64_t now_ns)
{
    rtp->ssrc = out->ssrc;
    out->mark = false;
    out->sent_ns = now_ns;
}

void zm_rtp_out_generate(zm_rtp_out *out, zm_rtp *rtp, uint64_t now_ns, uint32_t samples)
{
    out->timestamp = out->generating ? out->timestamp + out->packet_samples : zm_rtp_out_now(out, now_ns);
    out->packet_samples = samples;
    out->sequence++;
    out->generating = true;
    out->mapped = false;
    rtp->sequence = out->sequence;
    rtp->timestamp = out->timestamp;
    rtp->marker = out->mark;
    out_sent(out, rtp, now_ns);
}

void zm_rtp_out_event(zm_rtp_out *out, zm_rtp *rtp, uint64_t now_ns, uint32_t timestamp)
{
    (void)now_ns; /* sound's own time base stays as it is, so that it goes on where it would have been */
    out->sequence++;
    out->mapped = out->generating = false;
    rtp->sequence = out->sequence;
    rtp->timestamp = timestamp;
    rtp->ssrc = out->ssrc;
}

void zm_rtp_out_skip(zm_rtp_out *out, const zm_rtp *in)
{
    if (!out->mapped || in->ssrc != out->in_ssrc || in->sequence != (uint16_t)(out->in_high + 1))
        return;
    out->in_high = in->sequence;
    out->in_base = (uint16_t)(in->sequence + 1); /* the numbers before it now mean other packets */
    out->seq_offset--;
}

bool zm_rtp_out_relay(zm_rtp_out *out, zm_rtp *rtp, const zm_rtp *in, uint64_t now_ns)
{
    int16_t ahead = (int16_t)(in->sequence - out->in_high);

    if (!out->mapped || in->ssrc != out->in_ssrc || ahead > MAX_DROPOUT || ahead < -MAX_DROPOUT) {
        uint32_t timestamp = zm_rtp_out_now(out, now_ns);
        out->in_ssrc = in->ssrc;
        out->in_base = out->in_high = in->sequence;
        out->seq_offset = (uint16_t)(out->sequence + 1 - in->sequence);
        out->ts_offset = timestamp - in->timestamp;
        out->mapped = true;
        out->generating = false;
        out->mark = true;
        ahead = 1;
    } else if ((int16_t)(in->sequence - out->in_base) < 0) {
        /* Older than the stretch: its number belongs to what was sent before. (After 2^15 packets the base would look
         * newer than the packet, therefore it is moved along below.) */
        return false;
    }
    rtp->sequence = (uint16_t)(in->sequence + out->seq_offset);
    rtp->timestamp = in->timestamp + out->ts_offset;
    rtp->marker = in->marker || out->mark;
    if (ahead > 0) {
        out->in_high = in->sequence;
        out->sequence = rtp->sequence;
        out->timestamp = rtp->timestamp;
        if ((uint16_t)(in->sequence - out->in_base) > 2 * MAX_MISORDER)
            out->in_base = (uint16_t)(in->sequence - MAX_MISORDER);
    }
    out_sent(out, rtp, now_ns);
    return true;
}
