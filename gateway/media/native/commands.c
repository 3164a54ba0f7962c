/* Commands of the event loop, run on the media thread that owns the leg. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bridge.h"
#include "conference.h"
#include "egress.h"
#include "ice.h"
#include "rtcp.h"
#include "thread.h"
#include "video_relay.h"

static void watch(zm_thread *thread, int fd, zm_leg *leg, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uintptr_t)leg | tag};

    (void)!epoll_ctl(thread->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void open_leg(zm_thread *thread, zm_leg *leg)
{
    leg->thread = thread;
    leg->at = thread->phase_counts[zm_phase_of(leg)]++;
    thread->legs[zm_phase_of(leg)][leg->at] = leg;
    __atomic_store_n(&thread->legs_count, thread->legs_count + 1, __ATOMIC_RELAXED);
    thread->slots[leg->id & 0xffff] = leg;
    leg->report_ns = thread->now_ns + 1000000000u + zm_random(thread) % 2000000000u;
    if (leg->kind == ZM_LEG_RTP) {
        watch(thread, leg->rtp.rtp_fd, leg, ZM_TAG_RTP);
        watch(thread, leg->rtp.rtcp_fd, leg, ZM_TAG_RTCP);
    } else {
        zm_ice_add_leg(leg);
    }
}

static bool same_media(const zm_media *a, const zm_media *b)
{
    return a->codec == b->codec && a->payload_type == b->payload_type && a->packet_ms == b->packet_ms &&
           a->dtmf_payload_type == b->dtmf_payload_type && a->dtmf_clock_rate == b->dtmf_clock_rate &&
           a->dtmf_way == b->dtmf_way && a->noise_payload_type == b->noise_payload_type && a->opus_fec == b->opus_fec &&
           a->opus_dtx == b->opus_dtx && a->opus_bitrate_max == b->opus_bitrate_max &&
           a->opus_playback_rate == b->opus_playback_rate && a->send == b->send && a->receive == b->receive;
}

static void set_media(zm_leg *leg, zm_command *command)
{
    bool same = leg->negotiated && same_media(&leg->media, &command->peer.media);

    if (leg->kind == ZM_LEG_RTP) {
        zm_latch_set(&leg->rtp.latch, &command->peer.rule, leg->thread->now_ns);
        if (!command->peer.secure)
            zm_keys_clear(leg);
    } else {
        zm_credentials *credentials = &leg->web.credentials[leg->web.current];
        memcpy(credentials->remote_ufrag, command->peer.remote_ufrag, sizeof credentials->remote_ufrag);
        memcpy(credentials->remote_pwd, command->peer.remote_pwd, sizeof credentials->remote_pwd);
        leg->web.proves = leg->web.proves || credentials->remote_pwd[0];
    }
    if (same)
        return; /* a refresh, or new keys or addresses: the sound goes on without a seam */
    zm_leg_set_media(leg, &command->peer.media);
    zm_digits_set_policy(leg, leg->dtmf_policy, &command->peer.filter);
    zm_bridge_renew(leg);
}

static void set_video(zm_leg *leg, zm_command *command)
{
    if (leg->kind != ZM_LEG_WEBRTC)
        return;
    zm_video_negotiate(leg, command->video.fresh ? &command->video.media : NULL, command->video.fresh);
    command->video.fresh = NULL;
}

static void send_digits(zm_leg *leg, const zm_command *command)
{
    for (uint32_t i = 0; i < command->digits.count; i++)
        if (!zm_digits_add(leg, (char)command->data[i], command->digits.tone_ms, command->digits.gap_ms))
            leg->dropped++;
}

static void send_dtls(zm_leg *leg, const zm_command *command)
{
    const zm_path *path = leg->kind == ZM_LEG_WEBRTC ? zm_ice_handshake_path(leg) : NULL;

    if (path)
        zm_send_web(leg->thread, leg, path->port, &path->addr, command->data, command->data_len);
}

static void play(zm_leg *leg, zm_command *command)
{
    if (command->kind == ZM_COMMAND_PLAY)
        zm_leg_play(leg, command->play.list);
    else
        zm_leg_announce(leg, command->play.list, command->play.replaces);
    command->play.list = NULL;
}

/* --- capture -------------------------------------------------------------------------------------------------------- */

static void end_tap(zm_tap *tap, uint64_t now_ns)
{
    if (tap->left)
        tap->left->tap = NULL;
    if (tap->right)
        tap->right->tap = NULL;
    capture_finish(tap->handle, (int64_t)now_ns);
    free(tap);
}

static void leave_tap(zm_leg *leg)
{
    if (leg->tap == NULL)
        return;
    if (leg->tap_side == CAPTURE_LEFT) {
        end_tap(leg->tap, leg->thread->now_ns);
        return;
    }
    leg->tap->right = NULL;
    leg->tap = NULL;
}

static void start_capture(zm_thread *thread, zm_leg *left, zm_command *command)
{
    zm_leg *right = zm_thread_find(thread, command->other);
    zm_tap *tap = left ? calloc(1, sizeof *tap) : NULL;

    if (tap == NULL)
        return; /* the command's end finishes the capture: an empty file and its event */
    leave_tap(left);
    if (right)
        leave_tap(right);
    tap->handle = command->capture;
    command->capture = NULL;
    tap->left = left;
    left->tap = tap;
    left->tap_side = CAPTURE_LEFT;
    if (right && right != left) {
        tap->right = right;
        right->tap = tap;
        right->tap_side = CAPTURE_RIGHT;
    }
}

static void change_capture(zm_leg *left, zm_command_kind kind)
{
    int64_t now_ns = (int64_t)left->thread->now_ns;

    if (left->tap == NULL || left->tap_side != CAPTURE_LEFT)
        return;
    if (kind == ZM_COMMAND_PAUSE_CAPTURE)
        capture_pause(left->tap->handle, now_ns);
    else if (kind == ZM_COMMAND_RESUME_CAPTURE)
        capture_resume(left->tap->handle, now_ns);
    else
        end_tap(left->tap, (uint64_t)now_ns);
}

/* --- closing -------------------------------------------------------------------------------------------------------- */

void zm_close_leg_now(zm_thread *thread, zm_leg *leg)
{
    uint8_t report[ZM_RTCP_MAX + ZM_SRTP_TRAILER_MAX] __attribute__((aligned(4)));
    zm_event *event = zm_event_new(ZM_EVENT_LEG_CLOSED, leg->id, NULL, 0);
    zm_leg **legs = thread->legs[zm_phase_of(leg)];
    uint64_t id = leg->id;
    uint16_t port = 0;

    leave_tap(leg);
    zm_bridge_end(leg);
    if (zm_leg_can_send(leg) && (leg->sent || leg->source.known))
        zm_send_rtcp(leg, report, zm_rtcp_write(leg, report, thread->now_ns, true));
    zm_flush_web(thread); /* the batch points to the leg */
    if (event) {
        zm_leg_statistics_read(leg, &event->statistics);
        event->number = leg->media.codec;
        event->quality.packet_ms = leg->media.packet_ms;
    }
    if (leg->kind == ZM_LEG_RTP) {
        uint64_t lost = zm_udp_overflows(leg->rtp.rtp_fd);
        __atomic_store_n(
            &thread->statistics.overflowed, thread->statistics.overflowed + lost, __ATOMIC_RELAXED);
        port = leg->rtp.port;
    } else {
        zm_ice_remove_leg(leg);
    }
    thread->slots[id & 0xffff] = NULL;
    legs[leg->at] = legs[--thread->phase_counts[zm_phase_of(leg)]];
    legs[leg->at]->at = leg->at;
    __atomic_store_n(&thread->legs_count, thread->legs_count - 1, __ATOMIC_RELAXED);
    zm_leg_close_sockets(leg); /* which takes them out of the epoll set */
    leg->closed = true;
    leg->other = thread->graves;
    thread->graves = leg;
    if (port)
        zm_ports_release(thread->ports, port);
    zm_plane_leg_gone(thread->plane, id);
    zm_raise(thread->events, event);
}

/* --- the queue ------------------------------------------------------------------------------------------------------ */

void zm_command_free(zm_command *command)
{
    if (command->kind == ZM_COMMAND_OPEN && command->opened)
        zm_leg_free(command->opened);
    if (command->kind == ZM_COMMAND_SET_VIDEO)
        free(command->video.fresh);
    if (command->kind == ZM_COMMAND_SET_MEDIA)
        free(command->peer.filter);
    if (command->kind == ZM_COMMAND_SET_DTMF_POLICY)
        free(command->dtmf.filter);
    if (command->kind == ZM_COMMAND_SET_KEYS) {
        zm_srtp_free(command->keys.in.srtp);
        zm_srtp_free(command->keys.out.srtp);
    }
    if (command->kind == ZM_COMMAND_START_CAPTURE && command->capture)
        capture_finish(command->capture, (int64_t)zm_monotonic_ns());
    if (command->kind == ZM_COMMAND_PLAY || command->kind == ZM_COMMAND_ANNOUNCE)
        free(command->play.list);
    free(command);
}

static void run_on_leg(zm_thread *thread, zm_leg *leg, zm_command *command)
{
    zm_leg *other;

    switch (command->kind) {
    case ZM_COMMAND_SET_MEDIA:
        set_media(leg, command);
        break;
    case ZM_COMMAND_SET_VIDEO:
        set_video(leg, command);
        break;
    case ZM_COMMAND_RESTART_ICE:
        if (leg->kind == ZM_LEG_WEBRTC)
            zm_ice_restart(leg, command->ice.ufrag, command->ice.pwd);
        break;
    case ZM_COMMAND_SET_KEYS:
        zm_keys_set(leg, &command->keys.in, &command->keys.out);
        break;
    case ZM_COMMAND_SEND_DIGITS:
        send_digits(leg, command);
        break;
    case ZM_COMMAND_SAY_DIGIT:
        zm_digits_said(leg, (char)command->data[0], command->digits.tone_ms, ZM_DIGIT_SIGNALLED);
        break;
    case ZM_COMMAND_SET_DTMF_POLICY:
        zm_digits_set_policy(leg, command->dtmf.policy, &command->dtmf.filter);
        break;
    case ZM_COMMAND_SEND_DTLS:
        send_dtls(leg, command);
        break;
    case ZM_COMMAND_PLAY:
    case ZM_COMMAND_ANNOUNCE:
        play(leg, command);
        break;
    case ZM_COMMAND_STOP:
        zm_hear(leg, ZM_HEARS_NOTHING);
        break;
    case ZM_COMMAND_BRIDGE:
        if ((other = zm_thread_find(thread, command->other)) != NULL)
            zm_bridge_join(leg, other);
        break;
    case ZM_COMMAND_UNBRIDGE:
        zm_bridge_silence(leg);
        break;
    case ZM_COMMAND_JOIN:
        zm_conference_join(
            thread, command->other, leg, command->join.by_all, (const uint64_t *)command->data, command->join.count);
        break;
    case ZM_COMMAND_LEAVE:
        zm_conference_leave(leg);
        break;
    case ZM_COMMAND_PAUSE_CAPTURE:
    case ZM_COMMAND_RESUME_CAPTURE:
    case ZM_COMMAND_STOP_CAPTURE:
        change_capture(leg, command->kind);
        break;
    case ZM_COMMAND_CLOSE:
        zm_close_leg_now(thread, leg);
        break;
    default:
        break;
    }
}

void zm_run_command(zm_thread *thread, zm_command *command)
{
    zm_leg *leg = zm_thread_find(thread, command->leg);

    if (command->kind == ZM_COMMAND_OPEN) {
        open_leg(thread, command->opened);
        command->opened = NULL;
    } else if (command->kind == ZM_COMMAND_START_CAPTURE) {
        start_capture(thread, leg, command);
    } else if (command->kind == ZM_COMMAND_QUIT) {
        for (uint32_t phase = 0; phase < ZM_PHASES; phase++)
            while (thread->phase_counts[phase])
                zm_close_leg_now(thread, thread->legs[phase][0]);
        thread->quit = true;
    } else if (leg) { /* else it has closed meanwhile: a hang-up may cross any command */
        run_on_leg(thread, leg, command);
    }
    zm_command_free(command);
}
