/* Conferences: up to ZM_MEMBERS_MAX legs, each of which hears those members that may be heard by it.
 *
 * A conference is no more than a name while nobody is in it.  Two members who hear each other are bridged as any two
 * legs, so that they are relayed if they can be; with a third one, or when one shall not be heard, all are mixed.  Members
 * that hear the same in the same codec share one encoder. */
#ifndef ZM_CONFERENCE_H
#define ZM_CONFERENCE_H

#include "thread.h"

/* Join, or change by whom a member is heard: by everybody, or by those of `heard_by` who are members.  It hears the
 * conference from here on. */
void zm_conference_join(
    zm_thread *thread, uint64_t conference, zm_leg *leg, bool by_all, const uint64_t *heard_by, uint32_t count);
/* Hears nothing then, unless a sound. */
void zm_conference_leave(zm_leg *leg);
/* The two of a conference go on as a bridge.  False: they are no such two. */
bool zm_conference_become_bridge(zm_leg *first, zm_leg *second);
/* Codec, packet time or announcement of a member changed, it hears something else, or its relay is ready to become a mix. */
void zm_conference_renew(zm_leg *leg);

/* The only other member with pictures; NULL when there is none, or more than one. */
zm_leg *zm_conference_across(const zm_leg *leg);
/* Whether a member hears another now. */
bool zm_conference_is_heard(const zm_leg *leg, const zm_leg *by);

/* A leg's far side has reported what it loses: who encodes for it goes by the worst of those who share that encoder. */
void zm_conference_lose(zm_leg *leg);

/* A packet that a member said, while the conference is mixed. */
void zm_conference_pass(zm_leg *leg, const zm_rtp *rtp, bool is_event);
/* What a member hears, every 20 ms. */
void zm_conference_tick(zm_leg *leg, bool can_send);

#endif
