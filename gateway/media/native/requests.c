/* What is asked of legs: each call checks, allocates, and puts one command into the queue of the leg's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "plane_state.h"

/* --- commands --------------------------------------------------------------------------------------------------------- */

static zm_command *command_new(zm_command_kind kind, uint64_t leg, uint32_t data_len)
{
    zm_command *command = calloc(1, sizeof *command + data_len);

    if (command == NULL)
        return NULL;
    command->kind = kind;
    command->leg = leg;
    return command;
}

/* Takes the command, whatever comes of it. */
static zm_status post(zm_plane *plane, zm_command *command)
{
    uint64_t leg = command->leg;
    bool always = command->kind == ZM_COMMAND_CLOSE;

    if (zm_queue_push(&plane->threads[zm_thread_of(leg)].commands, &command->node, always))
        return ZM_OK;
    zm_command_free(command);
    return ZM_COMMANDS_FULL;
}

static zm_status post_simple(zm_plane *plane, zm_command_kind kind, uint64_t leg, uint64_t other)
{
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(kind, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->other = other;
    return post(plane, command);
}

static zm_status open_leg(zm_plane *plane, zm_leg *leg)
{
    zm_command *command = command_new(ZM_COMMAND_OPEN, leg->id, 0);
    uint64_t id = leg->id;
    zm_status status = ZM_NO_MEMORY;

    if (command) {
        command->opened = leg;
        status = post(plane, command);
    } else {
        zm_leg_free(leg);
    }
    if (status != ZM_OK)
        zm_plane_leg_gone(plane, id);
    return status;
}

static zm_leg *leg_new(zm_leg_kind kind, uint64_t id)
{
    zm_leg *leg = NULL;
    struct {
        uint32_t ssrc, timestamp;
        uint16_t sequence;
    } random;

    /* Aligned for the tags in its pointer; numbers random as RFC 3550 5.1 asks. */
    if (getrandom(&random, sizeof random, 0) != sizeof random || (leg = calloc(1, sizeof *leg)) == NULL)
        return NULL;
    leg->id = id;
    leg->kind = kind;
    leg->event_budget = ZM_EVENTS_PER_SECOND_MAX;
    leg->media.dtmf_payload_type = leg->media.noise_payload_type = -1;
    noise_init(&leg->noise);
    zm_rtp_out_init(&leg->out, random.ssrc, random.sequence & 0x7fff, random.timestamp);
    return leg;
}

/* Our first address of the family that `towards` has; the first one when that is NULL. */
static bool choose_host(const zm_plane *plane, const char *towards, uint32_t *number)
{
    zm_addr far;

    *number = 0;
    if (towards == NULL)
        return true;
    if (!zm_addr_parse(&far, towards, 0))
        return false;
    while (*number < plane->hosts_count && plane->hosts[*number].any.sa_family != far.any.sa_family)
        ++*number;
    return *number < plane->hosts_count;
}

zm_status zm_open_rtp_leg(
    zm_plane *plane, uint64_t near, const char *towards, uint64_t *id, uint32_t *address, uint16_t *port)
{
    zm_thread *thread;
    zm_status status;
    zm_leg *leg;

    if (!choose_host(plane, towards, address))
        return ZM_BAD_ADDRESS;
    if (plane->stopped || !zm_take_slot(plane, near, id, &thread))
        return ZM_LEGS_FULL;
    leg = leg_new(ZM_LEG_RTP, *id);
    if (leg == NULL) {
        zm_plane_leg_gone(plane, *id);
        return ZM_NO_MEMORY;
    }
    if (!zm_ports_bind(&plane->ports, &plane->hosts[*address], &leg->rtp.rtp_fd, &leg->rtp.rtcp_fd, port)) {
        status = errno == EADDRINUSE || errno == EACCES ? ZM_PORTS_FULL : ZM_NO_SOCKET;
        free(leg);
        zm_plane_leg_gone(plane, *id);
        return status;
    }
    leg->rtp.port = *port;
    status = open_leg(plane, leg);
    if (status != ZM_OK)
        zm_ports_release(&plane->ports, *port);
    return status;
}

zm_status zm_open_webrtc_leg(
    zm_plane *plane, uint64_t near, const char *ufrag, const char *pwd, uint64_t *id, uint32_t *number)
{
    zm_credentials *credentials;
    zm_thread *thread;
    zm_leg *leg;

    if (plane->stopped || !zm_take_slot(plane, near, id, &thread))
        return ZM_LEGS_FULL;
    leg = leg_new(ZM_LEG_WEBRTC, *id);
    if (leg == NULL) {
        zm_plane_leg_gone(plane, *id);
        return ZM_NO_MEMORY;
    }
    credentials = &leg->web.credentials[leg->web.current];
    snprintf(credentials->ufrag, sizeof credentials->ufrag, "%s", ufrag);
    snprintf(credentials->pwd, sizeof credentials->pwd, "%s", pwd);
    *number = thread->number;
    return open_leg(plane, leg);
}

static zm_status set_media(
    zm_plane *plane, uint64_t leg, const zm_latch_rule *rule, const char *remote_ufrag, const char *remote_pwd,
    const zm_media *media, bool secure)
{
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SET_MEDIA, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->peer.media = *media;
    command->peer.secure = secure;
    if ((command->peer.filter = malloc(sizeof *command->peer.filter)) == NULL) {
        zm_command_free(command);
        return ZM_NO_MEMORY;
    }
    if (rule)
        command->peer.rule = *rule;
    if (remote_ufrag)
        snprintf(command->peer.remote_ufrag, sizeof command->peer.remote_ufrag, "%s", remote_ufrag);
    if (remote_pwd)
        snprintf(command->peer.remote_pwd, sizeof command->peer.remote_pwd, "%s", remote_pwd);
    return post(plane, command);
}

zm_status zm_set_rtp_peer(zm_plane *plane, uint64_t leg, const zm_rtp_peer *peer, const zm_media *media)
{
    zm_latch_rule rule = {.rtcp_port = peer->rtcp_port, .rtcp_mux = peer->rtcp_mux, .learns = peer->learns};

    if (!zm_addr_parse(&rule.rtp, peer->address, peer->port) ||
        (peer->signalling && !zm_addr_parse(&rule.signalling, peer->signalling, 0)))
        return ZM_BAD_ADDRESS;
    return set_media(plane, leg, &rule, NULL, NULL, media, peer->secure);
}

zm_status zm_set_webrtc_peer(
    zm_plane *plane, uint64_t leg, const char *remote_ufrag, const char *remote_pwd, const zm_media *media)
{
    return set_media(plane, leg, NULL, remote_ufrag, remote_pwd, media, true);
}

/* Numbers random as RFC 3550 5.1 asks; sequence numbers from the lower half, as RFC 3711 3.3.1 advises. */
static zm_video *video_new(void)
{
    zm_video *video = calloc(1, sizeof *video);
    struct {
        uint32_t timestamp;
        uint16_t sequences[2];
    } random;

    if (video == NULL || getrandom(&random, sizeof random, 0) != sizeof random) {
        free(video);
        return NULL;
    }
    video->out.timestamp = random.timestamp;
    video->out.sequence = random.sequences[0] & 0x7fff;
    video->rtx.sequence = random.sequences[1] & 0x7fff;
    return video;
}

zm_status zm_set_video(zm_plane *plane, uint64_t leg, const zm_video_media *video)
{
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SET_VIDEO, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    if (video) {
        command->video.media = *video;
        command->video.fresh = video_new();
        if (command->video.fresh == NULL) {
            zm_command_free(command);
            return ZM_NO_MEMORY;
        }
    }
    return post(plane, command);
}

zm_status zm_restart_ice(zm_plane *plane, uint64_t leg, const char *ufrag, const char *pwd)
{
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_RESTART_ICE, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    snprintf(command->ice.ufrag, sizeof command->ice.ufrag, "%s", ufrag);
    snprintf(command->ice.pwd, sizeof command->ice.pwd, "%s", pwd);
    return post(plane, command);
}

zm_status zm_set_srtp_keys(
    zm_plane *plane, uint64_t leg, const char *profile, const uint8_t *send, uint32_t send_len, const uint8_t *receive,
    uint32_t receive_len)
{
    uint32_t key_len = zm_srtp_key_len(profile);
    zm_command *command;

    if (key_len == 0 || send_len != key_len || receive_len != key_len)
        return ZM_BAD_KEYS;
    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SET_KEYS, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    if (zm_key_make(&command->keys.in, profile, receive, receive_len, false) &&
        zm_key_make(&command->keys.out, profile, send, send_len, true))
        return post(plane, command);
    zm_command_free(command);
    return ZM_NO_MEMORY;
}

zm_status zm_send_digits(zm_plane *plane, uint64_t leg, const char *digits, uint32_t tone_ms, uint32_t gap_ms)
{
    uint32_t count = (uint32_t)strlen(digits);
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SEND_DIGITS, leg, count);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->digits.count = count;
    command->digits.tone_ms = tone_ms;
    command->digits.gap_ms = gap_ms;
    memcpy(command->data, digits, count);
    return post(plane, command);
}

zm_status zm_say_digit(zm_plane *plane, uint64_t leg, char digit, uint32_t duration_ms)
{
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SAY_DIGIT, leg, 1);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->data[0] = (uint8_t)digit;
    command->digits.tone_ms = duration_ms;
    return post(plane, command);
}

zm_status zm_set_dtmf_policy(zm_plane *plane, uint64_t leg, zm_dtmf_policy policy)
{
    zm_command *command;

    if (!zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SET_DTMF_POLICY, leg, 0);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->dtmf.policy = policy;
    if ((command->dtmf.filter = malloc(sizeof *command->dtmf.filter)) != NULL)
        return post(plane, command);
    zm_command_free(command);
    return ZM_NO_MEMORY;
}

zm_status zm_send_dtls(zm_plane *plane, uint64_t leg, const uint8_t *datagram, uint32_t len)
{
    zm_command *command;

    if (len > ZM_DATAGRAM_MAX || !zm_is_open(plane, leg))
        return ZM_NO_LEG;
    command = command_new(ZM_COMMAND_SEND_DTLS, leg, len);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->data_len = len;
    memcpy(command->data, datagram, len);
    return post(plane, command);
}

static zm_status post_playlist(
    zm_plane *plane, zm_command_kind kind, uint64_t leg, const uint32_t *sounds, uint32_t count, bool loop,
    bool replaces)
{
    zm_command *command;
    zm_playlist *list;

    if (!zm_is_open(plane, leg) || count == 0 || count > ZM_PLAYLIST_MAX)
        return ZM_NO_LEG;
    for (uint32_t i = 0; i < count; i++)
        if (sounds[i] >= plane->sounds_count)
            return ZM_NO_LEG;
    command = command_new(kind, leg, 0);
    list = calloc(1, sizeof *list + count * sizeof *list->items);
    if (command == NULL || list == NULL) {
        free(command);
        free(list);
        return ZM_NO_MEMORY;
    }
    list->count = count;
    list->loop = loop;
    for (uint32_t i = 0; i < count; i++) {
        list->items[i].sound = plane->sounds[sounds[i]];
        list->items[i].number = sounds[i];
    }
    command->play.list = list;
    command->play.replaces = replaces;
    return post(plane, command);
}

zm_status zm_play(zm_plane *plane, uint64_t leg, const uint32_t *sounds, uint32_t count, bool loop)
{
    return post_playlist(plane, ZM_COMMAND_PLAY, leg, sounds, count, loop, false);
}

zm_status zm_announce(zm_plane *plane, uint64_t leg, const uint32_t *sounds, uint32_t count, bool replaces)
{
    return post_playlist(plane, ZM_COMMAND_ANNOUNCE, leg, sounds, count, false, replaces);
}

zm_status zm_stop(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_STOP, leg, 0);
}

zm_status zm_bridge(zm_plane *plane, uint64_t first, uint64_t second)
{
    if (!zm_is_open(plane, first) || !zm_is_open(plane, second))
        return ZM_NO_LEG;
    if (zm_thread_of(first) != zm_thread_of(second))
        return ZM_OTHER_THREAD;
    return post_simple(plane, ZM_COMMAND_BRIDGE, first, second);
}

zm_status zm_unbridge(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_UNBRIDGE, leg, 0);
}

zm_status zm_join(
    zm_plane *plane, uint64_t conference, uint64_t leg, bool by_all, const uint64_t *heard_by, uint32_t count)
{
    zm_command *command;

    if (!zm_is_open(plane, leg) || count > ZM_MEMBERS_MAX)
        return ZM_NO_LEG;
    if (zm_thread_of(conference) != zm_thread_of(leg))
        return ZM_OTHER_THREAD;
    command = command_new(ZM_COMMAND_JOIN, leg, count * (uint32_t)sizeof *heard_by);
    if (command == NULL)
        return ZM_NO_MEMORY;
    command->other = conference;
    command->join.by_all = by_all;
    command->join.count = count;
    if (count)
        memcpy(command->data, heard_by, count * sizeof *heard_by);
    return post(plane, command);
}

zm_status zm_leave(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_LEAVE, leg, 0);
}

zm_status zm_close_leg(zm_plane *plane, uint64_t leg)
{
    return post_simple(plane, ZM_COMMAND_CLOSE, leg, 0);
}

/* --- capture ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    zm_queue *events;
    uint64_t leg;
    char path[];
} capture_context;

static zm_event *capture_event(uint64_t leg, const char *path, int error)
{
    zm_event *event = zm_event_new(ZM_EVENT_CAPTURE_FINISHED, leg, path, (uint32_t)strlen(path));

    if (event)
        event->error = error;
    return event;
}

static void capture_in_trouble(void *argument, int error)
{
    capture_context *context = argument;
    zm_event *event = zm_event_new(ZM_EVENT_CAPTURE_FAILED, context->leg, context->path, (uint32_t)strlen(context->path));

    if (event)
        event->error = error;
    zm_raise(context->events, event);
}

static void capture_ended(void *argument, const struct capture_result *result)
{
    capture_context *context = argument;
    zm_event *event = capture_event(context->leg, context->path, result->error);

    if (event) {
        event->duration_ms = (uint32_t)(result->duration_ns / 1000000);
        event->frames_dropped = result->records_dropped;
    }
    zm_raise(context->events, event);
    free(context);
}

static uint64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

zm_status zm_start_capture(zm_plane *plane, uint64_t left, uint64_t right, const char *path)
{
    size_t path_size = strlen(path) + 1;
    char left_name[32], right_name[32];
    capture_context *context;
    zm_command *command;

    if (!zm_is_open(plane, left))
        return ZM_NO_LEG;
    if (zm_thread_of(left) != zm_thread_of(right))
        return ZM_OTHER_THREAD;
    command = command_new(ZM_COMMAND_START_CAPTURE, left, 0);
    context = malloc(sizeof *context + path_size);
    if (command == NULL || context == NULL) {
        free(command);
        free(context);
        return ZM_NO_MEMORY;
    }
    context->events = &plane->events;
    context->leg = left;
    memcpy(context->path, path, path_size);
    snprintf(left_name, sizeof left_name, "leg %llu", (unsigned long long)left);
    snprintf(right_name, sizeof right_name, "leg %llu", (unsigned long long)right);
    command->other = right;
    command->capture = capture_begin(
        plane->writer, path, (int64_t)zm_monotonic_ns(), (int64_t)realtime_ns(), left_name, right_name,
        capture_in_trouble, capture_ended, context);
    if (command->capture == NULL) {
        zm_raise(&plane->events, capture_event(left, path, errno ? errno : EIO));
        free(context);
        free(command);
        return ZM_OK;
    }
    return post(plane, command);
}

zm_status zm_pause_capture(zm_plane *plane, uint64_t left)
{
    return post_simple(plane, ZM_COMMAND_PAUSE_CAPTURE, left, 0);
}

zm_status zm_resume_capture(zm_plane *plane, uint64_t left)
{
    return post_simple(plane, ZM_COMMAND_RESUME_CAPTURE, left, 0);
}

zm_status zm_stop_capture(zm_plane *plane, uint64_t left)
{
    return post_simple(plane, ZM_COMMAND_STOP_CAPTURE, left, 0);
}
