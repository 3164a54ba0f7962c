/* The native media plane: what the Cython wrapper sees.
 *
 * A plane owns media threads.  Every function here is called from one thread (the event loop's), puts a command into a
 * media thread's queue and returns; what comes of it is an event.  The packet path knows nothing of Python. */
#ifndef ZM_PLANE_H
#define ZM_PLANE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec.h"
#include "digits.h"
#include "encoder.h"
#include "limits.h"
#include "quality.h"
#include "reject.h"
#include "sound.h"
#include "video.h"

typedef struct zm_plane zm_plane;

typedef struct {
    const char *addresses[ZM_ADDRESSES_MAX]; /* to bind: IPv4 or IPv6 literals */
    uint32_t addresses_count;
    uint16_t rtp_port_first, rtp_port_last;
    uint16_t webrtc_port; /* first thread's, on each address; the others follow; 0 = any */
    uint32_t threads;
    uint32_t consent_ms;
    uint32_t legs_max;
    uint32_t commands_max; /* waiting for one thread */
    bool realtime;         /* ask for real-time priority */
    uint32_t quality_ms, silence_ms, one_way_ms; /* 0 = never: figures every so often, alarms after so long */
    struct encoding encoding;
} zm_config;

typedef enum {
    ZM_OK = 0,
    ZM_NO_LEG,      /* unknown or closed: nothing to do */
    ZM_LEGS_FULL,
    ZM_PORTS_FULL,
    ZM_NO_SOCKET,   /* no descriptor is left, or the address is the machine's no more */
    ZM_COMMANDS_FULL,
    ZM_NO_MEMORY,
    ZM_BAD_ADDRESS,
    ZM_BAD_KEYS,
    ZM_OTHER_THREAD, /* the two legs live on different threads */
} zm_status;

typedef struct {
    enum codec codec;
    uint8_t payload_type;
    int16_t dtmf_payload_type; /* -1 = none */
    uint32_t dtmf_clock_rate;
    zm_dtmf_way dtmf_way; /* how digits go to it */
    int16_t noise_payload_type; /* comfort noise (RFC 3389) as negotiated, -1 = not */
    uint16_t packet_ms;
    bool send, receive;
    bool opus_fec, opus_dtx;     /* the other side's fmtp (RFC 7587 6.1): useinbandfec, usedtx, */
    uint32_t opus_bitrate_max;   /* maxaveragebitrate, 0 = none, */
    uint32_t opus_playback_rate; /* maxplaybackrate, 0 = none */
    uint32_t ssrc;               /* ours, as our description says (RFC 5576); 0 = any.  The first one counts */
} zm_media;

/* Where a SIP leg's packets go and may come from, see latch.h. */
typedef struct {
    const char *address;
    uint16_t port, rtcp_port; /* 0 = the next one */
    const char *signalling;   /* NULL = not told */
    bool rtcp_mux, learns;
    bool secure;              /* with the keys that were set before; else in clear */
} zm_rtp_peer;

typedef enum {
    ZM_EVENT_DTLS,
    ZM_EVENT_ICE_CONNECTED,
    ZM_EVENT_MEDIA_STARTED,
    ZM_EVENT_CONSENT_LOST,
    ZM_EVENT_DIGIT,
    ZM_EVENT_DIGIT_DUE,
    ZM_EVENT_QUALITY,
    ZM_EVENT_ALARM,
    ZM_EVENT_SOUND_FINISHED,
    ZM_EVENT_ANNOUNCEMENT_FINISHED,
    ZM_EVENT_LEG_CLOSED,
    ZM_EVENT_CAPTURE_FAILED,
    ZM_EVENT_CAPTURE_FINISHED,
} zm_event_kind;

typedef struct {
    uint64_t received, sent, lost, dropped, rejected;
    uint32_t rejected_by[ZM_REJECTS];
    uint32_t jitter_us, rtt_us;
    uint32_t buffer_ms;    /* how long its jitter buffer held what was heard last; 0: it never had one */
    bool rtt_known;
    zm_video_statistics video;
} zm_leg_statistics;

typedef struct zm_event {
    struct zm_event *next; /* first: it is the queue's node */
    zm_event_kind kind;
    uint64_t leg;
    uint32_t number;       /* port, sound's number, ... */
    uint32_t duration_ms;
    uint64_t frames_dropped;
    int error;             /* errno of a capture, 0 = none */
    char digit;
    bool active;           /* an alarm stands; a digit is blocked */
    zm_quality quality;
    zm_leg_statistics statistics;
    uint32_t text_len;
    char text[];           /* datagram, address or path; terminated */
} zm_event;

typedef struct {
    uint64_t packets_in, packets_out;
    uint64_t dropped;          /* by the plane: socket buffer full, out of memory */
    uint64_t overflowed;       /* by the kernel: we read too late */
    uint64_t rejected;         /* unauthenticated, from a wrong source, malformed ... */
    uint64_t rejected_by[ZM_REJECTS];
    uint64_t unanswered;       /* of those: checks that were not even refused, because too many were */
    uint64_t relayed, mixed;   /* packets out by way through the bridge */
    uint64_t video;            /* picture packets passed from leg to leg */
    uint64_t ticks, ticks_late; /* of 5 ms */
    uint64_t commands_refused;
    uint64_t cpu_ns;
    uint32_t legs;
} zm_thread_statistics;

/* NULL with a message.  Threads run from here on. */
zm_plane *zm_plane_new(const zm_config *config, char *error, uint32_t error_size);
/* Close all legs, end the threads and the capture writer, close all descriptors.  Blocks (some ms).  Events can still be
 * taken, figures can't. */
void zm_plane_stop(zm_plane *plane);
/* After stop; events not taken are lost. */
void zm_plane_free(zm_plane *plane);

int zm_plane_event_fd(const zm_plane *plane);
/* The oldest first; free each with zm_event_free. */
zm_event *zm_plane_take_events(zm_plane *plane);
void zm_event_free(zm_event *event);
uint64_t zm_plane_events_refused(const zm_plane *plane);

uint32_t zm_plane_threads(const zm_plane *plane);
/* 0: all threads have the priority asked for; else the errno of the refusal. */
int zm_plane_priority_error(const zm_plane *plane);
void zm_plane_statistics(const zm_plane *plane, uint32_t thread, zm_thread_statistics *statistics);

/* Where browsers reach this thread on this address (both by number). */
uint16_t zm_plane_webrtc_port(const zm_plane *plane, uint32_t thread, uint32_t address);

/* The plane keeps the sound until it is freed.  Returns its number, -1 at ZM_SOUNDS_MAX or ZM_SOUNDS_MS_MAX. */
int zm_plane_add_sound(zm_plane *plane, struct sound *sound);

/* `near` 0 = anywhere.  `towards` is an address of the other side, or NULL: the leg is bound to our first address of
 * that family, by number in `address`; ZM_BAD_ADDRESS when there is none. */
zm_status zm_open_rtp_leg(
    zm_plane *plane, uint64_t near, const char *towards, uint64_t *leg, uint32_t *address, uint16_t *port);
zm_status zm_open_webrtc_leg(
    zm_plane *plane, uint64_t near, const char *ufrag, const char *pwd, uint64_t *leg, uint32_t *thread);
zm_status zm_set_rtp_peer(zm_plane *plane, uint64_t leg, const zm_rtp_peer *peer, const zm_media *media);
/* `remote_pwd` empty: not known, and the browser is believed to be where its checks come from. */
zm_status zm_set_webrtc_peer(
    zm_plane *plane, uint64_t leg, const char *remote_ufrag, const char *remote_pwd, const zm_media *media);
/* Of a browser's leg; NULL: no pictures (any more). */
zm_status zm_set_video(zm_plane *plane, uint64_t leg, const zm_video_media *video);
/* New credentials of ours; the former hold until the browser nominates a pair under these. */
zm_status zm_restart_ice(zm_plane *plane, uint64_t leg, const char *ufrag, const char *pwd);
zm_status zm_set_srtp_keys(
    zm_plane *plane, uint64_t leg, const char *profile, const uint8_t *send, uint32_t send_len, const uint8_t *receive,
    uint32_t receive_len);
zm_status zm_send_dtls(zm_plane *plane, uint64_t leg, const uint8_t *datagram, uint32_t len);
/* One sound after another; 1 to ZM_PLAYLIST_MAX. */
zm_status zm_play(zm_plane *plane, uint64_t leg, const uint32_t *sounds, uint32_t count, bool loop);
/* Over what the leg hears, which goes on more softly, or (`replaces`) is not heard meanwhile. */
zm_status zm_announce(zm_plane *plane, uint64_t leg, const uint32_t *sounds, uint32_t count, bool replaces);
zm_status zm_stop(zm_plane *plane, uint64_t leg);
zm_status zm_bridge(zm_plane *plane, uint64_t first, uint64_t second);
zm_status zm_unbridge(zm_plane *plane, uint64_t leg);
/* A name for a conference, on the thread of a leg or (0) the one with the fewest legs.  It needs no end. */
uint64_t zm_name_conference(zm_plane *plane, uint64_t near);
/* Heard by all members, or by those legs alone; at most ZM_MEMBERS_MAX each. */
zm_status zm_join(
    zm_plane *plane, uint64_t conference, uint64_t leg, bool by_all, const uint64_t *heard_by, uint32_t count);
zm_status zm_leave(zm_plane *plane, uint64_t leg);
/* `digits` go out one after the other. */
zm_status zm_send_digits(zm_plane *plane, uint64_t leg, const char *digits, uint32_t tone_ms, uint32_t gap_ms);
/* A digit that the leg has said by its signalling. */
zm_status zm_say_digit(zm_plane *plane, uint64_t leg, char digit, uint32_t duration_ms);
zm_status zm_set_dtmf_policy(zm_plane *plane, uint64_t leg, zm_dtmf_policy policy);
zm_status zm_start_capture(zm_plane *plane, uint64_t left, uint64_t right, const char *path);
zm_status zm_pause_capture(zm_plane *plane, uint64_t left);
zm_status zm_resume_capture(zm_plane *plane, uint64_t left);
zm_status zm_stop_capture(zm_plane *plane, uint64_t left);
/* Never refused. */
zm_status zm_close_leg(zm_plane *plane, uint64_t leg);

#endif
