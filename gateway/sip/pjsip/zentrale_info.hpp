/*
 * INFO within a call (RFC 6086), in front of pjsua-lib, which knows application/dtmf-relay alone, reads it past its end
 * and answers 500 to most else.  Used by zentrale_pjsip.cpp; SWIG does not see it.
 */
#ifndef ZENTRALE_INFO_HPP
#define ZENTRALE_INFO_HPP

#include <pjsip.h>

namespace zentrale {

/* What to do with an INFO. */
struct InfoVerdict {
    int         code;      /* to answer; 0: pjsua-lib takes it, its digit is in the form that it knows */
    const char *reason;    /* NULL: the code's own */
    const char *header;    /* to add, NULL: none */
    const char *value;     /* ... of it */
};

/* Judge an INFO of a dialog of ours.  One with a digit is rewritten in place, out of its own pool. */
InfoVerdict judge_info(pjsip_rx_data *rdata);

}  // namespace zentrale

#endif
