"""The native media plane for Python: one class, one method per command, events as tuples.

Nothing is decided here; `gateway.media.plane` makes the port of it.  Calls that may block or take long (starting,
stopping, loading a sound) let other threads run.
"""

from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset


cdef extern from "native/codec.h":
    cdef enum codec:
        CODEC_PCMU
        CODEC_PCMA
        CODEC_OPUS
        CODEC_G722

cdef extern from "native/encoder.h":
    cdef struct encoding:
        uint32_t opus_bitrate
        int opus_complexity
        bint opus_dtx

cdef extern from "native/sound.h":
    cdef struct sound:
        uint32_t duration_ms
    sound *sound_load(const char *path, char *error, size_t error_size) nogil
    sound *sound_from_pcm(
        const int16_t *pcm, size_t samples, unsigned channels, uint32_t rate, char *error, size_t error_size) nogil
    void sound_free(sound *sound) nogil

cdef extern from "native/limits.h":
    enum:
        ZM_UFRAG_MAX
        ZM_PWD_MAX
        ZM_LEGS_MAX
        ZM_THREADS_MAX
        ZM_SOUNDS_MAX
        ZM_SOUNDS_MS_MAX
        ZM_PLAYLIST_MAX
        ZM_MEMBERS_MAX
        ZM_COMMANDS_MAX
        ZM_ADDRESSES_MAX

cdef extern from "<sys/socket.h>":
    int AF_INET
    int AF_INET6

cdef extern from "native/addr.h":
    enum:
        ZM_ADDR_TEXT
    ctypedef union zm_addr:
        pass
    void zm_addr_format(const zm_addr *addr, char *text)

cdef extern from "native/interfaces.h":
    uint32_t zm_interface_addresses(int family, zm_addr *to, uint32_t max)

cdef extern from "native/video.h":
    ctypedef enum zm_video_codec:
        ZM_VIDEO_VP8
        ZM_VIDEO_H264
    ctypedef struct zm_video_media:
        zm_video_codec codec
        uint8_t payload_type, transport_cc_id, abs_send_time_id
        int16_t rtx_payload_type
        uint32_t ssrc, rtx_ssrc
        bint nack
        bint pli
        bint fir
        bint reduced_size
        bint send
        bint receive
    ctypedef struct zm_video_statistics:
        uint64_t received, lost, sent, dropped, key_frames, key_requests, nacks, feedback_dropped

cdef extern from "native/digits.h":
    ctypedef enum zm_dtmf_way:
        ZM_DTMF_AUTO
        ZM_DTMF_TONES
        ZM_DTMF_SIGNALLING
    ctypedef enum zm_dtmf_policy:
        ZM_DTMF_TRANSLATE
        ZM_DTMF_RELAY
        ZM_DTMF_BLOCK

cdef extern from "native/quality.h":
    ctypedef enum zm_alarm:
        ZM_ALARM_SILENCE
        ZM_ALARM_ONE_WAY
    ctypedef struct zm_quality:
        uint32_t interval_ms, packet_ms, packets_received, packets_lost, jitter_us, far_rtt_us, far_jitter_us
        uint8_t far_fraction_lost
        bint far_known
        bint rtt_known

cdef extern from "native/reject.h":
    ctypedef enum zm_reject_cause:
        ZM_REJECT_SIZE
        ZM_REJECT_MALFORMED
        ZM_REJECT_SOURCE
        ZM_REJECT_EARLY
        ZM_REJECT_FORGED
        ZM_REJECT_REPLAYED
        ZM_REJECT_PAYLOAD
        ZM_REJECT_SEQUENCE
        ZM_REJECT_STUN

cdef extern from "native/plane.h":
    ctypedef struct zm_plane:
        pass
    ctypedef struct zm_config:
        const char *addresses[ZM_ADDRESSES_MAX]
        uint32_t addresses_count
        uint16_t rtp_port_first, rtp_port_last, webrtc_port
        uint32_t threads, consent_ms, legs_max, commands_max, quality_ms, silence_ms, one_way_ms
        bint realtime
        encoding encoding
    ctypedef enum zm_status:
        ZM_OK
        ZM_NO_LEG
        ZM_LEGS_FULL
        ZM_PORTS_FULL
        ZM_NO_SOCKET
        ZM_COMMANDS_FULL
        ZM_NO_MEMORY
        ZM_BAD_ADDRESS
        ZM_BAD_KEYS
        ZM_OTHER_THREAD
    ctypedef struct zm_rtp_peer:
        const char *address
        uint16_t port, rtcp_port
        const char *signalling
        bint rtcp_mux, learns, secure
    ctypedef struct zm_media:
        codec codec
        uint8_t payload_type
        int16_t dtmf_payload_type
        uint32_t dtmf_clock_rate
        zm_dtmf_way dtmf_way
        int16_t noise_payload_type
        uint16_t packet_ms
        bint send, receive
        bint opus_fec, opus_dtx
        uint32_t opus_bitrate_max, opus_playback_rate
        uint32_t ssrc
    ctypedef enum zm_event_kind:
        ZM_EVENT_DTLS
        ZM_EVENT_ICE_CONNECTED
        ZM_EVENT_MEDIA_STARTED
        ZM_EVENT_CONSENT_LOST
        ZM_EVENT_DIGIT
        ZM_EVENT_DIGIT_DUE
        ZM_EVENT_QUALITY
        ZM_EVENT_ALARM
        ZM_EVENT_SOUND_FINISHED
        ZM_EVENT_ANNOUNCEMENT_FINISHED
        ZM_EVENT_LEG_CLOSED
        ZM_EVENT_CAPTURE_FAILED
        ZM_EVENT_CAPTURE_FINISHED
    ctypedef struct zm_leg_statistics:
        uint64_t received, sent, lost, dropped, rejected
        uint32_t *rejected_by
        uint32_t jitter_us, rtt_us, buffer_ms
        bint rtt_known
        zm_video_statistics video
    ctypedef struct zm_event:
        zm_event *next
        zm_event_kind kind
        uint64_t leg
        uint32_t number, duration_ms
        uint64_t frames_dropped
        int error
        char digit
        bint active
        zm_quality quality
        zm_leg_statistics statistics
        uint32_t text_len
        char *text
    ctypedef struct zm_thread_statistics:
        uint64_t packets_in, packets_out, dropped, overflowed, rejected, relayed, mixed, video, ticks, ticks_late
        uint64_t *rejected_by
        uint64_t unanswered, commands_refused, cpu_ns
        uint32_t legs

    zm_plane *zm_plane_new(const zm_config *config, char *error, uint32_t error_size) nogil
    void zm_plane_stop(zm_plane *plane) nogil
    void zm_plane_free(zm_plane *plane) nogil
    int zm_plane_event_fd(const zm_plane *plane)
    zm_event *zm_plane_take_events(zm_plane *plane)
    void zm_event_free(zm_event *event)
    uint64_t zm_plane_events_refused(const zm_plane *plane)
    int zm_plane_priority_error(const zm_plane *plane) nogil
    uint32_t zm_plane_threads(const zm_plane *plane)
    void zm_plane_statistics(const zm_plane *plane, uint32_t thread, zm_thread_statistics *statistics)
    uint16_t zm_plane_webrtc_port(const zm_plane *plane, uint32_t thread, uint32_t address)
    int zm_plane_add_sound(zm_plane *plane, sound *sound)
    zm_status zm_open_rtp_leg(
        zm_plane *plane, uint64_t near, const char *towards, uint64_t *leg, uint32_t *address, uint16_t *port)
    zm_status zm_open_webrtc_leg(
        zm_plane *plane, uint64_t near, const char *ufrag, const char *pwd, uint64_t *leg, uint32_t *thread)
    zm_status zm_set_rtp_peer(zm_plane *plane, uint64_t leg, const zm_rtp_peer *peer, const zm_media *media)
    zm_status zm_set_webrtc_peer(
        zm_plane *plane, uint64_t leg, const char *remote_ufrag, const char *remote_pwd, const zm_media *media)
    zm_status zm_set_video(zm_plane *plane, uint64_t leg, const zm_video_media *video)
    zm_status zm_restart_ice(zm_plane *plane, uint64_t leg, const char *ufrag, const char *pwd)
    zm_status zm_set_srtp_keys(
        zm_plane *plane, uint64_t leg, const char *profile, const uint8_t *send, uint32_t send_len,
        const uint8_t *receive, uint32_t receive_len)
    zm_status zm_send_dtls(zm_plane *plane, uint64_t leg, const uint8_t *datagram, uint32_t length)
    zm_status zm_play(zm_plane *plane, uint64_t leg, const uint32_t *sounds, uint32_t count, bint loop)
    zm_status zm_announce(zm_plane *plane, uint64_t leg, const uint32_t *sounds, uint32_t count, bint replaces)
    zm_status zm_stop(zm_plane *plane, uint64_t leg)
    zm_status zm_bridge(zm_plane *plane, uint64_t first, uint64_t second)
    zm_status zm_unbridge(zm_plane *plane, uint64_t leg)
    uint64_t zm_name_conference(zm_plane *plane, uint64_t near)
    zm_status zm_join(
        zm_plane *plane, uint64_t conference, uint64_t leg, bint by_all, const uint64_t *heard_by, uint32_t count)
    zm_status zm_leave(zm_plane *plane, uint64_t leg)
    zm_status zm_send_digits(
        zm_plane *plane, uint64_t leg, const char *digits, uint32_t tone_ms, uint32_t gap_ms)
    zm_status zm_say_digit(zm_plane *plane, uint64_t leg, char digit, uint32_t duration_ms)
    zm_status zm_set_dtmf_policy(zm_plane *plane, uint64_t leg, zm_dtmf_policy policy)
    zm_status zm_start_capture(zm_plane *plane, uint64_t left, uint64_t right, const char *path)
    zm_status zm_pause_capture(zm_plane *plane, uint64_t left)
    zm_status zm_resume_capture(zm_plane *plane, uint64_t left)
    zm_status zm_stop_capture(zm_plane *plane, uint64_t left)
    zm_status zm_close_leg(zm_plane *plane, uint64_t leg)


VP8 = ZM_VIDEO_VP8
H264 = ZM_VIDEO_H264

PCMU = CODEC_PCMU
PCMA = CODEC_PCMA
OPUS = CODEC_OPUS
G722 = CODEC_G722

OK = ZM_OK
NO_LEG = ZM_NO_LEG
LEGS_FULL = ZM_LEGS_FULL
PORTS_FULL = ZM_PORTS_FULL
NO_SOCKET = ZM_NO_SOCKET
COMMANDS_FULL = ZM_COMMANDS_FULL
NO_MEMORY = ZM_NO_MEMORY
BAD_ADDRESS = ZM_BAD_ADDRESS
BAD_KEYS = ZM_BAD_KEYS
OTHER_THREAD = ZM_OTHER_THREAD

EVENT_DTLS = ZM_EVENT_DTLS
EVENT_ICE_CONNECTED = ZM_EVENT_ICE_CONNECTED
EVENT_MEDIA_STARTED = ZM_EVENT_MEDIA_STARTED
EVENT_CONSENT_LOST = ZM_EVENT_CONSENT_LOST
EVENT_DIGIT = ZM_EVENT_DIGIT
EVENT_DIGIT_DUE = ZM_EVENT_DIGIT_DUE
EVENT_QUALITY = ZM_EVENT_QUALITY
EVENT_ALARM = ZM_EVENT_ALARM

DTMF_AUTO = ZM_DTMF_AUTO
DTMF_TONES = ZM_DTMF_TONES
DTMF_SIGNALLING = ZM_DTMF_SIGNALLING
DTMF_TRANSLATE = ZM_DTMF_TRANSLATE
DTMF_RELAY = ZM_DTMF_RELAY
DTMF_BLOCK = ZM_DTMF_BLOCK

ALARM_SILENCE = ZM_ALARM_SILENCE
ALARM_ONE_WAY = ZM_ALARM_ONE_WAY
EVENT_SOUND_FINISHED = ZM_EVENT_SOUND_FINISHED
EVENT_ANNOUNCEMENT_FINISHED = ZM_EVENT_ANNOUNCEMENT_FINISHED
EVENT_LEG_CLOSED = ZM_EVENT_LEG_CLOSED
EVENT_CAPTURE_FAILED = ZM_EVENT_CAPTURE_FAILED
EVENT_CAPTURE_FINISHED = ZM_EVENT_CAPTURE_FINISHED

UFRAG_MAX = ZM_UFRAG_MAX
PWD_MAX = ZM_PWD_MAX
LEGS_MAX = ZM_LEGS_MAX
THREADS_MAX = ZM_THREADS_MAX
SOUNDS_MAX = ZM_SOUNDS_MAX
SOUNDS_MS_MAX = ZM_SOUNDS_MS_MAX
PLAYLIST_MAX = ZM_PLAYLIST_MAX
MEMBERS_MAX = ZM_MEMBERS_MAX
COMMANDS_MAX = ZM_COMMANDS_MAX
ADDRESSES_MAX = ZM_ADDRESSES_MAX


def machine_addresses(bint ipv6):
    """The machine's own, as `native/interfaces.h` has it."""
    cdef zm_addr found[ZM_ADDRESSES_MAX]
    cdef char text[ZM_ADDR_TEXT]
    cdef uint32_t count = zm_interface_addresses(AF_INET6 if ipv6 else AF_INET, found, ZM_ADDRESSES_MAX)
    cdef uint32_t number
    cdef list addresses = []
    for number in range(count):
        zm_addr_format(&found[number], text)
        addresses.append(text.decode("ascii"))
    return addresses


cdef zm_media make_media(tuple media) except *:
    """(codec, payload type, DTMF payload type or -1, its clock rate, packet ms, send, receive, comfort noise payload
    type or -1, and what Opus's fmtp says: FEC, DTX, highest bit rate or 0, highest playback rate or 0; how
    digits go to it; our SSRC, 0: any)"""
    cdef zm_media made
    made.codec = <codec><int>media[0]
    made.payload_type = media[1]
    made.dtmf_payload_type = media[2]
    made.dtmf_clock_rate = media[3]
    made.packet_ms = media[4]
    made.send = media[5]
    made.receive = media[6]
    made.noise_payload_type = media[7]
    made.opus_fec = media[8]
    made.opus_dtx = media[9]
    made.opus_bitrate_max = media[10]
    made.opus_playback_rate = media[11]
    made.dtmf_way = <zm_dtmf_way><int>media[12]
    made.ssrc = media[13]
    return made


cdef zm_video_media make_video(tuple video) except *:
    """(codec, payload type, RTX payload type or -1, SSRC, RTX SSRC, ids of transport-wide number and absolute send time
    or 0, NACK, PLI, FIR, reduced size, send, receive)"""
    cdef zm_video_media made
    made.codec = <zm_video_codec><int>video[0]
    made.payload_type = video[1]
    made.rtx_payload_type = video[2]
    made.ssrc = video[3]
    made.rtx_ssrc = video[4]
    made.transport_cc_id = video[5]
    made.abs_send_time_id = video[6]
    made.nack, made.pli, made.fir, made.reduced_size = video[7], video[8], video[9], video[10]
    made.send = video[11]
    made.receive = video[12]
    return made


cdef uint32_t numbers_of(list sounds, uint32_t *numbers) except 0:
    cdef uint32_t count = 0
    if not 0 < len(sounds) <= ZM_PLAYLIST_MAX:
        raise ValueError(sounds)
    for one in sounds:
        numbers[count] = one
        count += 1
    return count


CAUSES = {
    ZM_REJECT_SIZE: "size",
    ZM_REJECT_MALFORMED: "malformed",
    ZM_REJECT_SOURCE: "source",
    ZM_REJECT_EARLY: "early",
    ZM_REJECT_FORGED: "forged",
    ZM_REJECT_REPLAYED: "replayed",
    ZM_REJECT_PAYLOAD: "payload",
    ZM_REJECT_SEQUENCE: "sequence",
    ZM_REJECT_STUN: "stun",
}


cdef object details(zm_event *event):
    """What an event tells beside kind and leg."""
    cdef zm_leg_statistics *counted = &event.statistics
    cdef zm_quality *quality
    if event.kind == ZM_EVENT_DTLS:
        return event.text[:event.text_len]
    if event.kind == ZM_EVENT_ICE_CONNECTED:
        return event.text[:event.text_len].decode("ascii"), event.number
    if event.kind == ZM_EVENT_DIGIT or event.kind == ZM_EVENT_DIGIT_DUE:
        return chr(event.digit), event.duration_ms, bool(event.active)
    if event.kind == ZM_EVENT_ALARM:
        return event.number, bool(event.active), event.duration_ms
    if event.kind == ZM_EVENT_QUALITY:
        quality = &event.quality
        return (
            event.number, quality.packet_ms, quality.interval_ms, quality.packets_received, quality.packets_lost,
            quality.jitter_us, quality.far_rtt_us if quality.rtt_known else None,
            (quality.far_fraction_lost, quality.far_jitter_us) if quality.far_known else None)
    if event.kind == ZM_EVENT_SOUND_FINISHED or event.kind == ZM_EVENT_ANNOUNCEMENT_FINISHED:
        return event.number
    if event.kind == ZM_EVENT_CAPTURE_FAILED:
        return event.text[:event.text_len].decode("utf-8", "surrogateescape"), event.error
    if event.kind == ZM_EVENT_CAPTURE_FINISHED:
        path = event.text[:event.text_len].decode("utf-8", "surrogateescape")
        return path, event.duration_ms, event.frames_dropped, event.error
    if event.kind == ZM_EVENT_LEG_CLOSED:
        return (
            counted.received, counted.sent, counted.lost, counted.dropped, counted.rejected, counted.jitter_us,
            video_counts(&counted.video),
            {CAUSES[cause]: counted.rejected_by[cause] for cause in CAUSES if counted.rejected_by[cause]},
            counted.rtt_us if counted.rtt_known else None, event.number, event.quality.packet_ms, counted.buffer_ms)
    return None


cdef tuple video_counts(const zm_video_statistics *video):
    return (
        video.received, video.sent, video.lost, video.dropped, video.key_frames, video.key_requests, video.nacks,
        video.feedback_dropped)


cdef class NativePlane:
    """Threads run from construction to `stop`.  `InternalError`-worthy failures at construction raise OSError."""

    cdef zm_plane *plane
    cdef uint32_t addresses_count

    def __cinit__(
        self, *, list addresses, int rtp_port_first, int rtp_port_last, int webrtc_port, int threads, int consent_ms,
        int legs_max, int commands_max, uint32_t opus_bitrate, int opus_complexity, bint opus_dtx,
        bint realtime, uint32_t quality_ms, uint32_t silence_ms, uint32_t one_way_ms
    ):
        cdef zm_config config
        cdef char error[256]
        cdef bytes address
        if not 0 < len(addresses) <= ZM_ADDRESSES_MAX:
            raise OSError(f"media: {len(addresses)} addresses to bind; 1 to {ZM_ADDRESSES_MAX} are possible")
        config.addresses_count = <uint32_t>len(addresses)
        for number in range(len(addresses)):
            address = addresses[number]
            config.addresses[number] = address
        config.rtp_port_first = <uint16_t>rtp_port_first
        config.rtp_port_last = <uint16_t>rtp_port_last
        config.webrtc_port = <uint16_t>webrtc_port
        config.threads = <uint32_t>threads
        config.consent_ms = <uint32_t>consent_ms
        config.legs_max = <uint32_t>legs_max
        config.commands_max = <uint32_t>commands_max
        config.realtime = realtime
        config.quality_ms, config.silence_ms, config.one_way_ms = quality_ms, silence_ms, one_way_ms
        memset(&config.encoding, 0, sizeof(config.encoding))
        config.encoding.opus_bitrate = opus_bitrate
        config.encoding.opus_complexity = opus_complexity
        config.encoding.opus_dtx = opus_dtx
        with nogil:
            self.plane = zm_plane_new(&config, error, sizeof(error))
        if self.plane is NULL:
            raise OSError(error.decode("utf-8", "replace"))
        self.addresses_count = config.addresses_count

    def __dealloc__(self):
        if self.plane is not NULL:
            with nogil:
                zm_plane_stop(self.plane)
                zm_plane_free(self.plane)

    def stop(self):
        with nogil:
            zm_plane_stop(self.plane)

    @property
    def priority_error(self):
        """0, or the errno with which real-time priority was refused."""
        return zm_plane_priority_error(self.plane)

    @property
    def event_fd(self):
        return zm_plane_event_fd(self.plane)

    def take_events(self):
        """[(kind, leg, details)], oldest first."""
        cdef zm_event *event = zm_plane_take_events(self.plane)
        cdef zm_event *following
        cdef list taken = []
        while event is not NULL:
            following = event.next
            taken.append((<int>event.kind, event.leg, details(event)))
            zm_event_free(event)
            event = following
        return taken

    def statistics(self):
        """One dict per thread."""
        cdef zm_thread_statistics counted
        cdef uint32_t number
        cdef list threads = []
        for number in range(zm_plane_threads(self.plane)):
            zm_plane_statistics(self.plane, number, &counted)
            threads.append({
                "packets_in": counted.packets_in,
                "packets_out": counted.packets_out,
                "dropped": counted.dropped,
                "overflowed": counted.overflowed,
                "rejected": counted.rejected,
                "rejected_by": {
                    CAUSES[cause]: counted.rejected_by[cause] for cause in CAUSES if counted.rejected_by[cause]},
                "unanswered": counted.unanswered,
                "relayed": counted.relayed,
                "mixed": counted.mixed,
                "video": counted.video,
                "ticks": counted.ticks,
                "ticks_late": counted.ticks_late,
                "commands_refused": counted.commands_refused,
                "cpu_ns": counted.cpu_ns,
                "legs": counted.legs,
            })
        return threads

    def webrtc_ports(self):
        """[thread][address] -> port"""
        return [
            [zm_plane_webrtc_port(self.plane, thread, address) for address in range(self.addresses_count)]
            for thread in range(zm_plane_threads(self.plane))
        ]

    def events_refused(self):
        return zm_plane_events_refused(self.plane)

    def add_sound(self, bytes path):
        """Number and duration in ms.  Raises ValueError (what is wrong with the file), OverflowError when full."""
        cdef char error[256]
        cdef const char *name = path
        cdef sound *loaded
        with nogil:
            loaded = sound_load(name, error, sizeof(error))
        if loaded is NULL:
            raise ValueError(error.decode("utf-8", "replace"))
        return self.keep(loaded)

    def add_pcm(self, bytes pcm, uint32_t rate):
        """The same from mono PCM16."""
        cdef char error[256]
        cdef const int16_t *samples = <const int16_t *><const char *>pcm
        cdef size_t count = len(pcm) // 2
        cdef sound *loaded
        with nogil:
            loaded = sound_from_pcm(samples, count, 1, rate, error, sizeof(error))
        if loaded is NULL:
            raise ValueError(error.decode("utf-8", "replace"))
        return self.keep(loaded)

    cdef tuple keep(self, sound *loaded):
        cdef int number = zm_plane_add_sound(self.plane, loaded)
        if number < 0:
            sound_free(loaded)
            raise OverflowError
        return number, loaded.duration_ms

    def open_rtp_leg(self, uint64_t near, bytes towards):
        """Status, leg, number of the address, port.  ``towards`` may be None."""
        cdef uint64_t leg = 0
        cdef uint32_t address = 0
        cdef uint16_t port = 0
        cdef const char *far = NULL
        if towards is not None:
            far = towards
        status = zm_open_rtp_leg(self.plane, near, far, &leg, &address, &port)
        return <int>status, leg, address, port

    def open_webrtc_leg(self, uint64_t near, bytes ufrag, bytes pwd):
        """Status, leg, number of its thread."""
        cdef uint64_t leg = 0
        cdef uint32_t thread = 0
        status = zm_open_webrtc_leg(self.plane, near, ufrag, pwd, &leg, &thread)
        return <int>status, leg, thread

    def set_rtp_peer(
        self, uint64_t leg, bytes address, uint16_t port, tuple media, *, uint16_t rtcp_port, bytes signalling,
        bint rtcp_mux, bint learns, bint secure
    ):
        cdef zm_media made = make_media(media)
        cdef zm_rtp_peer peer
        peer.address, peer.port, peer.rtcp_port = address, port, rtcp_port
        peer.signalling = NULL
        if signalling is not None:
            peer.signalling = signalling
        peer.rtcp_mux, peer.learns, peer.secure = rtcp_mux, learns, secure
        return <int>zm_set_rtp_peer(self.plane, leg, &peer, &made)

    def set_webrtc_peer(self, uint64_t leg, bytes remote_ufrag, bytes remote_pwd, tuple media):
        cdef zm_media made = make_media(media)
        return <int>zm_set_webrtc_peer(self.plane, leg, remote_ufrag, remote_pwd, &made)

    def set_video(self, uint64_t leg, tuple video):
        """``video`` None: no pictures any more."""
        cdef zm_video_media made
        if video is None:
            return <int>zm_set_video(self.plane, leg, NULL)
        made = make_video(video)
        return <int>zm_set_video(self.plane, leg, &made)

    def restart_ice(self, uint64_t leg, bytes ufrag, bytes pwd):
        return <int>zm_restart_ice(self.plane, leg, ufrag, pwd)

    def set_srtp_keys(self, uint64_t leg, bytes profile, bytes send, bytes receive):
        return <int>zm_set_srtp_keys(
            self.plane, leg, profile, send, <uint32_t>len(send), receive, <uint32_t>len(receive))

    def send_digits(self, uint64_t leg, bytes digits, uint32_t tone_ms, uint32_t gap_ms):
        return <int>zm_send_digits(self.plane, leg, digits, tone_ms, gap_ms)

    def say_digit(self, uint64_t leg, str digit, uint32_t duration_ms):
        return <int>zm_say_digit(self.plane, leg, <char>ord(digit), duration_ms)

    def set_dtmf_policy(self, uint64_t leg, int policy):
        return <int>zm_set_dtmf_policy(self.plane, leg, <zm_dtmf_policy>policy)

    def send_dtls(self, uint64_t leg, bytes datagram):
        return <int>zm_send_dtls(self.plane, leg, datagram, <uint32_t>len(datagram))

    def play(self, uint64_t leg, list sounds, bint loop):
        cdef uint32_t numbers[ZM_PLAYLIST_MAX]
        cdef uint32_t count = numbers_of(sounds, numbers)
        return <int>zm_play(self.plane, leg, numbers, count, loop)

    def announce(self, uint64_t leg, list sounds, bint replaces):
        cdef uint32_t numbers[ZM_PLAYLIST_MAX]
        cdef uint32_t count = numbers_of(sounds, numbers)
        return <int>zm_announce(self.plane, leg, numbers, count, replaces)

    def stop_sound(self, uint64_t leg):
        return <int>zm_stop(self.plane, leg)

    def bridge(self, uint64_t first, uint64_t second):
        return <int>zm_bridge(self.plane, first, second)

    def unbridge(self, uint64_t leg):
        return <int>zm_unbridge(self.plane, leg)

    def name_conference(self, uint64_t near):
        return zm_name_conference(self.plane, near)

    def join(self, uint64_t conference, uint64_t leg, heard_by):
        """``heard_by``: list of legs, or None for all."""
        cdef uint64_t legs[ZM_MEMBERS_MAX]
        cdef uint32_t count = 0
        if heard_by is not None:
            if len(heard_by) > ZM_MEMBERS_MAX:
                raise ValueError(heard_by)
            for one in heard_by:
                legs[count] = one
                count += 1
        return <int>zm_join(self.plane, conference, leg, heard_by is None, legs, count)

    def leave(self, uint64_t leg):
        return <int>zm_leave(self.plane, leg)

    def start_capture(self, uint64_t left, uint64_t right, bytes path):
        return <int>zm_start_capture(self.plane, left, right, path)

    def pause_capture(self, uint64_t left):
        return <int>zm_pause_capture(self.plane, left)

    def resume_capture(self, uint64_t left):
        return <int>zm_resume_capture(self.plane, left)

    def stop_capture(self, uint64_t left):
        return <int>zm_stop_capture(self.plane, left)

    def close_leg(self, uint64_t leg):
        return <int>zm_close_leg(self.plane, leg)
