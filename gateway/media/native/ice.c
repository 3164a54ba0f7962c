#include "ice.h"

#include <string.h>

#include "egress.h"
#include "ice_proof.h"
#include "stun.h"

static zm_path **chain_of(zm_thread *thread, const zm_web_port *port, const zm_addr *addr)
{
    uint64_t number = (uint64_t)(port - thread->web);

    return &thread->paths[zm_addr_hash(addr, thread->seed ^ number << 48) & (ZM_TABLE - 1)];
}

zm_path *zm_ice_find_path(zm_thread *thread, const zm_web_port *port, const zm_addr *from)
{
    for (zm_path *path = *chain_of(thread, port, from); path; path = path->next)
        if (path->port == port && zm_addr_equal(&path->addr, from))
            return path;
    return NULL;
}

const zm_path *zm_ice_handshake_path(const zm_leg *leg)
{
    if (leg->web.consent_lost)
        return NULL;
    return leg->web.selected ? leg->web.selected : leg->web.latest;
}

const zm_path *zm_ice_path(const zm_leg *leg)
{
    const zm_path *path = zm_ice_handshake_path(leg);

    return path && zm_path_trusted(path) ? path : NULL;
}

/* --- credentials ---------------------------------------------------------------------------------------------------- */

static zm_credentials **ufrag_chain_of(zm_thread *thread, const char *ufrag, uint32_t len)
{
    return &thread->ufrags[zm_bytes_hash(ufrag, len, thread->seed) & (ZM_TABLE - 1)];
}

static void add_credentials(zm_leg *leg, zm_credentials *credentials)
{
    zm_credentials **chain = ufrag_chain_of(leg->thread, credentials->ufrag, (uint32_t)strlen(credentials->ufrag));

    credentials->leg = leg;
    credentials->next = *chain;
    *chain = credentials;
}

static void remove_credentials(zm_credentials *credentials)
{
    zm_credentials **link;

    if (credentials->leg == NULL)
        return;
    link = ufrag_chain_of(credentials->leg->thread, credentials->ufrag, (uint32_t)strlen(credentials->ufrag));
    while (*link != credentials)
        link = &(*link)->next;
    *link = credentials->next;
    explicit_bzero(credentials, sizeof *credentials);
}

void zm_ice_add_leg(zm_leg *leg)
{
    leg->web.asks = ZM_ASKS_MAX;
    add_credentials(leg, &leg->web.credentials[leg->web.current]);
}

void zm_ice_restart(zm_leg *leg, const char *ufrag, const char *pwd)
{
    zm_web_transport *web = &leg->web;
    zm_credentials *credentials;

    /* Those that a pair was nominated under are kept.  Without any, the newest are: their checks may be under way. */
    if (web->credentials[web->current].nominated || web->credentials[web->current ^ 1].leg == NULL)
        web->current ^= 1;
    credentials = &web->credentials[web->current];
    remove_credentials(credentials);
    memcpy(credentials->ufrag, ufrag, strlen(ufrag) + 1);
    memcpy(credentials->pwd, pwd, strlen(pwd) + 1);
    add_credentials(leg, credentials);
}

static zm_credentials *find_credentials(zm_thread *thread, const char *ufrag, uint32_t len)
{
    zm_credentials *found = *ufrag_chain_of(thread, ufrag, len);

    while (found && (strlen(found->ufrag) != len || memcmp(found->ufrag, ufrag, len) != 0))
        found = found->next;
    return found;
}

/* USERNAME is "ours:theirs" (RFC 8445 7.2.2).  Theirs may be unknown yet: a check can overtake the signalling, and who
 * knows our password has read our SDP. */
static zm_credentials *credentials_of_username(zm_thread *thread, const zm_stun *stun)
{
    const char *colon = memchr(stun->username, ':', stun->username_len), *theirs;
    uint32_t ours_len, theirs_len;
    zm_credentials *found;

    if (colon == NULL)
        return NULL;
    ours_len = (uint32_t)(colon - stun->username);
    theirs_len = stun->username_len - ours_len - 1;
    found = find_credentials(thread, stun->username, ours_len);
    if (found == NULL)
        return NULL;
    theirs = found->remote_ufrag;
    if (theirs[0] && (strlen(theirs) != theirs_len || memcmp(theirs, colon + 1, theirs_len) != 0))
        return NULL;
    return found;
}

/* --- paths ---------------------------------------------------------------------------------------------------------- */

static void list_path(zm_thread *thread, zm_path *path)
{
    zm_path **chain = chain_of(thread, path->port, &path->addr);

    path->next = *chain;
    *chain = path;
    path->listed = true;
}

static void unlist_path(zm_thread *thread, const zm_path *path)
{
    zm_path **link = chain_of(thread, path->port, &path->addr);

    while (*link != path)
        link = &(*link)->next;
    *link = path->next;
}

static void remove_path(zm_thread *thread, zm_path *path)
{
    zm_leg *leg = path->leg;

    if (path->listed)
        unlist_path(thread, path);
    path->leg = NULL;
    if (leg->web.selected == path)
        leg->web.selected = NULL;
    if (leg->web.wanted == path)
        leg->web.wanted = NULL;
    if (leg->web.latest == path) {
        leg->web.latest = NULL;
        for (uint32_t i = 0; i < ZM_PATHS_MAX; i++) {
            zm_path *other = &leg->web.paths[i];
            if (other->leg && other->listed && (!leg->web.latest || other->checked_ns > leg->web.latest->checked_ns))
                leg->web.latest = other;
        }
    }
}

void zm_ice_remove_leg(zm_leg *leg)
{
    for (uint32_t i = 0; i < ZM_PATHS_MAX; i++)
        if (leg->web.paths[i].leg)
            remove_path(leg->thread, &leg->web.paths[i]);
    remove_credentials(&leg->web.credentials[0]);
    remove_credentials(&leg->web.credentials[1]);
}

/* The leg's own path between this source and our port, listed or not. */
static zm_path *path_of(zm_leg *leg, const zm_web_port *port, const zm_addr *from)
{
    for (uint32_t i = 0; i < ZM_PATHS_MAX; i++) {
        zm_path *path = &leg->web.paths[i];
        if (path->leg && path->port == port && zm_addr_equal(&path->addr, from))
            return path;
    }
    return NULL;
}

/* Which of two makes room: never the one in use, one that is not proved sooner, else the older. */
static bool goes_first(const zm_leg *leg, const zm_path *path, const zm_path *other)
{
    if (path == leg->web.selected || other == leg->web.selected)
        return other == leg->web.selected;
    if (path->proved != other->proved)
        return other->proved;
    return path->checked_ns < other->checked_ns;
}

static zm_path *new_path(zm_leg *leg, zm_web_port *port, const zm_addr *from)
{
    zm_path *path = &leg->web.paths[0];

    for (uint32_t i = 1; i < ZM_PATHS_MAX && path->leg; i++) {
        zm_path *other = &leg->web.paths[i];
        if (!other->leg || goes_first(leg, other, path))
            path = other;
    }
    if (path->leg)
        remove_path(leg->thread, path);
    *path = (zm_path){.leg = leg, .port = port, .addr = *from};
    return path;
}

/* What no nomination says otherwise goes to where the last check came from; once there are keys, only if that is trusted. */
static void note_latest(zm_leg *leg, zm_path *path)
{
    if (path->listed && (leg->srtp_out == NULL || leg->web.latest == NULL || zm_path_trusted(path)))
        leg->web.latest = path;
}

static zm_path *verify_path(zm_leg *leg, const zm_credentials *credentials, zm_web_port *port, const zm_addr *from)
{
    zm_thread *thread = leg->thread;
    zm_path *path = path_of(leg, port, from), *other = zm_ice_find_path(thread, port, from);

    if (path == NULL)
        path = new_path(leg, port, from);
    path->checked_ns = thread->now_ns;
    path->under = (uint8_t)(credentials - leg->web.credentials);
    if (other && other != path && !other->proved) { /* the address begins anew with another leg (a page that was reloaded) */
        remove_path(thread, other);
        other = NULL;
    }
    if (other == NULL)
        list_path(thread, path);
    note_latest(leg, path);
    return path;
}

static void select_path(zm_leg *leg, zm_path *path)
{
    zm_web_transport *web = &leg->web;
    char text[ZM_ADDR_TEXT];
    zm_event *event;

    web->wanted = NULL;
    web->selected = path;
    web->consent_lost = false;
    zm_addr_format(&path->addr, text);
    event = zm_event_new(ZM_EVENT_ICE_CONNECTED, leg->id, text, (uint32_t)strlen(text));
    if (event)
        event->number = zm_addr_port(&path->addr);
    zm_raise_limited(leg, event);
}

static void nominate(zm_leg *leg, zm_credentials *credentials, zm_path *path)
{
    zm_web_transport *web = &leg->web;

    credentials->nominated = true;
    if (credentials == &web->credentials[web->current]) /* a restart is complete: what was before it counts no more */
        remove_credentials(&web->credentials[web->current ^ 1]);
    if (web->selected == path && !web->consent_lost)
        web->wanted = NULL;
    else if (!path->listed || (leg->srtp_out && !zm_path_trusted(path)))
        web->wanted = path;
    else
        select_path(leg, path);
}

static void take_answer(
    zm_thread *thread, const zm_web_port *port, const zm_stun *stun, const uint8_t *datagram, const zm_addr *from)
{
    zm_path *path = zm_path_answered(thread, port, stun, datagram, from), *other;

    if (path == NULL) {
        zm_reject(thread, NULL, ZM_REJECT_STUN);
        return;
    }
    path->proved = true;
    if (!path->listed) {
        other = zm_ice_find_path(thread, port, from);
        if (other)
            remove_path(thread, other);
        list_path(thread, path);
    }
    note_latest(path->leg, path);
    if (path->leg->web.wanted == path)
        select_path(path->leg, path);
}

static void answer_error(
    zm_thread *thread, zm_web_port *port, const zm_stun *stun, const zm_addr *from, unsigned code, const char *pwd)
{
    static const struct {
        unsigned code;
        const char *reason;
    } reasons[] = {
        {400, "Bad Request"}, {401, "Unauthenticated"}, {420, "Unknown Attribute"}, {487, "Role Conflict"}};
    uint8_t response[ZM_STUN_RESPONSE_MAX];
    const char *reason = "";

    if (pwd == NULL && !zm_budget_take(&thread->refusals, from, thread->now_ns, thread->seed)) {
        ZM_COUNT(thread->statistics.unanswered);
        return;
    }
    for (uint32_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == code)
            reason = reasons[i].reason;
    zm_send_web(thread, NULL, port, from, response, zm_stun_write_error(response, stun, code, reason, pwd));
}

void zm_ice_receive(zm_thread *thread, zm_web_port *port, const uint8_t *datagram, uint32_t len, const zm_addr *from)
{
    uint8_t response[ZM_STUN_RESPONSE_MAX];
    zm_credentials *credentials;
    zm_stun stun;
    zm_leg *leg;
    zm_path *path;

    /* RFC 8445 7.1 demands FINGERPRINT on every check; without it this may be anything. */
    if (!zm_stun_parse(&stun, datagram, len) || !stun.fingerprint) {
        zm_reject(thread, NULL, ZM_REJECT_MALFORMED);
        return;
    }
    if (stun.type == ZM_STUN_BINDING_SUCCESS)
        take_answer(thread, port, &stun, datagram, from);
    if (stun.type != ZM_STUN_BINDING_REQUEST)
        return; /* indications keep a NAT open and want no answer; of errors the browser's next check says more */
    if (stun.username == NULL || stun.integrity_at == 0) {
        zm_reject(thread, NULL, ZM_REJECT_STUN);
        answer_error(thread, port, &stun, from, 400, NULL);
        return;
    }
    credentials = credentials_of_username(thread, &stun);
    if (credentials == NULL || !zm_stun_check_integrity(&stun, datagram, credentials->pwd)) {
        zm_reject(thread, credentials ? credentials->leg : NULL, ZM_REJECT_STUN);
        answer_error(thread, port, &stun, from, 401, NULL);
        return;
    }
    if (stun.unknown_count) {
        answer_error(thread, port, &stun, from, 420, credentials->pwd);
        return;
    }
    if (stun.controlled) { /* a lite agent is never the controlling one (RFC 8445 6.1.1, 7.3.1.1) */
        answer_error(thread, port, &stun, from, 487, credentials->pwd);
        return;
    }
    leg = credentials->leg;
    path = verify_path(leg, credentials, port, from);
    zm_send_web(thread, leg, port, from, response, zm_stun_write_success(response, &stun, from, credentials->pwd));
    zm_path_ask(path);
    if (stun.use_candidate)
        nominate(leg, credentials, path);
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
    leg->web.asks += leg->web.asks < ZM_ASKS_MAX ? ZM_ASKS_MAX / 10 : 0; /* this comes every 100 ms */
    if (leg->web.wanted)
        zm_path_ask_again(leg->web.wanted);
    if (leg->web.selected)
        zm_path_ask_again(leg->web.selected);
    /* Also when a browser left before it nominated a pair: then the last path that passed a check counts. */
    if ((selected && leg->web.selected == NULL) || (known && leg->web.latest == NULL && !leg->web.consent_lost)) {
        leg->web.consent_lost = true; /* and nothing more is sent until a pair is nominated again (RFC 7675 5.1) */
        zm_raise(thread->events, zm_event_new(ZM_EVENT_CONSENT_LOST, leg->id, NULL, 0));
    }
}
