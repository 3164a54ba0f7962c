/* Telephone events: what is told of a row of payloads are digits, and each of a length that is possible. */
#include "../../../gateway/media/native/dtmf.h"
#include "input.h"

static void digits(const struct dtmf_digit *digits, int count)
{
    must(count <= DTMF_DIGITS_PER_PACKET, "at most so many digits at once");
    for (int i = 0; i < count; i++)
        must(digits[i].digit && strchr("0123456789*#ABCD", digits[i].digit) != NULL, "a digit");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct dtmf_receiver receiver;
    int64_t now_ns = 0;

    dtmf_receiver_init(&receiver, take8(&input) & 1 ? 48000 : 8000);
    while (input.left) {
        struct dtmf_digit ended[DTMF_DIGITS_PER_PACKET];
        uint8_t what = take8(&input);
        uint32_t timestamp = what & 0x80 ? take32(&input) : take8(&input) * 160u;
        size_t length = what & 0x40 ? what & 15 : DTMF_PAYLOAD_SIZE;
        uint8_t *payload = take_copy(&input, &length, 0);

        now_ns += (int64_t)(what & 31) * 10000000;
        digits(ended, dtmf_receive(&receiver, payload, length, timestamp, now_ns, ended));
        if (what & 0x20 && dtmf_receiver_expire(&receiver, now_ns + DTMF_SILENCE_NS, ended))
            digits(ended, 1);
        free(payload);
    }
    return 0;
}
