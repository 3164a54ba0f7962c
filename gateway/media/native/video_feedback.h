/* RTCP about pictures, translated between the browser that sends them and the one that sees them (RFC 3550 7.2): what
 * the viewer says reaches the source in the source's own numbers, so the source repairs losses and adapts its rate to the
 * viewer's downlink.  We answer for neither.  Pure. */
#ifndef ZM_VIDEO_FEEDBACK_H
#define ZM_VIDEO_FEEDBACK_H

#include "limits.h"
#include "rtcp_wire.h"
#include "video.h"

enum { ZM_VIDEO_RTCP_MAX = ZM_RTP_MAX };

/* A packet of the viewer's about what it sees.  Returns the octets of a datagram for the source, 0 for none.  A request
 * for a key frame is noted in the source (`key_wanted`).  `cname`: of our leg to the source. */
uint32_t zm_video_feedback(
    zm_video *viewer, zm_video *source, const zm_rtcp_packet *packet, uint32_t cname, uint8_t to[ZM_VIDEO_RTCP_MAX]);
/* A packet of the source's about what it sends: its sender report, for the viewer, in our numbers and on our clock. */
uint32_t zm_video_report(
    zm_video *source, zm_video *viewer, const zm_rtcp_packet *packet, uint64_t ntp, uint32_t cname,
    uint8_t to[ZM_VIDEO_RTCP_MAX]);
/* Ask the source for a key frame: PLI (RFC 4585 6.3.1), or FIR (RFC 5104 4.3.1) where it knows only that; 0 when neither. */
uint32_t zm_video_ask_key_frame(zm_video *source, uint32_t cname, uint8_t to[ZM_VIDEO_RTCP_MAX]);

#endif
