/*
 * Zentrale's additions to pjsua2: a doorkeeper in front of PJSIP, the negotiated SDP of a call, and what an event
 * loop needs to drive PJSIP without a thread.  SWIG wraps this file together with pjsua2.
 */
#ifndef ZENTRALE_PJSIP_HPP
#define ZENTRALE_PJSIP_HPP

#include <pjsua2/types.hpp>
#include <string>

namespace pj {

/* What the doorkeeper has turned away since it was started. */
struct DoorCounts {
    unsigned long strangers;        /* messages from networks that are not allowed */
    unsigned long strangerConnections; /* TCP connections closed on arrival */
    unsigned long malformed;        /* messages that are no SIP */
    unsigned long methods;          /* requests with a method that is not served, answered 405 */
    std::string   lastStranger;     /* "192.0.2.1:5060/UDP INVITE", "" when there was none */
};

/*
 * A PJSIP module in front of all others: a message from a network that is not allowed costs one parse and nothing
 * more, whatever it is.  There is one per process.
 */
class Doorkeeper {
public:
    Doorkeeper();
    ~Doorkeeper();
    /* Networks as "address/prefix"; replaces the earlier list.  May be called at any time. */
    void allow(const StringVector &networks) PJSUA2_THROW(Error);
    /* Call after Endpoint::libInit().  forbid: answer strangers with 403 instead of silence. */
    void start(bool forbid) PJSUA2_THROW(Error);
    /* Call before Endpoint::libDestroy(). */
    void stop();
    DoorCounts counts() const;
};

/* The negotiated SDP of a call, "" when there is none yet: the other side's, or ours. */
std::string zentraleActiveSdp(int callId, bool remote) PJSUA2_THROW(Error);

/* The epoll descriptor of PJSIP's sockets: readable when Endpoint::libHandleEvents has something to do. */
int zentraleEventFd() PJSUA2_THROW(Error);

/* Milliseconds until PJSIP's next timer is due (0: now), -1 when it has none. */
int zentraleNextTimerMs() PJSUA2_THROW(Error);

/* Retransmission timers in ms (RFC 3261 17, table 4); call before Endpoint::libInit(). */
void zentraleSetTimers(unsigned t1, unsigned t2, unsigned t4, unsigned td);

/* PJSIP logs to the standard output until libInit() has its settings; call before libCreate(). */
void zentraleSetLogLevel(int level);

/* The recipe that this module was built by, and how many calls it can hold. */
std::string zentraleRecipe();
int zentraleCallsMax();

}  // namespace pj

#endif
