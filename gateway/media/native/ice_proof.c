#include "ice_proof.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "egress.h"

#define AGAIN_NS 500000000ull /* RTO of RFC 8489 6.2.1 */

/* A transaction id names the path by the leg's slot and its own number; the other octets nobody can guess. */
enum { NAME_LEN = 3 };

static const zm_credentials *credentials_of(const zm_path *path)
{
    return &path->leg->web.credentials[path->under];
}

bool zm_path_trusted(const zm_path *path)
{
    return path->proved || !path->leg->web.proves;
}

static bool make_transaction(zm_path *path)
{
    uint64_t slot = path->leg->id & 0xffff;
    uint8_t *id = path->transaction;

    id[0] = (uint8_t)(slot >> 8);
    id[1] = (uint8_t)slot;
    id[2] = (uint8_t)(path - path->leg->web.paths);
    return getrandom(id + NAME_LEN, sizeof path->transaction - NAME_LEN, 0) == sizeof path->transaction - NAME_LEN;
}

void zm_path_ask(zm_path *path)
{
    const zm_credentials *credentials = credentials_of(path);
    uint8_t request[ZM_STUN_REQUEST_MAX];
    char username[2 * ZM_UFRAG_MAX + 2];

    if (path->proved || credentials->leg == NULL || credentials->remote_pwd[0] == 0 || path->leg->web.asks == 0)
        return;
    if (path->asked_ns == 0 && !make_transaction(path))
        return;
    path->asked_ns = path->leg->thread->now_ns;
    path->leg->web.asks--;
    snprintf(username, sizeof username, "%s:%s", credentials->remote_ufrag, credentials->ufrag);
    zm_send_web(
        path->leg->thread, path->leg, path->port, &path->addr, request,
        zm_stun_write_consent(request, path->transaction, username, credentials->remote_pwd));
}

void zm_path_ask_again(zm_path *path)
{
    if (path->leg->thread->now_ns - path->asked_ns >= AGAIN_NS)
        zm_path_ask(path);
}

zm_path *zm_path_answered(
    zm_thread *thread, const zm_web_port *port, const zm_stun *stun, const uint8_t *datagram, const zm_addr *from)
{
    uint32_t slot = (uint32_t)stun->transaction[0] << 8 | stun->transaction[1], number = stun->transaction[2];
    zm_leg *leg = slot < thread->slots_count ? thread->slots[slot] : NULL;
    zm_path *path;

    if (leg == NULL || leg->kind != ZM_LEG_WEBRTC || number >= ZM_PATHS_MAX)
        return NULL;
    path = &leg->web.paths[number];
    if (path->leg == NULL || path->asked_ns == 0 || path->port != port || !zm_addr_equal(&path->addr, from) ||
        memcmp(path->transaction, stun->transaction, sizeof path->transaction) != 0)
        return NULL;
    return credentials_of(path)->leg && zm_stun_check_integrity(stun, datagram, credentials_of(path)->remote_pwd) ? path
                                                                                                               : NULL;
}
