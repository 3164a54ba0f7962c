#include "egress.h"

#include <errno.h>
#include <string.h>

#include "ice.h"

static void flush(zm_thread *thread, zm_web_port *port)
{
    zm_batch *batch = &port->out;
    uint32_t done = 0;

    while (done < batch->count) {
        int sent = sendmmsg(port->fd, batch->headers + done, batch->count - done, MSG_DONTWAIT);
        if (sent > 0) {
            done += (uint32_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        /* The first of the rest could not go: buffer full, or its address is unreachable.  Waiting would make the others
         * late, so it is dropped. */
        zm_drop(thread, batch->legs[done]);
        done++;
    }
    batch->count = 0;
}

void zm_flush_web(zm_thread *thread)
{
    for (uint32_t i = 0; i < thread->web_count; i++)
        if (thread->web[i].out.count)
            flush(thread, &thread->web[i]);
}

/* The next free datagram of the port's batch; the batch is sent first when it is full. */
static uint8_t *batch_next(zm_thread *thread, zm_web_port *port)
{
    if (port->out.count == ZM_BATCH_MAX)
        flush(thread, port);
    return port->out.datagrams[port->out.count];
}

static void batch_add(zm_thread *thread, zm_leg *leg, zm_web_port *port, const zm_addr *to, uint32_t len)
{
    zm_batch *batch = &port->out;
    uint32_t i = batch->count++;

    batch->legs[i] = leg;
    batch->addrs[i] = *to;
    batch->vectors[i].iov_len = len;
    batch->headers[i].msg_hdr.msg_namelen = zm_addr_len(to);
    ZM_COUNT(thread->statistics.packets_out);
}

void zm_send_web(
    zm_thread *thread, zm_leg *leg, zm_web_port *port, const zm_addr *to, const void *datagram, uint32_t len)
{
    if (len > ZM_DATAGRAM_MAX)
        return;
    memcpy(batch_next(thread, port), datagram, len);
    batch_add(thread, leg, port, to, len);
}

/* To the pair in use; the caller has asked zm_leg_can_send. */
static void send_to_browser(zm_leg *leg, const uint8_t *datagram, uint32_t len)
{
    const zm_path *path = zm_ice_path(leg);

    zm_send_web(leg->thread, leg, path->port, &path->addr, datagram, len);
}

static bool send_rtp_socket(zm_leg *leg, int fd, const zm_addr *to, const uint8_t *datagram, uint32_t len)
{
    ssize_t sent;

    do
        sent = sendto(fd, datagram, len, MSG_DONTWAIT, &to->any, zm_addr_len(to));
    while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        zm_drop(leg->thread, leg);
        return false;
    }
    ZM_COUNT(leg->thread->statistics.packets_out);
    return true;
}

void zm_send_rtp(zm_leg *leg, const zm_rtp *rtp, const uint8_t *payload, uint32_t len)
{
    zm_thread *thread = leg->thread;
    const zm_path *path = leg->kind == ZM_LEG_WEBRTC ? zm_ice_path(leg) : NULL;
    zm_web_port *port = path ? path->port : &thread->web[0]; /* a SIP leg borrows the room only */
    uint8_t *packet = batch_next(thread, port);
    uint32_t packet_len = ZM_RTP_HEADER + len;

    if (packet_len > ZM_RTP_MAX) {
        zm_drop(thread, leg);
        return;
    }
    zm_rtp_write(packet, rtp);
    memcpy(packet + ZM_RTP_HEADER, payload, len);
    if (leg->srtp_out) {
        zm_srtp_result result = zm_srtp_protect(leg->srtp_out, packet, &packet_len);
        if (result != ZM_SRTP_OK) {
            if (result == ZM_SRTP_FAILED) /* a replay is a duplicate that the other side had received twice */
                zm_drop(thread, leg);
            return;
        }
    }
    if (leg->kind == ZM_LEG_WEBRTC)
        batch_add(thread, leg, port, &path->addr, packet_len);
    else if (!send_rtp_socket(leg, leg->rtp.rtp_fd, &leg->rtp.latch.peer, packet, packet_len))
        return;
    leg->sent++;
    leg->out.packets++;
    leg->out.octets += len;
}

bool zm_send_packet(zm_leg *leg, uint8_t *packet, uint32_t len)
{
    if (zm_srtp_protect(leg->srtp_out, packet, &len) != ZM_SRTP_OK)
        return false;
    send_to_browser(leg, packet, len);
    return true;
}

void zm_send_rtcp(zm_leg *leg, uint8_t *packet, uint32_t len)
{
    if (leg->srtp_out && zm_srtp_protect_rtcp(leg->srtp_out, packet, &len) != ZM_SRTP_OK)
        return;
    if (leg->kind == ZM_LEG_RTP) {
        bool mux = leg->rtp.latch.rtcp_mux;
        send_rtp_socket(
            leg, mux ? leg->rtp.rtp_fd : leg->rtp.rtcp_fd, mux ? &leg->rtp.latch.peer : &leg->rtp.latch.rtcp_peer, packet, len);
        return;
    }
    send_to_browser(leg, packet, len);
}
