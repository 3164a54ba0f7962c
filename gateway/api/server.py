"""Runs the web application on one TCP port, from `start` to a clean `stop`."""

from __future__ import annotations

from aiohttp import web

SHUTDOWN_S = 3.0
HEADER_BYTES_MAX = 16 * 1024


class ApiServer:
    def __init__(self, app: web.Application, *, address: str, port: int) -> None:
        self._app = app
        self._address = address
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that is really listened on; the given one may have been 0."""
        return self._port

    @property
    def url(self) -> str:
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen.  Raises `OSError` when the port is taken."""
        runner = web.AppRunner(
            self._app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=SHUTDOWN_S,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._address, self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close all pages' sockets (1001), finish what runs, and free the port.  Harmless twice."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
