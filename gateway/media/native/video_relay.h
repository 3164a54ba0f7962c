/* Pictures from leg to leg: who sees whom, key frames asked for, packets and feedback passed on. */
#ifndef ZM_VIDEO_RELAY_H
#define ZM_VIDEO_RELAY_H

#include "thread.h"
#include "video.h"

/* Take parameters; NULL: no pictures any more.  `fresh` is for a leg that had none yet; it is taken, or freed. */
void zm_video_negotiate(zm_leg *leg, const zm_video_media *media, zm_video *fresh);
/* A packet of one of the leg's picture streams, already authentic and parsed. */
void zm_video_receive(zm_leg *leg, const uint8_t *datagram, uint32_t len, const zm_rtp *rtp);
/* A well-formed RTCP datagram of a leg with pictures. */
void zm_video_receive_rtcp(zm_leg *leg, const uint8_t *datagram, uint32_t len);
/* The leg's turn, every 20 ms; `second`: a second has passed. */
void zm_video_tick(zm_leg *leg, bool second);

#endif
