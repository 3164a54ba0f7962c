#include "ice.h"

#include <string.h>

#include "egress.h"
#include "stun.h"

static zm_path **chain_of(zm_thread *thread, const zm_addr *addr)
{
    return &thread->paths[zm_addr_hash(addr, thread->seed) & (ZM_TABLE - 1)];
}

zm_path *zm_ice_find_path(zm_thread *thread, const zm_addr *from)
{
    for (zm_path *path = *chain_of(thread, from); path; path = path->next)
        if (zm_addr_equal(&path->addr, from))
            return path;
    return NULL;
}

const zm_path *zm_ice_path(const zm_leg *leg)
{
    if (leg->web.consent_lost)
        return NULL;
    return leg->web.selected ? leg->web.selected : leg->web.latest;
}

static zm_leg **ufrag_chain_of(zm_thread *thread, const char *ufrag, uint32_t len)
{
    return &thread->ufrags[zm_bytes_hash(ufrag, len, thread->seed) & (ZM_TABLE - 1)];
}

void zm_ice_add_leg(zm_leg *leg)
{
    zm_leg **chain = ufrag_chain_of(leg->thread, leg->web.ufrag, (uint32_t)strlen(leg->web.ufrag));

    leg->web.ufrag_next = *chain;
    *chain = leg;
}

static void remove_path(zm_thread *thread, zm_path *path)
{
    zm_leg *leg = path->leg;
    zm_path **link = chain_of(thread, &path->addr);

    while (*link != path)
        link = &(*link)->next;
    *link = path->next;
    path->leg = NULL;
    if (leg->web.selected == path)
        leg->web.selected = NULL;
    if (leg->web.latest == path) {
        leg->web.latest = NULL;
        for (uint32_t i = 0; i < ZM_PATHS_MAX; i++) {
            zm_path *other = &leg->web.paths[i];
            if (other->leg && (!leg->web.latest || other->checked_ns > leg->web.latest->checked_ns))
                leg->web.latest = other;
        }
    }
}

void zm_ice_remove_leg(zm_leg *leg)
{
    zm_leg **link = ufrag_chain_of(leg->thread, leg->web.ufrag, (uint32_t)strlen(leg->web.ufrag));

    for (uint32_t i = 0; i < ZM_PATHS_MAX; i++)
        if (leg->web.paths[i].leg)
            remove_path(leg->thread, &leg->web.paths[i]);
    while (*link != leg)
        link = &(*link)->web.ufrag_next;
    *link = leg->web.ufrag_next;
}

static zm_leg *find_leg(zm_thread *thread, const char *ufrag, uint32_t len)
{
    for (zm_leg *leg = *ufrag_chain_of(thread, ufrag, len); leg; leg = leg->web.ufrag_next)
        if (strlen(leg->web.ufrag) == len && memcmp(leg->web.ufrag, ufrag, len) == 0)
            return leg;
    return NULL;
}

/* USERNAME is "ours:theirs" (RFC 8445 7.2.2).  Theirs may be unknown yet: a check can overtake the signalling, and who
 * knows our password has read our SDP. */
static zm_leg *leg_of_username(zm_thread *thread, const zm_stun *stun)
{
    const char *colon = memchr(stun->username, ':', stun->username_len);
    uint32_t ours_len, theirs_len;
    zm_leg *leg;

    if (colon == NULL)
        return NULL;
    ours_len = (uint32_t)(colon - stun->username);
    theirs_len = stun->username_len - ours_len - 1;
    leg = find_leg(thread, stun->username, ours_len);
    if (leg && leg->web.remote_ufrag[0] &&
        (strlen(leg->web.remote_ufrag) != theirs_len || memcmp(leg->web.remote_ufrag, colon + 1, theirs_len) != 0))
        return NULL;
    return leg;
}

static zm_path *verify_path(zm_leg *leg, const zm_addr *from)
{
    zm_thread *thread = leg->thread;
    zm_path *path = zm_ice_find_path(thread, from), **chain;

    if (path && path->leg != leg) { /* the address begins anew with another leg (a page that was reloaded) */
        remove_path(thread, path);
        path = NULL;
    }
    if (path == NULL) {
        path = &leg->web.paths[0];
        for (uint32_t i = 0; i < ZM_PATHS_MAX && path->leg; i++) {
            zm_path *other = &leg->web.paths[i];
            if (!other->leg || path == leg->web.selected ||
                (other != leg->web.selected && other->checked_ns < path->checked_ns))
                path = other;
        }
        if (path->leg)
            remove_path(thread, path);
        chain = chain_of(thread, from);
        path->leg = leg;
        path->addr = *from;
        path->next = *chain;
        *chain = path;
    }
    path->checked_ns = thread->now_ns;
    leg->web.latest = path;
    return path;
}

static void nominate(zm_leg *leg, zm_path *path)
{
    char text[ZM_ADDR_TEXT];
    zm_event *event;

    if (leg->web.selected == path && !leg->web.consent_lost)
        return;
    leg->web.selected = path;
    leg->web.consent_lost = false;
    zm_addr_format(&path->addr, text);
    event = zm_event_new(ZM_EVENT_ICE_CONNECTED, leg->id, text, (uint32_t)strlen(text));
    if (event)
        event->number = zm_addr_port(&path->addr);
    zm_raise_limited(leg, event);
}

static void answer_error(zm_thread *thread, const zm_stun *stun, const zm_addr *from, unsigned code, const char *pwd)
{
    static const struct {
        unsigned code;
        const char *reason;
    } reasons[] = {
        {400, "Bad Request"}, {401, "Unauthenticated"}, {420, "Unknown Attribute"}, {487, "Role Conflict"}};
    uint8_t response[ZM_STUN_RESPONSE_MAX];
    const char *reason = "";

    for (uint32_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == code)
            reason = reasons[i].reason;
    zm_send_web(thread, NULL, from, response, zm_stun_write_error(response, stun, code, reason, pwd));
}

void zm_ice_receive(zm_thread *thread, const uint8_t *datagram, uint32_t len, const zm_addr *from)
{
    uint8_t response[ZM_STUN_RESPONSE_MAX];
    zm_stun stun;
    zm_leg *leg;
    zm_path *path;

    /* RFC 8445 7.1 demands FINGERPRINT on every check; without it this may be anything. */
    if (!zm_stun_parse(&stun, datagram, len) || !stun.fingerprint) {
        ZM_COUNT(thread->statistics.rejected);
        return;
    }
    if (stun.type != ZM_STUN_BINDING_REQUEST)
        return; /* indications keep a NAT open and want no answer; responses can't be to us, we ask nothing */
    if (stun.username == NULL || stun.integrity_at == 0) {
        ZM_COUNT(thread->statistics.rejected);
        answer_error(thread, &stun, from, 400, NULL);
        return;
    }
    leg = leg_of_username(thread, &stun);
    if (leg == NULL || !zm_stun_check_integrity(&stun, datagram, leg->web.pwd)) {
        ZM_COUNT(thread->statistics.rejected);
        if (leg)
            leg->rejected++;
        answer_error(thread, &stun, from, 401, NULL);
        return;
    }
    if (stun.unknown_count) {
        answer_error(thread, &stun, from, 420, leg->web.pwd);
        return;
    }
    if (stun.controlled) { /* a lite agent is never the controlling one (RFC 8445 6.1.1, 7.3.1.1) */
        answer_error(thread, &stun, from, 487, leg->web.pwd);
        return;
    }
    path = verify_path(leg, from);
    zm_send_web(thread, leg, from, response, zm_stun_write_success(response, &stun, from, leg->web.pwd));
    if (stun.use_candidate)
        nominate(leg, path);
}

void zm_ice_expire(zm_leg *leg)
{
    zm_thread *thread = leg->thread;
    bool selected = leg->web.selected != NULL, known = leg->web.latest != NULL;

    for (uint32_t i = 0; i < ZM_PATHS_MAX; i++) {
        zm_path *path = &leg->web.paths[i];
        if (path->leg && thread->now_ns - path->checked_ns > thread->consent_ns)
            remove_path(thread, path);
    }
    /* Also when a browser left before it nominated a pair: then the last path that passed a check counts. */
    if ((selected && leg->web.selected == NULL) || (known && leg->web.latest == NULL && !leg->web.consent_lost)) {
        leg->web.consent_lost = true; /* and nothing more is sent until a pair is nominated again (RFC 7675 5.1) */
        zm_raise(thread->events, zm_event_new(ZM_EVENT_CONSENT_LOST, leg->id, NULL, 0));
    }
}
