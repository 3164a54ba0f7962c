#include "conference.h"

#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "mixer.h"
#include "pcm.h"

typedef struct zm_conference zm_conference;

/* Members are bits of a mask. */
_Static_assert(ZM_MEMBERS_MAX <= 32 && ZM_MEMBERS_MAX <= MIXER_PARTIES_MAX, "a mask of 32 bits names the members");

struct zm_member {
    zm_conference *conference;
    zm_leg *leg;
    uint32_t at; /* in the conference's list: its bit */
    bool by_all;
    uint32_t heard_by_count;
    uint64_t heard_by[ZM_MEMBERS_MAX];
    uint32_t hears;        /* whom: bits */
    bool spoke;            /* said something in these 20 ms: */
    int16_t said[FRAME_SAMPLES_MAX];
    /* The first of those who hear the same encodes for all of them. */
    zm_member *first;
    bool made, good;
    zm_encoded encoded;
    struct mixer_limiter limiter;
};

struct zm_conference {
    zm_conference *next;
    uint64_t id;
    zm_thread *thread;
    bool mixing; /* else its two members, if there are two, are bridged */
    uint32_t rate;
    uint32_t count;
    zm_member *members[ZM_MEMBERS_MAX];
    /* of these 20 ms */
    uint64_t round;
    uint32_t spoke; /* who said something: bits */
    int32_t total[FRAME_SAMPLES_MAX];
};

static void renew(zm_conference *conference);

/* --- members -------------------------------------------------------------------------------------------------------- */

static zm_conference *find(zm_thread *thread, uint64_t id)
{
    zm_conference *conference = thread->conferences;

    while (conference && conference->id != id)
        conference = conference->next;
    return conference;
}

static zm_conference *find_or_make(zm_thread *thread, uint64_t id)
{
    zm_conference *conference = find(thread, id);

    if (conference || (conference = calloc(1, sizeof *conference)) == NULL)
        return conference;
    conference->id = id;
    conference->thread = thread;
    conference->next = thread->conferences;
    thread->conferences = conference;
    return conference;
}

static void free_if_empty(zm_conference *conference)
{
    zm_conference **link = &conference->thread->conferences;

    if (conference->count)
        return;
    while (*link != conference)
        link = &(*link)->next;
    *link = conference->next;
    free(conference);
}

static zm_member *add(zm_conference *conference, zm_leg *leg)
{
    zm_member *member = NULL;

    if (conference->count < ZM_MEMBERS_MAX)
        member = calloc(1, sizeof *member);
    if (member == NULL) {
        ZM_COUNT(conference->thread->statistics.dropped);
        return NULL;
    }
    member->conference = conference;
    member->leg = leg;
    member->at = conference->count++;
    conference->members[member->at] = member;
    leg->member = member;
    return member;
}

static void take_out(zm_member *member)
{
    zm_conference *conference = member->conference;
    zm_member *last = conference->members[--conference->count];

    conference->members[member->at] = last;
    last->at = member->at;
    member->leg->member = NULL;
    free(member);
}

void zm_conference_join(
    zm_thread *thread, uint64_t id, zm_leg *leg, bool by_all, const uint64_t *heard_by, uint32_t count)
{
    zm_conference *conference = find_or_make(thread, id);
    zm_member *member = leg->member;

    if (conference == NULL) {
        ZM_COUNT(thread->statistics.dropped);
        return;
    }
    if (member == NULL || member->conference != conference) {
        if (leg->member)
            zm_conference_leave(leg);
        else
            zm_bridge_end(leg);
        member = add(conference, leg);
        if (member == NULL) {
            free_if_empty(conference);
            return;
        }
    }
    member->by_all = by_all;
    member->heard_by_count = count < ZM_MEMBERS_MAX ? count : ZM_MEMBERS_MAX;
    memcpy(member->heard_by, heard_by, member->heard_by_count * sizeof *heard_by);
    if (leg->hears != ZM_HEARS_CONFERENCE && leg->hears != ZM_HEARS_OTHER) {
        zm_leg_hush(leg); /* which renews the conference: only then is it known whether the leg has another one */
        zm_hear(leg, leg->other ? ZM_HEARS_OTHER : ZM_HEARS_CONFERENCE);
    }
    renew(conference);
}

void zm_conference_leave(zm_leg *leg)
{
    zm_member *member = leg->member;
    zm_conference *conference;

    if (member == NULL)
        return;
    conference = member->conference;
    if (leg->other) {
        zm_leg *other = leg->other;
        bool heard = other->hears == ZM_HEARS_OTHER;
        zm_bridge_part(leg);
        if (heard)
            other->hears = ZM_HEARS_CONFERENCE;
    }
    take_out(member);
    zm_pcm_deafen(leg);
    if (leg->hears == ZM_HEARS_CONFERENCE)
        zm_hear(leg, ZM_HEARS_NOTHING);
    if (leg->announcement.player.list == NULL)
        zm_pcm_mute(leg);
    if (conference->count)
        renew(conference);
    else
        free_if_empty(conference);
}

bool zm_conference_become_bridge(zm_leg *first, zm_leg *second)
{
    zm_conference *conference;

    if (first->member == NULL || first->other != second)
        return false;
    conference = first->member->conference;
    if (conference->count != 2 || second->member == NULL)
        return false;
    take_out(first->member);
    take_out(second->member);
    free_if_empty(conference);
    return true;
}

/* --- who hears whom ------------------------------------------------------------------------------------------------- */

static bool is_heard_by(const zm_member *member, const zm_leg *listener)
{
    if (member->by_all)
        return true;
    for (uint32_t i = 0; i < member->heard_by_count; i++)
        if (member->heard_by[i] == listener->id)
            return true;
    return false;
}

zm_leg *zm_conference_across(const zm_leg *leg)
{
    const zm_conference *conference = leg->member ? leg->member->conference : NULL;
    zm_leg *found = NULL;

    for (uint32_t i = 0; conference && i < conference->count; i++) {
        zm_leg *other = conference->members[i]->leg;
        if (other == leg || other->video == NULL || (!other->video->media.send && !other->video->media.receive))
            continue;
        if (found)
            return NULL;
        found = other;
    }
    return found;
}

bool zm_conference_is_heard(const zm_leg *leg, const zm_leg *by)
{
    return by->hears == ZM_HEARS_CONFERENCE && leg->member && by->member && by->member->hears >> leg->member->at & 1;
}

static void renew_hearing(zm_conference *conference)
{
    conference->rate = 0;
    for (uint32_t i = 0; i < conference->count; i++) {
        zm_member *member = conference->members[i];
        if (member->leg->negotiated)
            conference->rate = zm_pcm_rate(member->leg, conference->rate);
        member->hears = 0;
        for (uint32_t j = 0; j < conference->count; j++)
            if (j != i && is_heard_by(conference->members[j], member->leg))
                member->hears |= 1u << j;
    }
}

static bool is_pair(const zm_conference *conference)
{
    return conference->count == 2 && conference->members[0]->hears && conference->members[1]->hears;
}

static void pair(zm_conference *conference)
{
    zm_leg *first = conference->members[0]->leg, *second = conference->members[1]->leg;

    conference->mixing = false;
    zm_bridge_pair(first, second);
    for (uint32_t i = 0; i < 2; i++)
        if (conference->members[i]->leg->hears == ZM_HEARS_CONFERENCE)
            zm_hear_from(conference->members[i]->leg, ZM_HEARS_OTHER);
}

/* False while the two who are relayed are on their way to PCM: they go on hearing each other until they are. */
static bool unpair(zm_conference *conference)
{
    zm_leg *first = NULL, *second;

    for (uint32_t i = 0; i < conference->count; i++)
        if (conference->members[i]->leg->other)
            first = conference->members[i]->leg;
    if (first == NULL)
        return true;
    second = first->other;
    if (zm_bridge_warm(first, second, conference->rate))
        return false;
    zm_bridge_unpair(first, second);
    if (first->hears == ZM_HEARS_OTHER)
        zm_hear_from(first, ZM_HEARS_CONFERENCE);
    if (second->hears == ZM_HEARS_OTHER)
        zm_hear_from(second, ZM_HEARS_CONFERENCE);
    return true;
}

/* While a member hears a sound, its encoder may be needed for that, and encodes for nobody else. */
static bool hear_alike(const zm_member *a, const zm_member *b)
{
    const zm_media *one = &a->leg->media, *other = &b->leg->media;

    return a->leg->hears == ZM_HEARS_CONFERENCE && b->leg->hears == ZM_HEARS_CONFERENCE && a->hears == b->hears &&
           one->codec == other->codec && one->packet_ms == other->packet_ms &&
           one->opus_fec == other->opus_fec && one->opus_dtx == other->opus_dtx &&
           one->opus_bitrate_max == other->opus_bitrate_max && one->opus_playback_rate == other->opus_playback_rate &&
           !a->leg->announcement.player.list && !b->leg->announcement.player.list;
}

static zm_member *first_alike(const zm_conference *conference, zm_member *member)
{
    for (uint32_t i = 0; i < member->at; i++) {
        zm_member *other = conference->members[i];
        if (other->first == other && hear_alike(other, member))
            return other;
    }
    return member;
}

static void tell_loss(const zm_conference *conference, const zm_member *first)
{
    int worst = 0;

    if (first->leg->encoder == NULL)
        return;
    for (uint32_t i = 0; i < conference->count; i++)
        if (conference->members[i]->first == first && conference->members[i]->leg->far_loss_percent > worst)
            worst = conference->members[i]->leg->far_loss_percent;
    encoder_set_loss(first->leg->encoder, worst);
}

void zm_conference_lose(zm_leg *leg)
{
    const zm_member *member = leg->member;

    if (member && member->conference->mixing && member->first)
        tell_loss(member->conference, member->first);
    else if (leg->encoder)
        encoder_set_loss(leg->encoder, leg->far_loss_percent);
}

/* The bits mean others now; what was said in these 20 ms holds for those who have their turn later. */
static void recount(zm_conference *conference, bool rate_changed)
{
    uint32_t samples = conference->rate / 50;

    conference->spoke = 0;
    memset(conference->total, 0, sizeof conference->total);
    for (uint32_t i = 0; i < conference->count; i++) {
        zm_member *member = conference->members[i];
        member->made = false;
        member->spoke = member->spoke && !rate_changed && member->leg->jitter;
        if (!member->spoke)
            continue;
        conference->spoke |= 1u << i;
        mixer_add(conference->total, member->said, samples);
    }
}

static void renew_stages(zm_conference *conference)
{
    uint32_t heard = 0;
    bool failed = false;

    for (uint32_t i = 0; i < conference->count; i++)
        heard |= conference->members[i]->hears;
    for (uint32_t i = 0; i < conference->count; i++) {
        zm_member *member = conference->members[i];
        zm_leg *leg = member->leg;
        member->first = leg->negotiated ? first_alike(conference, member) : NULL;
        if (leg->negotiated && (heard >> i & 1))
            failed |= !zm_pcm_listen(leg, conference->rate);
        else
            zm_pcm_deafen(leg);
        if (member->first == member)
            failed |= !zm_pcm_speak(leg, conference->rate);
        else
            zm_pcm_mute(leg);
    }
    for (uint32_t i = 0; i < conference->count; i++)
        if (conference->members[i]->first == conference->members[i])
            tell_loss(conference, conference->members[i]);
    if (failed)
        ZM_COUNT(conference->thread->statistics.dropped);
}

static void renew(zm_conference *conference)
{
    uint32_t rate = conference->rate;

    renew_hearing(conference);
    if (is_pair(conference)) {
        pair(conference);
    } else if (unpair(conference)) {
        renew_stages(conference);
        recount(conference, !conference->mixing || conference->rate != rate);
        conference->mixing = true;
    }
}

void zm_conference_renew(zm_leg *leg)
{
    if (leg->member)
        renew(leg->member->conference);
}

/* --- sound ---------------------------------------------------------------------------------------------------------- */

void zm_conference_pass(zm_leg *leg, const zm_rtp *rtp, bool is_event)
{
    const zm_member *member = leg->member;
    const zm_conference *conference = member->conference;

    if (!is_event) {
        zm_pcm_put(leg, rtp);
        return;
    }
    for (uint32_t i = 0; i < conference->count; i++) {
        zm_leg *to = conference->members[i]->leg;
        if ((conference->members[i]->hears >> member->at & 1) && to->hears == ZM_HEARS_CONFERENCE)
            zm_bridge_pass_event(leg, to, rtp);
    }
}

/* What everybody says in these 20 ms. */
static void gather(zm_conference *conference)
{
    uint32_t samples = conference->rate / 50;

    conference->spoke = 0;
    memset(conference->total, 0, samples * sizeof *conference->total);
    for (uint32_t i = 0; i < conference->count; i++) {
        zm_member *member = conference->members[i];
        member->made = false;
        member->spoke = zm_pcm_get(member->leg, member->said);
        if (!member->spoke)
            continue;
        conference->spoke |= 1u << i;
        mixer_add(conference->total, member->said, samples);
    }
}

/* The sum of those whom the member hears: added up, or the total less the others, whichever is less work. */
static void mix(const zm_conference *conference, zm_member *member, int16_t *pcm)
{
    uint32_t samples = conference->rate / 50;
    uint32_t heard = member->hears & conference->spoke, others = conference->spoke & ~heard;
    int32_t sum[FRAME_SAMPLES_MAX];
    bool adding = __builtin_popcount(heard) <= __builtin_popcount(others);

    if (adding)
        memset(sum, 0, samples * sizeof *sum);
    else
        memcpy(sum, conference->total, samples * sizeof *sum);
    for (uint32_t left = adding ? heard : others; left; left &= left - 1) {
        const int16_t *said = conference->members[__builtin_ctz(left)]->said;
        if (adding)
            mixer_add(sum, said, samples);
        else
            mixer_subtract(sum, said, samples);
    }
    mixer_limit(&member->limiter, pcm, sum, samples);
}

static void make(const zm_conference *conference, zm_member *first)
{
    int16_t pcm[FRAME_SAMPLES_MAX];

    first->made = true;
    first->good = false;
    if (first->leg->pcm_rate != conference->rate)
        return; /* out of memory when it began */
    mix(conference, first, pcm);
    if (first->leg->announcement.player.list)
        zm_announce_over(first->leg, pcm);
    first->good = zm_pcm_encode(first->leg, pcm, &first->encoded);
}

void zm_conference_tick(zm_leg *leg, bool can_send)
{
    zm_member *member = leg->member, *first = member->first;
    zm_conference *conference = member->conference;
    uint64_t round = leg->thread->ticks / ZM_PHASES + 1;

    if (conference->mixing && conference->round != round) {
        conference->round = round;
        gather(conference);
    }
    if (!can_send)
        return;
    if (!conference->mixing || first == NULL || (member->hears == 0 && !leg->announcement.player.list)) {
        if (leg->kind == ZM_LEG_RTP)
            zm_send_quiet(leg);
        return;
    }
    if (!first->made)
        make(conference, first);
    if (!first->good) {
        zm_drop(leg->thread, leg);
        return;
    }
    zm_send_mixed(leg, &first->encoded);
}
