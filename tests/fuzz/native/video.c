/* Pictures: packets of a source rewritten for a viewer, and RTCP translated both ways. */
#include "../../../gateway/media/native/video_feedback.h"
#include "input.h"

enum { SOURCE_SSRC = 0x0a0a0a0a, VIEWER_SSRC = 0x0b0b0b0b };

static void set(zm_video *video, uint8_t options, uint32_t ssrc)
{
    zm_video_media media = {
        .codec = options & 1 ? ZM_VIDEO_H264 : ZM_VIDEO_VP8, .payload_type = 96,
        .rtx_payload_type = options & 2 ? 97 : -1, .ssrc = ssrc, .rtx_ssrc = ssrc + 1,
        .transport_cc_id = options & 4 ? 3 : 0, .abs_send_time_id = options & 8 ? 2 : 0, .nack = options & 16,
        .pli = options & 32, .fir = options & 64, .reduced_size = options & 128, .send = true, .receive = true,
    };

    zm_video_set(video, &media);
}

static void show(zm_video *viewer, zm_video *source, const uint8_t *datagram, uint32_t length, uint64_t now_ns)
{
    zm_rtp rtp, sent;

    if (!zm_rtp_parse(&rtp, datagram, length))
        return;
    if (rtp.payload_type == source->media.payload_type) {
        (void)zm_rtp_source_update(&source->source, &rtp, now_ns, true);
        if (zm_video_begins_key_frame(source->media.codec, rtp.payload, rtp.payload_len) && !viewer->open)
            zm_video_open(viewer, &rtp, now_ns);
    }
    if (!viewer->open)
        return;
    uint8_t *to = malloc(length + ZM_VIDEO_EXTENSIONS_MAX);
    must(to != NULL, "memory");
    uint32_t written = zm_video_rewrite(viewer, &source->media, datagram, length, &rtp, now_ns, to);
    must(written == 0 || (written <= length + ZM_VIDEO_EXTENSIONS_MAX && zm_rtp_parse(&sent, to, written)), "RTP goes out");
    free(to);
}

static void say(zm_video *viewer, zm_video *source, const uint8_t *datagram, uint32_t length, uint64_t now_ns)
{
    uint8_t to[ZM_VIDEO_RTCP_MAX];
    zm_rtcp_packet packet;
    uint32_t at = 0;

    if (!zm_rtcp_check(datagram, length))
        return;
    while (zm_rtcp_next(&packet, datagram, length, &at)) {
        uint32_t written = zm_video_feedback(viewer, source, &packet, 7, to);
        must(written <= sizeof to && (written == 0 || zm_rtcp_check(to, written)), "feedback of ours is well-formed");
        written = zm_video_report(source, viewer, &packet, now_ns, 7, to);
        must(written <= sizeof to && (written == 0 || zm_rtcp_check(to, written)), "a report of ours is well-formed");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    zm_video *viewer = calloc(1, sizeof *viewer), *source = calloc(1, sizeof *source);
    uint8_t to[ZM_VIDEO_RTCP_MAX];
    uint64_t now_ns = 1000000000;

    must(viewer && source, "memory");
    set(source, take8(&input), SOURCE_SSRC);
    set(viewer, take8(&input), VIEWER_SSRC);
    while (input.left) {
        uint8_t what = take8(&input);
        size_t length = take16(&input) % (ZM_RTP_MAX + 1);
        uint8_t *datagram = take_copy(&input, &length, 0);

        now_ns += (uint64_t)take8(&input) * 5000000;
        if (what & 1)
            show(viewer, source, datagram, (uint32_t)length, now_ns);
        else
            say(viewer, source, datagram, (uint32_t)length, now_ns);
        if (what & 2)
            must(zm_video_ask_key_frame(source, 7, to) <= sizeof to, "a request fits");
        if ((what & 12) == 12)
            zm_video_close(viewer);
        free(datagram);
    }
    free(viewer);
    free(source);
    return 0;
}
