"""The process of `gateway.sip.caller`: pjsua2 as a caller, commands on standard input, reports on standard output.

It ends, and hangs up what is left, when its standard input is closed: so it can't outlive who started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import msgspec

from gateway.config.schema import SipConfig, TrunkConfig
from gateway.sip.caller import LINE_BYTES_MAX, Answered, Command, Ended, HangUp, PlaceCall, Ready, Report
from gateway.sip.dialog import guarded
from gateway.sip.stack import IS_STOP_GAP, Stack, pj

GOODBYE_S = 2.0


def report(words: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(words) + b"\n")
    sys.stdout.buffer.flush()


class _Account(pj.Account):  # type: ignore[misc]
    """Takes no calls: pjsua2 refuses what no callback keeps."""


class _Call(pj.Call):  # type: ignore[misc]
    def __init__(self, process: _Process, account: _Account, number: int, offer: str) -> None:
        super().__init__(account)
        self._process = process
        self._number = number
        self._offer = offer
        self._answered = False

    @guarded
    def onCallSdpCreated(self, prm: Any) -> None:  # noqa: N802
        prm.sdp.wholeSdp = self._offer

    @guarded
    def onCallState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED and not self._answered:
            self._answered = True
            report(Answered(call=self._number, answer=self._remote_description(prm, info)))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            report(Ended(call=self._number, code=info.lastStatusCode, reason=info.lastReason))
            self._process.forget(self._number)

    def _remote_description(self, prm: Any, info: Any) -> str:
        return "" if IS_STOP_GAP else str(pj.zentraleActiveSdp(info.id, True))


class _Process:
    def __init__(self, address: str) -> None:
        networks = ["0.0.0.0/0", "::/0"]  # answers may come from anywhere; calls are refused anyway
        self._stack = Stack(SipConfig(address=address, port=0), [TrunkConfig(name="any", networks=networks)])
        self._calls: dict[int, _Call] = {}
        self._account = _Account()
        self._loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()

    async def run(self, commands: asyncio.StreamReader) -> None:
        self._stack.start(self._account)
        report(Ready())
        decoder = msgspec.json.Decoder(Command)
        try:
            while line := await commands.readline():
                self._obey(decoder.decode(line))
                self._stack.touch()
        finally:
            for number in list(self._calls):
                self._hang_up(number)
            self._stack.touch()
            if self._calls:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._empty.wait(), GOODBYE_S)
            for number in list(self._calls):
                self._release(number)
            self._stack.stop()

    def _obey(self, command: Command) -> None:
        if isinstance(command, HangUp):
            self._hang_up(command.call)
        else:
            self._place(command)

    def _place(self, command: PlaceCall) -> None:
        call = _Call(self, self._account, command.call, command.offer)
        prm = pj.CallOpParam(True)
        prm.opt.audioCount, prm.opt.videoCount, prm.opt.textCount = 1, 0, 0
        prm.txOption.localUri = command.caller
        self._calls[command.call] = call
        self._empty.clear()
        try:
            call.makeCall(command.uri, prm)
        except pj.Error as error:
            report(Ended(call=command.call, code=500, reason=error.reason))
            self.forget(command.call)

    def _hang_up(self, number: int) -> None:
        call = self._calls.get(number)
        if call is not None:
            with contextlib.suppress(pj.Error):
                call.hangup(pj.CallOpParam())

    def forget(self, number: int) -> None:
        """Let go of a call that has ended, once PJSIP's callback has returned."""
        self._loop.call_soon(self._release, number)

    def _release(self, number: int) -> None:
        call = self._calls.pop(number, None)
        if call is not None:
            pj.Call.__swig_destroy__(call)  # see Dialog.release
        if not self._calls:
            self._empty.set()


async def main(address: str) -> None:
    commands = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin.buffer)
    with contextlib.suppress(asyncio.CancelledError):
        await _Process(address).run(commands)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
