"""Types of the load generator; see ``_loadgen.pyx``."""

class LoadGenerator:
    calls: int
    def __init__(self, host: str, calls: int) -> None: ...
    def ports(self) -> list[tuple[int, int]]: ...
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
    def run(self, frames: int, mix: bool) -> dict[str, int]: ...
