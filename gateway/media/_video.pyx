"""Pictures' numbers and feedback for unit tests and fuzzing: two sides of one bridge, without legs or sockets.

The plane itself does not go through here.
"""

from libc.stdint cimport int16_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from gateway.media._native cimport exact_copy, zm_rtp, zm_rtp_parse


cdef extern from "native/rtp.h":
    ctypedef struct zm_rtp_source:
        uint32_t ssrc
    int zm_rtp_source_update(zm_rtp_source *source, const zm_rtp *rtp, uint64_t now_ns, bint timed)

cdef extern from "native/video.h":
    enum:
        ZM_VIDEO_EXTENSIONS_MAX
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
    ctypedef struct zm_video:
        zm_video_media media
        zm_rtp_source source
        bint open
        bint key_wanted
        uint32_t packets, octets
    void zm_video_set(zm_video *video, const zm_video_media *media)
    bint zm_video_takes(const zm_video *video, uint8_t payload_type)
    bint zm_video_begins_key_frame(zm_video_codec codec, const uint8_t *payload, uint32_t length)
    void zm_video_close(zm_video *viewer)
    void zm_video_open(zm_video *viewer, const zm_rtp *first, uint64_t now_ns)
    uint32_t zm_video_rewrite(
        zm_video *viewer, const zm_video_media *source, const uint8_t *datagram, uint32_t length, const zm_rtp *rtp,
        uint64_t now_ns, uint8_t *to)

cdef extern from "native/rtcp_wire.h":
    ctypedef struct zm_rtcp_packet:
        pass
    bint zm_rtcp_check(const uint8_t *datagram, uint32_t length)
    bint zm_rtcp_next(zm_rtcp_packet *packet, const uint8_t *datagram, uint32_t length, uint32_t *at)

cdef extern from "native/video_feedback.h":
    enum:
        ZM_VIDEO_RTCP_MAX
    uint32_t zm_video_feedback(
        zm_video *viewer, zm_video *source, const zm_rtcp_packet *packet, uint32_t cname, uint8_t *to)
    uint32_t zm_video_report(
        zm_video *source, zm_video *viewer, const zm_rtcp_packet *packet, uint64_t ntp, uint32_t cname, uint8_t *to)
    uint32_t zm_video_ask_key_frame(zm_video *source, uint32_t cname, uint8_t *to)


def begins_key_frame(str codec, bytes payload):
    cdef uint8_t *copied = exact_copy(payload)
    try:
        return bool(zm_video_begins_key_frame(
            ZM_VIDEO_H264 if codec == "h264" else ZM_VIDEO_VP8, copied, <uint32_t>len(payload)))
    finally:
        free(copied)


cdef class Side:
    """One leg's pictures."""

    cdef zm_video *video

    def __cinit__(
        self, *, str codec="vp8", int payload_type=96, int rtx=97, uint32_t ssrc=1, uint32_t rtx_ssrc=2,
        int transport_cc_id=0, int abs_send_time_id=0, bint nack=True, bint pli=True, bint fir=False,
        bint reduced_size=True, bint send=True, bint receive=True
    ):
        self.video = <zm_video *>calloc(1, sizeof(zm_video))
        if self.video is NULL:
            raise MemoryError
        cdef zm_video_media media
        media.codec = ZM_VIDEO_H264 if codec == "h264" else ZM_VIDEO_VP8
        media.payload_type, media.rtx_payload_type = <uint8_t>payload_type, <int16_t>rtx
        media.ssrc, media.rtx_ssrc = ssrc, rtx_ssrc
        media.transport_cc_id, media.abs_send_time_id = <uint8_t>transport_cc_id, <uint8_t>abs_send_time_id
        media.nack, media.pli, media.fir, media.reduced_size = nack, pli, fir, reduced_size
        media.send, media.receive = send, receive
        zm_video_set(self.video, &media)

    def __dealloc__(self):
        free(self.video)

    @property
    def open(self):
        return bool(self.video.open)

    @property
    def key_wanted(self):
        return bool(self.video.key_wanted)

    def takes(self, int payload_type):
        return bool(zm_video_takes(self.video, <uint8_t>payload_type))

    def close(self):
        """What it sees changes."""
        zm_video_close(self.video)

    def see(self, Side source, bytes datagram, uint64_t now_ns=0):
        """The packet that it is sent for one of the source's; None for none.  A key frame opens it."""
        cdef zm_rtp rtp
        cdef uint32_t length = <uint32_t>len(datagram)
        cdef uint8_t *copied = exact_copy(datagram)
        cdef uint8_t *sent = <uint8_t *>calloc(1, length + ZM_VIDEO_EXTENSIONS_MAX)
        try:
            if sent is NULL or not zm_rtp_parse(&rtp, copied, length):
                return None
            if rtp.payload_type == source.video.media.payload_type:
                zm_rtp_source_update(&source.video.source, &rtp, now_ns, True)
                if not self.video.open and zm_video_begins_key_frame(
                        self.video.media.codec, rtp.payload, rtp.payload_len):
                    zm_video_open(self.video, &rtp, now_ns)
            if not self.video.open:
                return None
            length = zm_video_rewrite(self.video, &source.video.media, copied, length, &rtp, now_ns, sent)
            return sent[:length] if length else None
        finally:
            free(copied)
            free(sent)

    def say(self, Side source, bytes datagram, uint32_t cname=0):
        """What the source is sent for a viewer's RTCP datagram: one for each packet in it that has a meaning."""
        cdef zm_rtcp_packet packet
        cdef uint8_t sent[1500]
        cdef uint32_t at = 0, length
        cdef uint8_t *copied = exact_copy(datagram)
        cdef list said = []
        assert ZM_VIDEO_RTCP_MAX == sizeof(sent)
        try:
            if not zm_rtcp_check(copied, <uint32_t>len(datagram)):
                return None
            while zm_rtcp_next(&packet, copied, <uint32_t>len(datagram), &at):
                length = zm_video_feedback(self.video, source.video, &packet, cname, sent)
                if length:
                    said.append(sent[:length])
            return said
        finally:
            free(copied)

    def report(self, Side viewer, bytes datagram, uint64_t ntp, uint32_t cname=0):
        """What the viewer is sent for a source's RTCP datagram."""
        cdef zm_rtcp_packet packet
        cdef uint8_t sent[1500]
        cdef uint32_t at = 0, length
        cdef uint8_t *copied = exact_copy(datagram)
        cdef list said = []
        try:
            if not zm_rtcp_check(copied, <uint32_t>len(datagram)):
                return None
            while zm_rtcp_next(&packet, copied, <uint32_t>len(datagram), &at):
                length = zm_video_report(self.video, viewer.video, &packet, ntp, cname, sent)
                if length:
                    said.append(sent[:length])
            return said
        finally:
            free(copied)

    def ask_key_frame(self, uint32_t cname=0):
        """The request that its browser is sent; empty when it knows none."""
        cdef uint8_t sent[1500]
        return sent[:zm_video_ask_key_frame(self.video, cname, sent)]
