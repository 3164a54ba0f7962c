/* What a leg hears from files: one sound after another, once or round and round, and announcements over whatever else
 * it hears.  A plain sound costs no more than sending the next of its encoded frames; PCM is only touched while a
 * background fades or is heard beneath an announcement. */
#ifndef ZM_PLAYER_H
#define ZM_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "mixer.h"
#include "sound.h"

struct zm_leg;

typedef struct {
    uint32_t count; /* 1 to ZM_PLAYLIST_MAX */
    bool loop;
    struct {
        const struct sound *sound;
        uint32_t number;
    } items[];
} zm_playlist;

/* A place in a playlist. */
typedef struct {
    zm_playlist *list; /* owned; NULL = none */
    uint32_t at, frame;
} zm_player;

/* Spoken over a background: the sound, bridge or conference that the leg hears. */
typedef struct {
    zm_player player;
    bool replaces; /* the background is not heard meanwhile, and a sound waits; else it goes on more softly */
    bool spoken;   /* to its end: the background comes back */
    float gain;    /* of the background, at the end of the last frame */
    struct mixer_limiter limiter;
} zm_announcement;

void zm_player_clear(zm_player *player);

/* Both take the list.  A looped list goes on where this leg last left it. */
void zm_leg_play(struct zm_leg *leg, zm_playlist *list);
void zm_leg_announce(struct zm_leg *leg, zm_playlist *list, bool replaces);
/* No announcement any more, without an event. */
void zm_leg_hush(struct zm_leg *leg);

/* To be called before each 20 ms: the announcement is over and its background is back. */
void zm_leg_end_announcement(struct zm_leg *leg);

/* 20 ms of a sound or of an announcement without a background other than a sound. */
void zm_player_tick(struct zm_leg *leg, bool can_send);
/* The announcement over 20 ms of something live, at `leg->pcm_rate`. */
void zm_announce_over(struct zm_leg *leg, int16_t *pcm);

#endif
