#include "player.h"

#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "pcm.h"
#include "thread.h"

/* Of the background beneath an announcement: 14 dB less.  Speech is understood over speech from about 10 dB. */
#define DUCKED 0.2f
/* To there and back: 300 ms. */
enum { FADE_FRAMES = 15 };

/* --- playlists ------------------------------------------------------------------------------------------------------ */

void zm_player_clear(zm_player *player)
{
    free(player->list);
    memset(player, 0, sizeof *player);
}

static const struct sound *sound_of(const zm_player *player)
{
    return player->list->items[player->at].sound;
}

/* One frame on; false at the end of a list that is not looped. */
static bool step(zm_player *player)
{
    if (++player->frame < sound_of(player)->frames)
        return true;
    player->frame = 0;
    if (++player->at < player->list->count)
        return true;
    player->at = 0;
    return player->list->loop;
}

static bool same(const zm_playlist *a, const zm_playlist *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->items[i].number != b->items[i].number)
            return false;
    return true;
}

static void raise_end(zm_leg *leg, zm_event_kind kind, const zm_playlist *list)
{
    zm_event *event = zm_event_new(kind, leg->id, NULL, 0);

    if (event)
        event->number = list->items[list->count - 1].number;
    zm_raise(leg->thread->events, event);
}

void zm_leg_play(zm_leg *leg, zm_playlist *list)
{
    zm_player before = leg->player;

    leg->player = (zm_player){.list = list};
    if (before.list && before.list->loop) {
        zm_player_clear(&leg->music);
        leg->music = before;
    } else {
        zm_player_clear(&before);
    }
    if (list->loop && leg->music.list && same(list, leg->music.list)) {
        free(list);
        leg->player = leg->music;
        leg->music.list = NULL;
    }
    zm_hear(leg, ZM_HEARS_SOUND);
}

/* --- announcements -------------------------------------------------------------------------------------------------- */

static float background_gain(const zm_announcement *announcement)
{
    return announcement->spoken ? 1 : announcement->replaces ? 0 : DUCKED;
}

static bool is_speaking(const zm_announcement *announcement)
{
    return !announcement->spoken && announcement->gain <= background_gain(announcement);
}

void zm_leg_announce(zm_leg *leg, zm_playlist *list, bool replaces)
{
    zm_announcement *announcement = &leg->announcement;
    float gain = announcement->player.list ? announcement->gain : 1;

    zm_player_clear(&announcement->player);
    announcement->player.list = list;
    announcement->replaces = replaces;
    announcement->spoken = false;
    announcement->gain = leg->hears == ZM_HEARS_NOTHING ? 0 : gain;
    announcement->limiter.gain = 1;
    zm_background_changed(leg);
}

void zm_leg_hush(zm_leg *leg)
{
    if (leg->announcement.player.list == NULL)
        return;
    zm_player_clear(&leg->announcement.player);
    zm_background_changed(leg);
}

static void step_announcement(zm_leg *leg)
{
    zm_announcement *announcement = &leg->announcement;

    if (step(&announcement->player))
        return;
    announcement->spoken = true;
    raise_end(leg, ZM_EVENT_ANNOUNCEMENT_FINISHED, announcement->player.list);
}

void zm_leg_end_announcement(zm_leg *leg)
{
    const zm_announcement *announcement = &leg->announcement;

    if (announcement->player.list && announcement->spoken && (announcement->gain >= 1 || leg->hears == ZM_HEARS_NOTHING))
        zm_leg_hush(leg);
}

/* The background on its way to where it shall be. */
static void fade(zm_announcement *announcement, int16_t *pcm, uint32_t samples)
{
    float part = (1 - (announcement->replaces ? 0 : DUCKED)) / FADE_FRAMES;
    float wanted = background_gain(announcement), gain = announcement->gain;

    if (gain > wanted)
        gain = gain - part > wanted ? gain - part : wanted;
    else if (gain < wanted)
        gain = gain + part < wanted ? gain + part : wanted;
    mixer_ramp(pcm, samples, announcement->gain, gain);
    announcement->gain = gain;
}

void zm_announce_over(zm_leg *leg, int16_t *pcm)
{
    zm_announcement *announcement = &leg->announcement;
    const zm_player *player = &announcement->player;
    uint32_t samples = leg->pcm_rate / 50;
    int32_t sum[FRAME_SAMPLES_MAX];
    bool speaking = is_speaking(announcement);

    fade(announcement, pcm, samples);
    if (!speaking)
        return;
    memset(sum, 0, samples * sizeof *sum);
    mixer_add(sum, pcm, samples);
    mixer_add(sum, sound_pcm(sound_of(player), leg->pcm_rate, player->frame), samples);
    mixer_limit(&announcement->limiter, pcm, sum, samples);
    step_announcement(leg);
}

/* --- every 20 ms ---------------------------------------------------------------------------------------------------- */

/* The sound goes on by a frame; at its end the leg hears nothing, or an announcement that is not over yet. */
static void step_sound(zm_leg *leg)
{
    if (step(&leg->player))
        return;
    raise_end(leg, ZM_EVENT_SOUND_FINISHED, leg->player.list);
    if (leg->announcement.player.list)
        leg->hears = ZM_HEARS_NOTHING;
    else
        zm_hear(leg, ZM_HEARS_NOTHING);
}

static void send_frame(zm_leg *leg, const zm_player *player)
{
    size_t len;
    const uint8_t *payload = sound_frame(sound_of(player), leg->media.codec, player->frame, &len);

    /* Frames of Opus can't be cut or joined: with another packet time they are made anew. */
    if (leg->media.codec == CODEC_OPUS && leg->media.packet_ms != FRAME_MS && zm_pcm_speak(leg, 0)) {
        zm_send_pcm(leg, sound_pcm(sound_of(player), leg->pcm_rate, player->frame));
        return;
    }
    zm_send_sound(leg, payload, (uint32_t)len);
}

/* A sound and an announcement at once, or one of them fading. */
static void mixed_tick(zm_leg *leg, bool can_send)
{
    int16_t pcm[FRAME_SAMPLES_MAX] = {0};
    const zm_player *player = &leg->player;
    bool sound = leg->hears == ZM_HEARS_SOUND;

    if (sound)
        memcpy(pcm, sound_pcm(sound_of(player), leg->pcm_rate, player->frame), leg->pcm_rate / 50 * sizeof *pcm);
    zm_announce_over(leg, pcm);
    if (can_send)
        zm_send_pcm(leg, pcm);
    if (sound)
        step_sound(leg);
}

void zm_player_tick(zm_leg *leg, bool can_send)
{
    zm_announcement *announcement = &leg->announcement;

    if (!can_send && !zm_leg_is_mute(leg))
        return; /* not connected yet: the sound waits for it, so a greeting is heard from its beginning */
    if (announcement->player.list == NULL) {
        if (can_send)
            send_frame(leg, &leg->player);
        step_sound(leg);
    } else if (is_speaking(announcement) && announcement->gain <= 0) {
        /* Alone: the sound behind it waits. */
        if (can_send)
            send_frame(leg, &announcement->player);
        step_announcement(leg);
    } else {
        mixed_tick(leg, can_send);
    }
}
