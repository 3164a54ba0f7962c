"""Types of the load generator; see ``_loadgen.pyx``."""

BLOCK_SAMPLES: int

def compare(said: bytes, heard: bytes) -> tuple[int, float] | None: ...

class LoadGenerator:
    calls: int
    def __init__(self, calls: int) -> None: ...
    def say(self, path: bytes) -> None: ...
    def addresses(self) -> list[tuple[tuple[str, int], tuple[str, int]]]: ...
    def aim(
        self,
        call: int,
        *,
        host: str,
        phone_port: int,
        browser_port: int,
        username: str,
        pwd: str,
        profile: str,
        send: bytes,
        receive: bytes,
    ) -> None: ...
    def connect(self) -> None: ...
    def talk(self, frames: int, drain_ms: int, opus: bool) -> dict[str, float]: ...
