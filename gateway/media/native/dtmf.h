/* Telephone events (RFC 4733): digits in RTP.  Plain memory, no allocation. */
#ifndef ZENTRALE_DTMF_H
#define ZENTRALE_DTMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A digit whose end packets are all lost counts as ended after so long without a packet. */
#define DTMF_SILENCE_NS 200000000LL
#define DTMF_PAYLOAD_SIZE 4
/* The end packet is sent so often (RFC 4733 2.5.1.4). */
#define DTMF_END_PACKETS 3
#define DTMF_DURATION_MIN_MS 40
#define DTMF_DURATION_MAX_MS 6000
#define DTMF_DIGITS_PER_PACKET 2

struct dtmf_digit {
    char digit; /* 0-9 * # A-D */
    uint32_t duration_ms;
};

struct dtmf_receiver {
    uint32_t clock_rate;
    bool started;   /* an event has been seen */
    bool reported;  /* ... and reported: its further packets are repetitions */
    uint8_t event;
    uint32_t timestamp;      /* when the event began */
    uint32_t segment;        /* timestamp of the present segment of a long event (RFC 4733 2.5.1.3) */
    uint32_t duration;       /* longest seen, in timestamp units, all segments */
    int64_t last_packet_ns;
};

/* `clock_rate`: of telephone-event as negotiated: 8000 or 48000. */
void dtmf_receiver_init(struct dtmf_receiver *receiver, uint32_t clock_rate);
/* Take one packet.  Returns how many digits have ended (0, 1, or 2 when the end of the one before was lost) and writes
 * them to `digits`; -1 when malformed or not a digit (events above 15 are none of ours). */
int dtmf_receive(
    struct dtmf_receiver *receiver, const uint8_t *payload, size_t length, uint32_t timestamp, int64_t now_ns,
    struct dtmf_digit digits[DTMF_DIGITS_PER_PACKET]);
/* To be called now and then (e.g. each tick while receiver->started && !receiver->reported): ends a digit that fell
 * silent without an end packet.  True: `digit` is set. */
bool dtmf_receiver_expire(struct dtmf_receiver *receiver, int64_t now_ns, struct dtmf_digit *digit);

struct dtmf_sender {
    bool active;
    bool first;
    uint8_t event;
    uint8_t ends_sent;
    uint32_t timestamp;
    uint32_t step;     /* timestamp units per packet (20 ms) */
    uint32_t duration; /* so far */
    uint32_t total;    /* wanted */
};

struct dtmf_packet {
    uint32_t timestamp; /* RTP timestamp to send it with: the same for the whole digit */
    bool marker;
    uint8_t payload[DTMF_PAYLOAD_SIZE];
};

/* Begin a digit at RTP `timestamp`; the duration is held to DTMF_DURATION_MIN_MS..MAX.  False: not a digit. */
bool dtmf_sender_start(
    struct dtmf_sender *sender, char digit, uint32_t duration_ms, uint32_t timestamp, uint32_t clock_rate);
/* To be called every 20 ms.  True: send `packet` with the next sequence number instead of sound.  False: the digit is
 * over (or none was begun); sound goes on with its timestamp as if it had never stopped. */
bool dtmf_sender_next(struct dtmf_sender *sender, struct dtmf_packet *packet);

#endif
