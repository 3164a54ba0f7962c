/* Whether a packet has sound in it, told without decoding more than a few samples.  Pure. */
#ifndef ZM_VOICE_H
#define ZM_VOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec.h"

/* G.711: louder than about -50 dBm0.  Opus: the encoder's own finding (RFC 6716 4.2.3), or of its music mode the size. */
bool zm_voice_heard(enum codec codec, const uint8_t *payload, uint32_t len);

#endif
