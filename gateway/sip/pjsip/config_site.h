/*
 * Compile-time settings of the PJSIP that Zentrale builds for itself: signalling only, made for a gateway, not a phone.
 * Everything that differs from PJSIP's defaults is here, with the reason; build.py copies this file to pjlib/include/pj.
 */

/* Signalling only: no streams, bridge, codecs, SRTP or media sockets.  signalling_media.c stands in for them. */
#define PJSUA_MEDIA_HAS_PJMEDIA         0
#define PJMEDIA_HAS_VIDEO               0
#define PJMEDIA_HAS_SRTP                0
#define PJMEDIA_HAS_G711_CODEC          0
#define PJMEDIA_HAS_ALAW_ULAW_TABLE     0
#define PJMEDIA_HAS_G722_CODEC          0
#define PJMEDIA_HAS_L16_CODEC           0
#define PJMEDIA_HAS_SPEEX_AEC           0
#define PJMEDIA_HAS_WEBRTC_AEC          0
#define PJMEDIA_RESAMPLE_IMP            PJMEDIA_RESAMPLE_NONE

/* Capacity.  The limit that operators set (limits.calls_max) lies below PJSUA_MAX_CALLS. */
#define PJSUA_MAX_CALLS                 2048
#define PJSUA_MAX_ACC                   64
#define PJSUA_MAX_PLAYERS               64
#define PJSUA_MAX_RECORDERS             64
#define PJSUA_MAX_CONF_PORTS            4096    /* must exceed calls, players and recorders together */
#define PJ_IOQUEUE_MAX_HANDLES          8192    /* epoll: not bound by FD_SETSIZE */
#define PJSIP_MAX_TRANSPORTS            8192    /* each TCP connection is one */
#define PJSIP_TPMGR_HTABLE_SIZE         1023    /* 2^n - 1 */
#define PJSIP_MAX_TSX_COUNT             65535   /* a finished UDP transaction lingers for 32 s (RFC 3261 17.2.1, timer H) */
#define PJSIP_MAX_DIALOG_COUNT          16383
#define PJSIP_TCP_INITIAL_TIMEOUT       10      /* s: a connection that says nothing is closed */
#define PJSIP_UDP_SO_RCVBUF_SIZE        4194304 /* a burst of calls waits in the kernel instead of being lost */
#define PJSIP_UDP_SO_SNDBUF_SIZE        4194304

/* Sizes of messages.  Each kept message owns a buffer of PJSIP_MAX_PKT_LEN. */
#define PJSIP_MAX_PKT_LEN               8000
#define PJSIP_DONT_SWITCH_TO_TCP        1       /* the trunk decides the transport, not the length of a message */
#define PJMEDIA_MAX_SDP_MEDIA           8
#define PJMEDIA_MAX_SDP_ATTR            100
#define PJSUA2_MAX_SDP_BUF_LEN          16384   /* with the default of 1024 a longer SDP reads as "" in Python */
#define PJ_LOG_MAX_SIZE                 17000
#define PJ_LOG_MAX_LEVEL                5

#define PJ_HAS_IPV6                     1
#define PJ_TODO(x)
