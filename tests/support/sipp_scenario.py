"""Writes SIPp scenarios in Python, so that a test reads as what the carrier does.

    Scenario("hold").invite().expect(200, "a=sendrecv").ack().invite(HOLD).expect(200, "a=recvonly").ack().bye()

Each method appends a step and returns the scenario.  CSeq counts up by itself; requests after the first response use
the dialog's route and tag.  SIPp fills the words in square brackets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

OFFER = """\
v=0
o=carrier 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv"""
STREAM = OFFER.replace("[media_port]", "[rtpstream_audio_port]")
"""For `Scenario.stream`: its RTP comes from a port of its own."""
HOLD = OFFER.replace("a=sendrecv", "a=sendonly")
INACTIVE = OFFER.replace("a=sendrecv", "a=inactive")
OLD_HOLD = OFFER.replace("c=IN IP[media_ip_type] [media_ip]", "c=IN IP4 0.0.0.0")
"""RFC 2543's way, still in the wild."""
PCMU_ELSEWHERE = OFFER.replace("[media_port] RTP/AVP 8 0 101", "40000 RTP/AVP 0 101")
PCMU_ONLY = OFFER.replace("8 0 101", "0 101")
PCMA_ELSEWHERE = OFFER.replace("[media_port] RTP/AVP 8 0 101", "40000 RTP/AVP 8 101")
NO_DTMF = OFFER.replace("8 0 101", "8")
_CODEC_LINES = "".join(f"{line}\n" for line in OFFER.splitlines()[6:10])
G729 = OFFER.replace("8 0 101", "18").replace(_CODEC_LINES, "a=rtpmap:18 G729/8000\n")
ILBC = OFFER.replace("8 0 101", "111").replace(_CODEC_LINES, "a=rtpmap:111 iLBC/8000\n")
WITH_VIDEO = OFFER + "\nm=video 40002 RTP/AVP 96\na=rtpmap:96 VP8/90000"

FROM = '"Anna" <sip:+4930123456@[local_ip]:[local_port]>'
_NUMBER_URI = "sip:[service]@[remote_ip]:[remote_port]"


class Scenario:
    def __init__(self, words: str, *, caller: str = FROM) -> None:
        self._words = words
        self._from = caller
        self._parts: list[str] = []
        self._cseq = 0
        self._answered = False
        self._version = 0

    def invite(self, offer: str | None = OFFER, *, headers: str = "", retransmit: bool = True, uri: str = "") -> Self:
        """Send an INVITE, or within the dialog a re-INVITE.  ``offer`` None: without a description."""
        self._cseq += 1
        return self._request("INVITE", offer, headers=headers, retransmit=retransmit, uri=uri)

    def request(self, method: str, body: str | None = None, *, headers: str = "", uri: str = "") -> Self:
        self._cseq += 1
        return self._request(method, body, headers=headers, retransmit=True, uri=uri)

    def invite_again(self, offer: str = OFFER) -> Self:
        """Send the very same INVITE once more, as if the response had been lost."""
        text = self._text("INVITE", offer.format(version=self._version), "", _NUMBER_URI)
        text = text.replace("Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "[last_Via:]")
        return self._send(text, retransmit=False)

    def request_again(self, method: str, body: str | None = None, *, headers: str = "") -> Self:
        """Send the very same request of the dialog once more, as if its response had been lost."""
        text = self._text(method, body, headers, "")
        text = text.replace("Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "[last_Via:]")
        return self._send(text, retransmit=False)

    def ack(self, answer: str | None = None) -> Self:
        """Acknowledge a 2xx."""
        return self._request("ACK", answer, headers="", retransmit=False)

    def ack_refusal(self) -> Self:
        """Acknowledge a final response that is no 2xx: part of the transaction (RFC 3261 17.1.1.3)."""
        text = f"""ACK {_NUMBER_URI} SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: {self._cseq} ACK
Max-Forwards: 70
Content-Length: 0

"""
        return self._send(text, retransmit=False)

    def cancel(self) -> Self:
        text = f"""CANCEL {_NUMBER_URI} SIP/2.0
[last_Via:]
[last_From:]
To: <{_NUMBER_URI}>
Call-ID: [call_id]
CSeq: {self._cseq} CANCEL
Max-Forwards: 70
Content-Length: 0

"""
        return self._send(text, retransmit=True)

    def bye(self) -> Self:
        return self.request("BYE").expect(200)

    def expect(self, code: int, pattern: str = "", *, header: str = "", trying: bool = True) -> Self:
        """Wait for a response.  ``pattern`` (POSIX) must be found in it, or in its ``header`` if one is named."""
        if trying and code != 100:
            self._parts.append('<recv response="100" optional="true"/>')
        if code == 200:
            self._answered = True
        action = self._check(pattern, header) if pattern else ""
        self._parts.append(f'<recv response="{code}" rrs="true">{action}</recv>')
        return self

    def expect_silence(self, milliseconds: int) -> Self:
        """Any message in this time fails the call: SIPp knows no step that it would fit."""
        return self.pause(milliseconds)

    def receive(self, method: str, *, timeout_ms: int = 8000) -> Self:
        """Wait for a request, and answer it with 200."""
        self._parts.append(f'<recv request="{method}" timeout="{timeout_ms}"/>')
        text = """SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

"""
        return self._send(text, retransmit=False)

    def ignore(self, code: int, until: str, *, timeout_ms: int = 8000) -> Self:
        """Let any number of these responses go by until the request ``until`` comes, which is answered."""
        self._parts.append(f'<label id="1"/><recv response="{code}" optional="true" next="1"/>')
        return self.receive(until, timeout_ms=timeout_ms)

    def pause(self, milliseconds: int | None = None) -> Self:
        """Wait; without a time as long as SIPp's ``-d`` says."""
        self._parts.append("<pause/>" if milliseconds is None else f'<pause milliseconds="{milliseconds}"/>')
        return self

    def stream(self, audio: Path, *, payload_type: int = 8, name: str = "PCMA/8000") -> Self:
        """Send a file of headerless G.711 as RTP, again and again, to the end of the call."""
        self._parts.append(f'<nop><action><exec rtp_stream="{audio},-1,{payload_type},{name}"/></action></nop>')
        return self

    def xml(self) -> str:
        steps = "\n".join(self._parts)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{self._words}">\n{steps}\n</scenario>\n'

    def _request(self, method: str, body: str | None, *, headers: str, retransmit: bool, uri: str = "") -> Self:
        if body is not None and "{version}" in body:
            self._version += 1
            body = body.format(version=self._version)
        return self._send(self._text(method, body, headers, uri), retransmit=retransmit)

    def _text(self, method: str, body: str | None, headers: str, uri: str) -> str:
        target = uri or ("[next_url]" if self._answered else _NUMBER_URI)
        tag = "[peer_tag_param]" if self._answered else ""
        lines = [
            f"{method} {target} SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            f"From: {self._from};tag=[pid]SIPp[call_number]",
            f"To: <{_NUMBER_URI}>{tag}",
            "Call-ID: [call_id]",
            f"CSeq: {self._cseq} {method}",
            "Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>",
            "Max-Forwards: 70",
            "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE",
            *headers.splitlines(),
        ]
        if body is not None and "Content-Type" not in headers:
            lines.append("Content-Type: application/sdp")
        return "\n".join([*lines, "Content-Length: [len]", "", body or ""])

    def _send(self, text: str, *, retransmit: bool) -> Self:
        again = ' retrans="500"' if retransmit else ""
        self._parts.append(f"<send{again}><![CDATA[\n{text}\n]]></send>")
        return self

    def _check(self, pattern: str, header: str) -> str:
        where = f'search_in="hdr" header="{header}:"' if header else 'search_in="msg"'
        found = f'<ereg regexp="{pattern}" {where} check_it="true" assign_to="seen"/>'
        return f'<action>{found}<log message="[$seen]"/></action>'
