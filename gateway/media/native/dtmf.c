#include "dtmf.h"

#include <string.h>

static const char DIGITS[16] = "0123456789*#ABCD"; /* RFC 4733 table 3 */

#define SEGMENT_MAX 0xFFFFu

void dtmf_receiver_init(struct dtmf_receiver *receiver, uint32_t clock_rate)
{
    memset(receiver, 0, sizeof *receiver);
    receiver->clock_rate = clock_rate;
}

static void report(struct dtmf_receiver *receiver, struct dtmf_digit *digit)
{
    digit->digit = DIGITS[receiver->event];
    digit->duration_ms = (uint32_t)((uint64_t)receiver->duration * 1000 / receiver->clock_rate);
    receiver->reported = true;
}

int dtmf_receive(
    struct dtmf_receiver *receiver, const uint8_t *payload, size_t length, uint32_t timestamp, int64_t now_ns,
    struct dtmf_digit digits[DTMF_DIGITS_PER_PACKET])
{
    int ended = 0;

    if (length < DTMF_PAYLOAD_SIZE || payload[0] > 15)
        return -1;
    uint8_t event = payload[0];
    bool end = payload[1] & 0x80;
    uint32_t duration = (uint32_t)payload[2] << 8 | payload[3];

    /* The timestamp names the event.  An older one is a straggler of an event that is over; a new segment of a long
     * event begins where the one before could count no further. */
    if (receiver->started && timestamp != receiver->segment) {
        int32_t newer = (int32_t)(timestamp - receiver->segment);
        bool continues = !receiver->reported && event == receiver->event && newer >= (int32_t)SEGMENT_MAX - 1 &&
                         newer <= (int32_t)SEGMENT_MAX && now_ns - receiver->last_packet_ns < DTMF_SILENCE_NS;
        if (newer < 0 && newer > -(int32_t)(10 * receiver->clock_rate))
            return 0;
        if (continues) {
            receiver->segment = timestamp;
        } else {
            if (!receiver->reported)
                report(receiver, &digits[ended++]);
            receiver->started = false;
        }
    }
    if (!receiver->started) {
        receiver->started = true;
        receiver->reported = false;
        receiver->event = event;
        receiver->timestamp = receiver->segment = timestamp;
        receiver->duration = 0;
    }
    receiver->last_packet_ns = now_ns;
    if (receiver->reported || event != receiver->event)
        return ended;
    duration += receiver->segment - receiver->timestamp;
    if (duration > receiver->duration)
        receiver->duration = duration;
    if (end)
        report(receiver, &digits[ended++]);
    return ended;
}

bool dtmf_receiver_expire(struct dtmf_receiver *receiver, int64_t now_ns, struct dtmf_digit *digit)
{
    if (!receiver->started || receiver->reported || now_ns - receiver->last_packet_ns < DTMF_SILENCE_NS)
        return false;
    report(receiver, digit);
    return true;
}

bool dtmf_sender_start(
    struct dtmf_sender *sender, char digit, uint32_t duration_ms, uint32_t timestamp, uint32_t clock_rate)
{
    if (digit >= 'a' && digit <= 'd')
        digit = (char)(digit - 'a' + 'A');
    const char *found = digit ? memchr(DIGITS, digit, sizeof DIGITS) : NULL;
    if (!found)
        return false;
    if (duration_ms < DTMF_DURATION_MIN_MS)
        duration_ms = DTMF_DURATION_MIN_MS;
    if (duration_ms > DTMF_DURATION_MAX_MS)
        duration_ms = DTMF_DURATION_MAX_MS;
    memset(sender, 0, sizeof *sender);
    sender->active = true;
    sender->first = true;
    sender->event = (uint8_t)(found - DIGITS);
    sender->timestamp = timestamp;
    sender->step = clock_rate / 50;
    sender->total = (uint32_t)((uint64_t)duration_ms * clock_rate / 1000);
    if (sender->total > SEGMENT_MAX) /* at 48 kHz after 1.4 s: longer digits would need segments that nobody needs */
        sender->total = SEGMENT_MAX;
    return true;
}

bool dtmf_sender_next(struct dtmf_sender *sender, struct dtmf_packet *packet)
{
    if (!sender->active)
        return false;
    sender->duration += sender->step;
    bool end = sender->duration >= sender->total;
    if (end)
        sender->duration = sender->total;
    packet->timestamp = sender->timestamp;
    packet->marker = sender->first;
    packet->payload[0] = sender->event;
    packet->payload[1] = (uint8_t)((end ? 0x80 : 0) | 10); /* -10 dBm0, an ordinary keypad's level */
    packet->payload[2] = (uint8_t)(sender->duration >> 8);
    packet->payload[3] = (uint8_t)sender->duration;
    sender->first = false;
    if (end && ++sender->ends_sent == DTMF_END_PACKETS)
        sender->active = false;
    return true;
}
