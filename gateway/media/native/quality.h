/* What is watched about a leg while it lasts: figures of its quality every few seconds, and alarms when it says nothing,
 * or when nothing comes from it. */
#ifndef ZM_QUALITY_H
#define ZM_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct zm_leg zm_leg;

typedef enum { ZM_ALARM_SILENCE, ZM_ALARM_ONE_WAY } zm_alarm;

/* Of one interval. */
typedef struct {
    uint32_t interval_ms, packet_ms, packets_received, packets_lost, jitter_us;
    uint32_t far_rtt_us, far_jitter_us;
    uint8_t far_fraction_lost;  /* of 256, of what we send, as the far side says */
    bool far_known, rtt_known;
} zm_quality;

typedef struct {
    uint64_t heard_ns; /* the last packet that was taken */
    uint64_t voice_ns; /* the last one with sound in it */
    uint64_t since_ns; /* since then it is in a conversation */
    uint64_t report_ns;
    uint64_t received, lost; /* until the last report */
    bool silent, missing;    /* alarms that stand */
} zm_watch;

/* Once a second. */
void zm_quality_tick(zm_leg *leg);

#endif
