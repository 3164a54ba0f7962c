/* Who may send to a telephone's leg: datagrams from hosts and ports of the input, good and bad ones, while descriptions come
 * and time passes.  Whatever happens, a strict leg hears the described address alone, a leg that has learned holds what it
 * has learned, and nobody who is neither where the description nor where the signalling says is ever sent to. */
#include "../../../gateway/media/native/latch.h"
#include "input.h"

enum { DESCRIBED, SIGNALLING, OTHER, DESCRIBED_V6, HOSTS };

static zm_addr addr_of(uint8_t what)
{
    static const char *const hosts[HOSTS] = {"192.0.2.1", "198.51.100.7", "203.0.113.66", "2001:db8::1"};
    zm_addr addr;

    must(zm_addr_parse(&addr, hosts[what % HOSTS], (uint16_t)(5000 + (what >> 2 & 7))), "an address");
    return addr;
}

static zm_latch_rule take_rule(struct input *input)
{
    uint8_t what = take8(input);
    zm_latch_rule rule = {
        .rtp = addr_of(what & 1 ? DESCRIBED | (what & 0x1c) : DESCRIBED_V6 | (what & 0x1c)),
        .rtcp_port = what & 0x20 ? (uint16_t)(5001 + (what >> 2 & 7)) : 0, .learns = what & 0x40, .rtcp_mux = what & 0x80,
    };

    if (what & 2)
        rule.signalling = addr_of(SIGNALLING);
    return rule;
}

static void is_possible(const zm_latch *latch, const zm_addr *to)
{
    zm_addr other = addr_of(OTHER);

    must(!zm_addr_same_host(to, &other), "nobody else is sent to");
    must(latch->learns || zm_addr_equal(to, &latch->rtp) || zm_addr_equal(to, &latch->rtcp), "strict is strict");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint64_t now_ns = 1000000000, latched_ns = 0;
    zm_latch latch = {0};
    zm_latch_rule rule = take_rule(&input);

    zm_latch_set(&latch, &rule, now_ns);
    while (input.left) {
        uint8_t what = take8(&input);
        zm_addr from = addr_of(take8(&input)), before = latch.peer;
        bool held = latch.latched;

        now_ns += (what >> 4) * 200000000ull;
        switch (what & 3) {
        case 0:
            if (!zm_latch_admits(&latch, &from, now_ns))
                break;
            must(latch.learns || zm_addr_equal(&from, &latch.rtp), "a strict leg admits the described address alone");
            must(
                !held || zm_addr_equal(&from, &before) ||
                    (zm_addr_equal(&from, &latch.rtp) && now_ns - latched_ns < ZM_LATCH_SETTLE_NS),
                "what was learned is held");
            if (what & 4)
                break; /* admitted, but no good */
            if (!held || !zm_addr_equal(&from, &before))
                latched_ns = now_ns;
            zm_latch_hold(&latch, &from, now_ns);
            must(zm_addr_equal(&latch.peer, &from), "who sends is sent to");
            break;
        case 1:
            if (zm_latch_admits_rtcp(&latch, &from) && !(what & 4))
                zm_latch_hold_rtcp(&latch, &from);
            break;
        case 2:
            if (what & 4)
                zm_latch_hold_mux(&latch);
            break;
        default:
            rule = take_rule(&input);
            zm_latch_set(&latch, &rule, now_ns);
            must(latch.learns == rule.learns && zm_addr_equal(&latch.rtp, &rule.rtp), "the newest description holds");
        }
        is_possible(&latch, &latch.peer);
        is_possible(&latch, &latch.rtcp_peer);
    }
    return 0;
}
