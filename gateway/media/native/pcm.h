/* The PCM side of a leg: the jitter buffer and decoder of what it says, the encoder of what it hears.  Both exist only
 * while a mix or an announcement needs them; a relayed leg has neither. */
#ifndef ZM_PCM_H
#define ZM_PCM_H

#include "opus_codec.h"
#include "thread.h"

/* What an encoder makes of 20 ms: a frame; for Opus with another packet time nothing yet, or two packets. */
enum { ZM_ENCODED_MAX = 2 };
typedef struct {
    uint32_t count, ticks; /* ticks: RTP clock, of each */
    uint32_t len[ZM_ENCODED_MAX]; /* 0: not to be sent, but the time passes (DTX) */
    uint8_t payload[ZM_ENCODED_MAX][OPUS_PACKET_MAX];
} zm_encoded;

/* The rate at which legs of these codecs meet: one narrowband party makes the whole mix narrowband, because each codec
 * decodes to every lower rate by itself and nothing is resampled.  `rate` is what the others have, 0 = none yet. */
uint32_t zm_pcm_rate(const zm_leg *leg, uint32_t rate);

/* Have a jitter buffer for what the leg says.  One that fits is kept with the sound in it.  False: out of memory. */
bool zm_pcm_listen(zm_leg *leg, uint32_t rate);
void zm_pcm_deafen(zm_leg *leg);
/* A packet that it said. */
void zm_pcm_put(zm_leg *leg, const zm_rtp *rtp);
/* Comfort noise that it sent (RFC 3389). */
void zm_pcm_put_noise(zm_leg *leg, const zm_rtp *rtp);
/* A packet that it said and that was relayed as well: the sound goes on behind it. */
void zm_pcm_follow(zm_leg *leg, const zm_rtp *rtp);
/* The next 20 ms of what it says; false: nothing, and the PCM is zero. */
bool zm_pcm_get(zm_leg *leg, int16_t *pcm);

/* How to encode for the leg: what we like, as far as the other side's fmtp goes along with it. */
struct encoding zm_pcm_how(const zm_leg *leg);
/* Have an encoder for what the leg hears, at `rate`; 0 = the best that its codec can.  One that fits is kept with its
 * past.  False: out of memory. */
bool zm_pcm_speak(zm_leg *leg, uint32_t rate);
void zm_pcm_mute(zm_leg *leg);
/* Encode 20 ms at `leg->pcm_rate`, which is not 0.  False: it failed. */
bool zm_pcm_encode(zm_leg *leg, const int16_t *pcm, zm_encoded *made);

#endif
