"""Debian's Firefox, headless, driven by WebDriver BiDi, with a tone for a microphone, and ears.

    async with firefox(folder, microphone_hz=700) as browser:
        page = await browser.new_page()
        sdp = await page.call("async () => ...")
        await page.wait_for_tone(700)

Firefox offers no candidate on loopback, so it has to run in a network namespace with an address (`two_networks`).
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.patience import PATIENCE_S

EXECUTABLE = "/usr/bin/firefox-esr"
START_S = 60
STOP_S = 10

PREFERENCES: dict[str, object] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}

# Without a sound card an AudioContext of Firefox never runs; a recorder does, and what it wrote can be decoded.
EARS = """async () => {
  const recorder = new MediaRecorder(window.heard);
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  setTimeout(() => recorder.stop(), 1000);
  await stopped;
  const octets = await new Blob(parts).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(octets);
  const samples = sound.getChannelData(0).slice(sound.length >> 2);
  let power = 0, crossings = 0;
  for (let i = 1; i < samples.length; i++) {
    power += samples[i] * samples[i];
    if (samples[i - 1] < 0 && samples[i] >= 0) crossings += 1;
  }
  return power / samples.length < 1e-4 ? 0 : crossings * sound.sampleRate / samples.length;
}"""
"""The frequency of a second of what is heard, by its rising zero crossings; 0 when it is silent."""


class FirefoxPage:
    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    async def call(self, function: str, *arguments: str | int) -> Any:
        """What the function returns, a text or a number; a promise is waited for.  Raises `AssertionError`."""
        given = [
            {"type": "string" if isinstance(argument, str) else "number", "value": argument} for argument in arguments
        ]
        answer = await self._browser.command(
            "script.callFunction",
            functionDeclaration=function,
            awaitPromise=True,
            userActivation=True,
            target={"context": self._context},
            arguments=given,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return answer["result"].get("value")

    async def wait_for_tone(self, frequency_hz: int, *, timeout_s: float = PATIENCE_S) -> None:
        """In the stream that the page has put into ``window.heard``."""
        heard = 0.0
        try:
            async with asyncio.timeout(timeout_s):
                while not math.isclose(heard, frequency_hz, abs_tol=10):
                    heard = await self.call(EARS)
        except TimeoutError:
            raise AssertionError(f"no tone of {frequency_hz} Hz; heard {heard:.0f} Hz") from None


class Firefox:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse, address: str) -> None:
        self._socket = socket
        self._address = address
        self._commands = 0
        self.version = ""

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of WebDriver BiDi; one at a time."""
        self._commands += 1
        await self._socket.send_json({"id": self._commands, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive()).data)
            if message.get("id") == self._commands:
                assert message["type"] == "success", message
                result: dict[str, Any] = message["result"]
                return result

    async def new_page(self) -> FirefoxPage:
        """A tab that may use the microphone (``localhost`` counts as secure)."""
        context = (await self.command("browsingContext.create", type="tab"))["context"]
        await self.command("browsingContext.navigate", context=context, url=self._address, wait="complete")
        return FirefoxPage(self, context)


@asynccontextmanager
async def firefox(folder: Path, *, microphone_hz: int) -> AsyncIterator[Firefox]:
    """A browser of its own in the network namespace of the caller, gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    preferences = {**PREFERENCES, "media.navigator.audio.fake_frequency": microphone_hz}
    lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in preferences.items())
    (folder / "user.js").write_text("".join(lines))
    process = await asyncio.create_subprocess_exec(
        EXECUTABLE, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port=0",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    site = await _serve_empty_page()
    try:
        async with aiohttp.ClientSession() as session:
            address = await _announced(process)
            async with session.ws_connect(f"{address}/session", max_msg_size=0) as socket:
                browser = Firefox(socket, site.address)
                found = await browser.command("session.new", capabilities={})
                browser.version = found["capabilities"]["browserVersion"]
                yield browser
    finally:
        await site.runner.cleanup()
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()


class _Site:
    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self.runner = runner
        self.address = f"http://localhost:{port}/"


async def _serve_empty_page() -> _Site:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>test</title>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return _Site(runner, runner.addresses[0][1])


async def _announced(process: asyncio.subprocess.Process) -> str:
    """Where it listens, as it says itself."""
    assert process.stderr is not None
    async with asyncio.timeout(START_S):
        while line := (await process.stderr.readline()).decode(errors="replace"):
            if "WebDriver BiDi listening on " in line:
                return line.rpartition(" ")[2].strip()
    raise AssertionError("Firefox ended before it listened")
