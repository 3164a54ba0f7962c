#include "opus_codec.h"

#include <opus/opus.h>

int opus_decode_init(struct opus_decode_state *state, uint32_t rate)
{
    int error = OPUS_OK;
    state->decoder = opus_decoder_create((opus_int32)rate, 1, &error);
    return error == OPUS_OK ? 0 : -1;
}

void opus_decode_free(struct opus_decode_state *state)
{
    if (state->decoder)
        opus_decoder_destroy(state->decoder);
    state->decoder = NULL;
}

void opus_decode_reset(struct opus_decode_state *state)
{
    opus_decoder_ctl(state->decoder, OPUS_RESET_STATE);
}

int opus_packet_samples(const uint8_t *packet, size_t length, uint32_t rate)
{
    if (length == 0 || length > OPUS_PACKET_MAX)
        return -1;
    int samples = opus_packet_get_nb_samples(packet, (opus_int32)length, (opus_int32)rate);
    return samples > 0 ? samples : -1;
}

int opus_packet_carries_fec(const uint8_t *packet, size_t length)
{
    const unsigned char *frames[48];
    opus_int16 sizes[48];
    unsigned char toc;

    if (length == 0 || length > OPUS_PACKET_MAX || (packet[0] & 0x80)) /* CELT only: no copy (RFC 6716 4.2.4) */
        return 0;
    if (opus_packet_parse(packet, (opus_int32)length, &toc, frames, sizes, NULL) < 1 || sizes[0] < 1)
        return 0;
    int silk_frames = opus_packet_get_samples_per_frame(packet, 48000) / 960;
    if (silk_frames < 1)
        silk_frames = 1;
    /* The first octet begins with a VAD bit per 20 ms, then the LBRR bit; the same again for the second channel. */
    int copy = frames[0][0] >> (7 - silk_frames) & 1;
    if (opus_packet_get_nb_channels(packet) == 2)
        copy |= frames[0][0] >> (6 - 2 * silk_frames) & 1;
    return copy;
}

int opus_decode_packet(
    struct opus_decode_state *state, const uint8_t *packet, size_t length, int16_t *pcm, size_t samples_max)
{
    if (length == 0 || length > OPUS_PACKET_MAX)
        return -1;
    int samples = opus_decode(state->decoder, packet, (opus_int32)length, pcm, (int)samples_max, 0);
    return samples > 0 ? samples : -1;
}

int opus_decode_recover(
    struct opus_decode_state *state, const uint8_t *packet, size_t length, int16_t *pcm, size_t samples)
{
    if (length == 0 || length > OPUS_PACKET_MAX)
        return -1;
    int written = opus_decode(state->decoder, packet, (opus_int32)length, pcm, (int)samples, 1);
    return written == (int)samples ? written : -1;
}

int opus_decode_conceal(struct opus_decode_state *state, int16_t *pcm, size_t samples)
{
    int written = opus_decode(state->decoder, NULL, 0, pcm, (int)samples, 0);
    return written == (int)samples ? written : -1;
}

int opus_encode_init(struct opus_encode_state *state, uint32_t rate, uint32_t bitrate, int complexity)
{
    int error = OPUS_OK;
    OpusEncoder *encoder = opus_encoder_create((opus_int32)rate, 1, OPUS_APPLICATION_VOIP, &error);
    state->encoder = encoder;
    if (error != OPUS_OK)
        return -1;
    if (opus_encoder_ctl(encoder, OPUS_SET_BITRATE((opus_int32)bitrate)) != OPUS_OK ||
        opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity)) != OPUS_OK ||
        opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) != OPUS_OK) {
        opus_encode_free(state);
        return -1;
    }
    return 0;
}

void opus_encode_free(struct opus_encode_state *state)
{
    if (state->encoder)
        opus_encoder_destroy(state->encoder);
    state->encoder = NULL;
}

void opus_encode_set_loss(struct opus_encode_state *state, int percent)
{
    percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    opus_encoder_ctl(state->encoder, OPUS_SET_PACKET_LOSS_PERC(percent));
    opus_encoder_ctl(state->encoder, OPUS_SET_INBAND_FEC(percent > 0));
}

void opus_encode_set_dtx(struct opus_encode_state *state, bool dtx)
{
    opus_encoder_ctl(state->encoder, OPUS_SET_DTX(dtx));
}

void opus_encode_set_playback_rate(struct opus_encode_state *state, uint32_t rate)
{
    opus_int32 bandwidth = rate <= 8000    ? OPUS_BANDWIDTH_NARROWBAND
                           : rate <= 12000 ? OPUS_BANDWIDTH_MEDIUMBAND
                           : rate <= 16000 ? OPUS_BANDWIDTH_WIDEBAND
                           : rate <= 24000 ? OPUS_BANDWIDTH_SUPERWIDEBAND
                                           : OPUS_BANDWIDTH_FULLBAND;

    opus_encoder_ctl(state->encoder, OPUS_SET_MAX_BANDWIDTH(bandwidth));
}

int opus_encode_packet(
    struct opus_encode_state *state, const int16_t *pcm, size_t samples, uint8_t *packet, size_t size)
{
    int length = opus_encode(state->encoder, pcm, (int)samples, packet, (opus_int32)size);
    return length > 0 ? length : -1;
}
