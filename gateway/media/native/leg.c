#include "leg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ice.h"
#include "seam.h"

void zm_leg_statistics_read(const zm_leg *leg, zm_leg_statistics *statistics)
{
    statistics->received = zm_rtp_source_received(&leg->source);
    statistics->lost = zm_rtp_source_lost(&leg->source);
    statistics->jitter_us = zm_rtp_source_jitter_us(&leg->source);
    statistics->sent = leg->sent;
    statistics->dropped = leg->dropped;
    statistics->rejected = leg->rejected;
    statistics->rtt_us = leg->far_rtt_us;
    statistics->rtt_known = leg->far_rtt_known;
    statistics->buffer_ms = leg->buffer_ms;
    memcpy(statistics->rejected_by, leg->rejected_by, sizeof leg->rejected_by);
    if (leg->video)
        statistics->video = leg->video->counted;
}

bool zm_leg_can_send(const zm_leg *leg)
{
    if (!leg->negotiated || !leg->media.send)
        return false;
    return leg->kind == ZM_LEG_RTP || (leg->srtp_out && zm_ice_path(leg) != NULL);
}

void zm_leg_set_media(zm_leg *leg, const zm_media *media)
{
    uint32_t clock_rate = codec_clock_rate(media->codec);

    if (!leg->negotiated || leg->media.codec != media->codec) {
        zm_rtp_out_switch(&leg->out);
        zm_seam_forget(leg);
        leg->out.clock_rate = clock_rate;
        leg->out.packet_samples = clock_rate / 1000 * FRAME_MS;
        leg->source.clock_rate = clock_rate;
        leg->source.known = leg->source.known && leg->negotiated && leg->media.codec == media->codec;
    }
    if (!leg->negotiated && media->ssrc)
        leg->out.ssrc = media->ssrc;
    if (!leg->negotiated || leg->media.dtmf_clock_rate != media->dtmf_clock_rate)
        dtmf_receiver_init(&leg->dtmf, media->dtmf_clock_rate);
    leg->media = *media;
    leg->negotiated = true;
    leg->pending_len = 0;
}

void zm_leg_close_sockets(zm_leg *leg)
{
    if (leg->kind != ZM_LEG_RTP || leg->rtp.rtp_fd < 0)
        return;
    close(leg->rtp.rtp_fd);
    close(leg->rtp.rtcp_fd);
    leg->rtp.rtp_fd = leg->rtp.rtcp_fd = -1;
}

void zm_leg_free(zm_leg *leg)
{
    zm_leg_close_sockets(leg);
    zm_keys_clear(leg);
    zm_digits_close(leg);
    if (leg->kind == ZM_LEG_WEBRTC)
        explicit_bzero(leg->web.credentials, sizeof leg->web.credentials);
    free(leg->video);
    zm_player_clear(&leg->player);
    zm_player_clear(&leg->music);
    zm_player_clear(&leg->announcement.player);
    jitter_free(leg->jitter);
    encoder_free(leg->encoder);
    free(leg);
}
