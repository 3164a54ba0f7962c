/* See zentrale_pjsip.hpp.  Everything here runs on the one thread that drives PJSIP. */
#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>

#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "zentrale_info.hpp"
#include "zentrale_pjsip.hpp"

#define THIS_FILE "zentrale_pjsip.cpp"

#ifndef ZENTRALE_RECIPE
#  error "build.py defines ZENTRALE_RECIPE"
#endif
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

using std::string;

namespace {

struct Network {
    int           family;
    unsigned char address[16];
    unsigned      prefix;
};

std::vector<Network> networks;
pj::DoorCounts counted;
bool forbid_strangers;
bool running;
pjsip_tp_state_callback next_state_callback;

bool matches(const Network &network, int family, const unsigned char *address)
{
    if (network.family != family)
        return false;
    unsigned bytes = network.prefix / 8, bits = network.prefix % 8;
    if (std::memcmp(network.address, address, bytes) != 0)
        return false;
    if (bits == 0)
        return true;
    unsigned char mask = (unsigned char)(0xff << (8 - bits));
    return (network.address[bytes] & mask) == (address[bytes] & mask);
}

bool is_allowed(const pj_sockaddr *source)
{
    int family = source->addr.sa_family;
    const unsigned char *address = (const unsigned char *)pj_sockaddr_get_addr(source);
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    if (family == pj_AF_INET6() && std::memcmp(address, mapped, sizeof(mapped)) == 0) {
        family = pj_AF_INET();      /* ::ffff:a.b.c.d on a socket that serves both (RFC 4291 2.5.5.2) */
        address += sizeof(mapped);
    }
    for (const Network &network : networks)
        if (matches(network, family, address))
            return true;
    return false;
}

void note_stranger(const pj_sockaddr *source, const char *transport, const pj_str_t *method)
{
    char text[PJ_INET6_ADDRSTRLEN + 10];
    counted.lastStranger = pj_sockaddr_print(source, text, sizeof(text), 3);
    counted.lastStranger += string("/") + transport;
    if (method)
        counted.lastStranger += " " + string(method->ptr, (size_t)PJ_MIN(method->slen, 32));
}

bool is_served(const pjsip_method &method)
{
    static const char *others[] = { "UPDATE", "PRACK", "INFO" };
    switch (method.id) {
    case PJSIP_INVITE_METHOD:
    case PJSIP_ACK_METHOD:
    case PJSIP_CANCEL_METHOD:
    case PJSIP_BYE_METHOD:
    case PJSIP_OPTIONS_METHOD:
        return true;
    case PJSIP_OTHER_METHOD:
        for (const char *name : others)
            if (pj_strcmp2(&method.name, name) == 0)
                return true;
        return false;
    default:
        return false;
    }
}

void respond(pjsip_rx_data *rdata, int code)
{
    pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, code, NULL, NULL, NULL);
}

void respond_with(pjsip_rx_data *rdata, int code, const char *reason, const char *header, const char *value)
{
    pj_str_t text = pj_str((char *)reason), name = pj_str((char *)header), content = pj_str((char *)value);
    pjsip_generic_string_hdr added;
    pjsip_hdr headers;
    pj_list_init(&headers);
    if (header) {
        pjsip_generic_string_hdr_init2(&added, &name, &content);
        pj_list_push_back(&headers, (pjsip_hdr *)&added);
    }
    pjsip_endpt_respond_stateless(
        pjsua_get_pjsip_endpt(), rdata, code, reason ? &text : NULL, &headers, NULL);
}

void respond_with_allow(pjsip_rx_data *rdata, int code)
{
    respond_with(rdata, code, NULL, "Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO");
}

bool belongs_to_dialog(pjsip_rx_data *rdata)
{
    const pj_str_t *to_tag = &rdata->msg_info.to->tag;
    return to_tag->slen && pjsip_ua_find_dialog(&rdata->msg_info.cid->id, to_tag, &rdata->msg_info.from->tag, PJ_FALSE);
}

pj_bool_t on_rx_request(pjsip_rx_data *rdata)
{
    const pjsip_method &method = rdata->msg_info.msg->line.req.method;
    bool is_ack = method.id == PJSIP_ACK_METHOD;    /* an ACK is never answered */

    if (!is_allowed(&rdata->pkt_info.src_addr)) {
        ++counted.strangers;
        note_stranger(&rdata->pkt_info.src_addr, rdata->tp_info.transport->type_name, &method.name);
        if (forbid_strangers && !is_ack)
            respond(rdata, PJSIP_SC_FORBIDDEN);
        return PJ_TRUE;
    }
    if (!is_served(method)) {
        ++counted.methods;
        respond_with_allow(rdata, PJSIP_SC_METHOD_NOT_ALLOWED);
        return PJ_TRUE;
    }
    if (method.id == PJSIP_OPTIONS_METHOD && (rdata->msg_info.to->tag.slen == 0 || belongs_to_dialog(rdata))) {
        /* pjsua-lib answers 500 within a dialog; trunks ask there too, to see whether the call still exists. */
        respond_with_allow(rdata, PJSIP_SC_OK);
        return PJ_TRUE;
    }
    if (pj_strcmp2(&method.name, "INFO") == 0) {
        if (!belongs_to_dialog(rdata)) {
            respond(rdata, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST);
            return PJ_TRUE;
        }
        zentrale::InfoVerdict verdict = zentrale::judge_info(rdata);
        if (verdict.code)
            respond_with(rdata, verdict.code, verdict.reason, verdict.header, verdict.value);
        return verdict.code ? PJ_TRUE : PJ_FALSE;
    }
    if (method.id == PJSIP_INVITE_METHOD) {
        /* A call that takes another's place (RFC 3891) would step round the distributor. */
        static const pj_str_t replaces = { (char *)"Replaces", 8 };
        if (pjsip_msg_find_hdr_by_name(rdata->msg_info.msg, &replaces, NULL)) {
            ++counted.methods;
            respond(rdata, PJSIP_SC_FORBIDDEN);
            return PJ_TRUE;
        }
    }
    return PJ_FALSE;
}

pj_bool_t on_rx_response(pjsip_rx_data *rdata)
{
    if (is_allowed(&rdata->pkt_info.src_addr))
        return PJ_FALSE;
    ++counted.strangers;
    note_stranger(&rdata->pkt_info.src_addr, rdata->tp_info.transport->type_name, NULL);
    return PJ_TRUE;
}

void on_dropped(pjsip_tp_dropped_data *dropped)
{
    if (dropped->status != PJ_EIGNORED)     /* that is a keep-alive: newlines only */
        ++counted.malformed;
}

void on_transport_state(pjsip_transport *transport, pjsip_transport_state state,
                        const pjsip_transport_state_info *info)
{
    bool arrives = state == PJSIP_TP_STATE_CONNECTED && transport->dir == PJSIP_TP_DIR_INCOMING;
    if (arrives && !forbid_strangers && !is_allowed(&transport->key.rem_addr)) {
        ++counted.strangerConnections;
        note_stranger(&transport->key.rem_addr, transport->type_name, NULL);
        pjsip_transport_shutdown2(transport, PJ_TRUE);
    }
    if (next_state_callback)
        (*next_state_callback)(transport, state, info);
}

/* Before the transport layer's own module (8): the first to see a message. */
enum { DOOR_PRIORITY = 4 };

pjsip_module door = {
    NULL, NULL, { (char *)"mod-zentrale-door", 17 }, -1, DOOR_PRIORITY,
    NULL, NULL, NULL, NULL, &on_rx_request, &on_rx_response, NULL, NULL, NULL,
};

}  // namespace

namespace pj {

Doorkeeper::Doorkeeper() {}
Doorkeeper::~Doorkeeper() { stop(); }

void Doorkeeper::allow(const StringVector &texts) PJSUA2_THROW(Error)
{
    std::vector<Network> parsed;
    for (const string &text : texts) {
        Network network;
        size_t slash = text.find('/');
        string address = text.substr(0, slash);
        std::memset(&network, 0, sizeof(network));
        network.family = address.find(':') == string::npos ? pj_AF_INET() : pj_AF_INET6();
        unsigned longest = network.family == pj_AF_INET() ? 32 : 128;
        network.prefix = slash == string::npos ? longest : (unsigned)std::atoi(text.c_str() + slash + 1);
        if (network.prefix > longest || ::inet_pton(network.family, address.c_str(), network.address) != 1)
            PJSUA2_RAISE_ERROR3(PJ_EINVAL, "Doorkeeper::allow", "not a network: " + text);
        parsed.push_back(network);
    }
    networks.swap(parsed);
}

void Doorkeeper::start(bool forbid) PJSUA2_THROW(Error)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    if (!endpoint || running)
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "Doorkeeper::start");
    counted = DoorCounts();
    forbid_strangers = forbid;
    PJSUA2_CHECK_EXPR(pjsip_endpt_register_module(endpoint, &door));
    pjsip_tpmgr *manager = pjsip_endpt_get_tpmgr(endpoint);
    next_state_callback = pjsip_tpmgr_get_state_cb(manager);
    pjsip_tpmgr_set_state_cb(manager, &on_transport_state);
    pjsip_tpmgr_set_drop_data_cb(manager, &on_dropped);
    running = true;
}

void Doorkeeper::stop()
{
    pjsip_endpoint *endpoint = running ? pjsua_get_pjsip_endpt() : NULL;
    running = false;
    if (!endpoint)
        return;
    pjsip_tpmgr *manager = pjsip_endpt_get_tpmgr(endpoint);
    pjsip_tpmgr_set_drop_data_cb(manager, NULL);
    pjsip_tpmgr_set_state_cb(manager, next_state_callback);
    next_state_callback = NULL;
    pjsip_endpt_unregister_module(endpoint, &door);
}

DoorCounts Doorkeeper::counts() const { return counted; }

string zentraleActiveSdp(int callId, bool remote) PJSUA2_THROW(Error)
{
    if (callId < 0 || callId >= (int)pjsua_call_get_max_count())
        PJSUA2_RAISE_ERROR2(PJ_EINVAL, "zentraleActiveSdp");
    std::vector<char> text(PJSUA2_MAX_SDP_BUF_LEN);
    const pjmedia_sdp_session *sdp = NULL;
    int length = -1;
    PJSUA_LOCK();
    pjsip_inv_session *invite = pjsua_var.calls[callId].inv;
    if (invite && invite->neg) {
        pj_status_t status = remote ? pjmedia_sdp_neg_get_active_remote(invite->neg, &sdp)
                                    : pjmedia_sdp_neg_get_active_local(invite->neg, &sdp);
        if (status == PJ_SUCCESS && sdp)
            length = pjmedia_sdp_print(sdp, text.data(), text.size());
    }
    PJSUA_UNLOCK();
    return length > 0 ? string(text.data(), (size_t)length) : string();
}

int zentraleEventFd() PJSUA2_THROW(Error)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    if (!endpoint)
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "zentraleEventFd");
    /* The epoll back end hands out the descriptor's address, not the descriptor. */
    const int *fd = (const int *)pj_ioqueue_get_os_handle(pjsip_endpt_get_ioqueue(endpoint));
    if (!fd)
        PJSUA2_RAISE_ERROR2(PJ_ENOTSUP, "zentraleEventFd");
    return *fd;
}

int zentraleNextTimerMs() PJSUA2_THROW(Error)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    pj_time_val due, now;
    if (!endpoint)
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "zentraleNextTimerMs");
    pj_timer_heap_t *heap = pjsip_endpt_get_timer_heap(endpoint);
    if (pj_timer_heap_count(heap) == 0 || pj_timer_heap_earliest_time(heap, &due) != PJ_SUCCESS)
        return -1;
    pj_gettickcount(&now);
    PJ_TIME_VAL_SUB(due, now);
    if (due.sec < 0)
        return 0;
    return due.sec > 3600 ? 3600 * 1000 : (int)PJ_TIME_VAL_MSEC(due);
}

void zentraleSetTimers(unsigned t1, unsigned t2, unsigned t4, unsigned td)
{
    pjsip_cfg()->tsx.t1 = t1;
    pjsip_cfg()->tsx.t2 = t2;
    pjsip_cfg()->tsx.t4 = t4;
    pjsip_cfg()->tsx.td = td;
}

void zentraleSetLogLevel(int level) { pj_log_set_level(level); }
string zentraleRecipe() { return TEXT(ZENTRALE_RECIPE); }
int zentraleCallsMax() { return PJSUA_MAX_CALLS; }

}  // namespace pj
