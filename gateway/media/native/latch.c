#include "latch.h"

#include <string.h>

static bool is_set(const zm_addr *addr)
{
    return addr->any.sa_family != 0;
}

static bool stays(const zm_latch *latch, const zm_latch_rule *rule, uint64_t now_ns)
{
    return is_set(&latch->rtp) && zm_addr_equal(&latch->rtp, &rule->rtp) && latch->learns == rule->learns &&
           (!latch->latched || now_ns - latch->heard_ns < ZM_LATCH_SILENT_NS);
}

void zm_latch_set(zm_latch *latch, const zm_latch_rule *rule, uint64_t now_ns)
{
    bool same = stays(latch, rule, now_ns);
    zm_addr rtcp = rule->rtp;

    zm_addr_set_port(&rtcp, rule->rtcp_port ? rule->rtcp_port : (uint16_t)(zm_addr_port(&rule->rtp) + 1));
    latch->signalling = rule->signalling;
    if (same && zm_addr_equal(&latch->rtcp, &rtcp)) {
        latch->rtcp_mux |= rule->rtcp_mux; /* once it was seen on RTP's port, it stays there */
        return;
    }
    latch->rtcp = latch->rtcp_peer = rtcp;
    latch->rtcp_latched = false;
    latch->rtcp_mux = rule->rtcp_mux;
    if (same)
        return;
    latch->rtp = latch->peer = rule->rtp;
    latch->learns = rule->learns;
    latch->latched = false;
}

/* Where a leg that has not learned yet may learn from. */
static bool may_be(const zm_latch *latch, const zm_addr *from)
{
    return zm_addr_same_host(from, &latch->rtp) ||
           (is_set(&latch->signalling) && zm_addr_same_host(from, &latch->signalling));
}

bool zm_latch_admits(const zm_latch *latch, const zm_addr *from, uint64_t now_ns)
{
    if (!latch->learns)
        return zm_addr_equal(from, &latch->rtp);
    if (!latch->latched)
        return may_be(latch, from);
    return zm_addr_equal(from, &latch->peer) ||
           (zm_addr_equal(from, &latch->rtp) && now_ns - latch->latched_ns < ZM_LATCH_SETTLE_NS);
}

void zm_latch_hold(zm_latch *latch, const zm_addr *from, uint64_t now_ns)
{
    latch->heard_ns = now_ns;
    if (latch->latched && zm_addr_equal(from, &latch->peer))
        return;
    latch->peer = *from;
    latch->latched = true;
    latch->latched_ns = now_ns;
}

bool zm_latch_admits_rtcp(const zm_latch *latch, const zm_addr *from)
{
    if (!latch->learns)
        return zm_addr_equal(from, &latch->rtcp);
    if (latch->rtcp_latched)
        return zm_addr_equal(from, &latch->rtcp_peer);
    return latch->latched ? zm_addr_same_host(from, &latch->peer) : may_be(latch, from);
}

void zm_latch_hold_rtcp(zm_latch *latch, const zm_addr *from)
{
    latch->rtcp_peer = *from;
    latch->rtcp_latched = true;
}

void zm_latch_hold_mux(zm_latch *latch)
{
    latch->rtcp_mux = true;
}
