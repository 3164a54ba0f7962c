/* Digits of a leg, both ways.  What it says is reported, and goes through its bridge as it is, translated, or not at all.
 * What it is sent waits in a short queue and goes out one after the other, in place of sound: telephone-events (RFC 4733),
 * tones, or an event for the signalling to send them (SIP INFO). */
#ifndef ZM_DIGITS_H
#define ZM_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#include "dtmf.h"
#include "dtmf_ear.h"
#include "dtmf_filter.h"
#include "limits.h"

typedef struct zm_leg zm_leg;

/* How digits go to a leg. */
typedef enum {
    ZM_DTMF_AUTO,       /* telephone-events when negotiated, else tones */
    ZM_DTMF_TONES,
    ZM_DTMF_SIGNALLING, /* whoever signals is told to send them */
} zm_dtmf_way;

/* What becomes of the digits that a leg says. */
typedef enum {
    ZM_DTMF_TRANSLATE, /* whatever the other side takes */
    ZM_DTMF_RELAY,     /* as they come, or not at all */
    ZM_DTMF_BLOCK,     /* nobody hears them, no capture has them */
} zm_dtmf_policy;

typedef struct {
    char digit;
    uint16_t tone_ms, gap_ms;
} zm_digit;

typedef struct {
    zm_digit waiting[ZM_DIGITS_MAX];
    uint8_t first, count;
    bool sounding;      /* the first of them is on its way */
    bool tones;         /* ... as a tone */
    uint64_t until_ns;  /* the tone's end, or the gap's */
    struct dtmf_sender sender;
    struct dtmf_generator generator;
    struct encoder *encoder; /* of tones, at 8 kHz, where they are sent in another codec than G.711 */
} zm_digits;

/* False: the queue is full, or it is no digit. */
bool zm_digits_add(zm_leg *leg, char digit, uint32_t tone_ms, uint32_t gap_ms);
/* Every 20 ms.  True: sound to the leg gives way. */
bool zm_digits_tick(zm_leg *leg, bool can_send);
/* Sound to the leg gives way: relayed packets are not sent. */
bool zm_digits_busy(const zm_leg *leg);
/* Telephone-events reach the leg as they are. */
bool zm_digits_takes_events(const zm_leg *leg);

typedef enum { ZM_DIGIT_EVENT, ZM_DIGIT_TONE, ZM_DIGIT_SIGNALLED } zm_digit_origin;

/* The leg has said a digit: report it, and translate it for who hears it if need be. */
void zm_digits_said(zm_leg *leg, char digit, uint32_t duration_ms, zm_digit_origin origin);
/* Sound that the leg says, on its way through its filter; what may go on is given to `take`. */
void zm_digits_listen(zm_leg *leg, const zm_rtp *rtp, void (*take)(zm_leg *leg, const zm_rtp *rtp));
/* 20 ms of sound that the leg says and that was decoded anyway, on its way to who hears it. */
void zm_digits_overhear(zm_leg *leg, int16_t *pcm);
/* The leg is decoded from now on, at another rate, or no more. */
void zm_digits_tune(zm_leg *leg);
/* The description or the policy changed.  `fresh` is memory for a filter, to take or to leave. */
void zm_digits_set_policy(zm_leg *leg, zm_dtmf_policy policy, struct dtmf_filter **fresh);
/* Free what the leg has for its digits. */
void zm_digits_close(zm_leg *leg);

#endif
