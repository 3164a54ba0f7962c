/* RTCP: a leg takes datagrams and writes its own reports in between; what it writes is well-formed. */
#include "../../../gateway/media/native/rtcp.h"
#include "../../../gateway/media/native/rtcp_wire.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    zm_leg *leg = calloc(1, sizeof *leg);
    uint64_t now_ns = 5000000000u;

    must(leg != NULL, "memory");
    leg->source.clock_rate = leg->out.clock_rate = 8000;
    leg->out.ssrc = 0x11223344;
    while (input.left) {
        uint8_t what = take8(&input), report[ZM_RTCP_MAX];
        size_t length = take16(&input) & 0x1ff;
        uint8_t *datagram = take_copy(&input, &length, 0);

        now_ns += (uint64_t)take8(&input) * 50000000;
        bool well_formed = zm_rtcp_check(datagram, (uint32_t)length);
        must(zm_rtcp_read(leg, datagram, (uint32_t)length, now_ns) == well_formed, "well-formed is taken, all else not");
        if (what & 1)
            leg->out.packets++;
        uint32_t written = zm_rtcp_write(leg, report, now_ns, what & 2);
        must(written <= sizeof report && zm_rtcp_check(report, written), "a report of ours is well-formed");
        free(datagram);
    }
    free(leg);
    return 0;
}
