"""Types of pictures' numbers and feedback for tests; see ``_video.pyx``."""

from typing import Literal

def begins_key_frame(codec: Literal["vp8", "h264"], payload: bytes) -> bool: ...

class Side:
    def __init__(
        self,
        *,
        codec: Literal["vp8", "h264"] = "vp8",
        payload_type: int = 96,
        rtx: int = 97,
        ssrc: int = 1,
        rtx_ssrc: int = 2,
        transport_cc_id: int = 0,
        abs_send_time_id: int = 0,
        nack: bool = True,
        pli: bool = True,
        fir: bool = False,
        reduced_size: bool = True,
        send: bool = True,
        receive: bool = True,
    ) -> None: ...
    @property
    def open(self) -> bool: ...
    @property
    def key_wanted(self) -> bool: ...
    def takes(self, payload_type: int) -> bool: ...
    def close(self) -> None: ...
    def see(self, source: Side, datagram: bytes, now_ns: int = 0) -> bytes | None: ...
    def say(self, source: Side, datagram: bytes, cname: int = 0) -> list[bytes] | None: ...
    def report(self, viewer: Side, datagram: bytes, ntp: int, cname: int = 0) -> list[bytes] | None: ...
    def ask_key_frame(self, cname: int = 0) -> bytes: ...
