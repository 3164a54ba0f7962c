"""The browser edge: WebRTC legs (ICE-lite and SRTP in the media plane, DTLS here), visitors' calls and agents' audio.

wolfSSL does the DTLS handshake, or aiortc where that was not built; neither leaves its module, and of aiortc nothing
else is used.
"""

from gateway.webrtc.agent_audio import AgentAudio
from gateway.webrtc.calls import WebCallLine, WebCalls
from gateway.webrtc.edge import WebRtcEdge, WebRtcLeg, WebRtcLimits
from gateway.webrtc.leg import Loss

__all__ = ["AgentAudio", "Loss", "WebCallLine", "WebCalls", "WebRtcEdge", "WebRtcLeg", "WebRtcLimits"]
