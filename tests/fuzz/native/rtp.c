/* RTP: a row of datagrams through what counts a source, and through the numbering of what is sent on. */
#include "../../../gateway/media/native/rtp.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint64_t now_ns = 1000000000;
    zm_rtp_source source = {.clock_rate = take8(&input) & 1 ? 48000 : 8000};
    zm_rtp_out out = {.clock_rate = source.clock_rate, .packet_samples = source.clock_rate / 50};

    zm_rtp_out_init(&out, take32(&input), take16(&input), take32(&input));
    while (input.left) {
        uint8_t what = take8(&input);
        size_t length = what & 0x80 ? take8(&input) + 12u : 12 + (what & 15);
        uint8_t *datagram = take_copy(&input, &length, 0), header[ZM_RTP_HEADER];
        zm_rtp rtp, to = {0}, again;

        now_ns += (uint64_t)take8(&input) * 5000000;
        if (zm_rtp_parse(&rtp, datagram, (uint32_t)length)) {
            must(rtp.payload >= datagram && rtp.payload + rtp.payload_len <= datagram + length, "payload inside");
            (void)zm_rtp_source_update(&source, &rtp, now_ns, what & 1);
            if (what & 2)
                zm_rtp_out_skip(&out, &rtp);
            else if (zm_rtp_out_relay(&out, &to, &rtp, now_ns))
                must(to.ssrc == out.ssrc, "our SSRC");
            zm_rtp_write(header, &rtp);
            must(zm_rtp_parse(&again, header, sizeof header) && again.sequence == rtp.sequence &&
                     again.timestamp == rtp.timestamp && again.ssrc == rtp.ssrc && again.marker == rtp.marker,
                 "what is written is what is read");
        }
        if (what & 4)
            zm_rtp_out_generate(&out, &to, now_ns, out.clock_rate / 50);
        if (what & 8)
            zm_rtp_out_event(&out, &to, now_ns, zm_rtp_out_now(&out, now_ns));
        if (what & 16)
            zm_rtp_out_switch(&out);
        if (what & 32)
            zm_rtp_source_leave(&source);
        (void)zm_rtp_source_lost(&source);
        (void)zm_rtp_source_jitter_us(&source);
        if (what & 64)
            (void)zm_rtp_source_fraction(&source);
        free(datagram);
    }
    return 0;
}
