"""PJSIP as one object: started with its sockets, account and doorkeeper, and taken down again without a trace.

There is one per process, because PJSIP keeps its state in globals.  It can be started again after it was stopped.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from gateway.config.schema import SipConfig, TrunkConfig
from gateway.model.errors import InternalError
from gateway.sip.binding import IS_STOP_GAP, STOP_GAP_WARNING, calls_max, pj
from gateway.sip.pump import Pump

log = logging.getLogger(__name__)
pjsip_log = logging.getLogger("gateway.sip.pjsip")

SESSION_EXPIRES_S = 1800
SESSION_EXPIRES_MIN_S = 90
"""RFC 4028 4 and 5."""
PORT_TRIES = 20
LOG_LEVEL = 4


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """SIP's retransmission timers in ms (RFC 3261 17, table 4).  Tests shorten them; nobody else should."""

    t1: int = 500
    t2: int = 4000
    t4: int = 5000
    lingering: int = 32000


def nameservers(path: Path = Path("/etc/resolv.conf")) -> list[str]:
    """Return the machine's name servers, at most four; none where that file names none."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    return re.findall(r"(?m)^nameserver[ \t]+([0-9a-fA-F.:]+)[ \t]*$", text)[:4]


class _LogWriter(pj.LogWriter):  # type: ignore[misc]
    def write(self, entry: Any) -> None:
        pjsip_log.debug("%s", entry.msg.rstrip())


class Stack:
    _started: ClassVar[Stack | None] = None
    """PJSIP ends the process when a second endpoint is made beside the first."""

    def __init__(self, config: SipConfig, trunks: Sequence[TrunkConfig], timers: Timers | None = None) -> None:
        self._config = config
        self._networks = [str(ipaddress.ip_network(n, strict=False)) for trunk in trunks for n in trunk.networks]
        self._timers = timers or Timers()
        self._endpoint: Any = None
        self._pump: Pump | None = None
        self._door: Any = None
        self._account: Any = None
        self._log_writer: Any = None
        self.address = ("", 0)

    def start(self, account: Any) -> None:
        """Open the sockets and take calls with ``account`` (a `pj.Account`).  Raises `InternalError`."""
        if Stack._started is not None:
            raise InternalError("SIP runs in this process already, and PJSIP can run only once")
        Stack._started = self
        if IS_STOP_GAP:
            log.critical("%s", STOP_GAP_WARNING)  # shown whatever ZENTRALE_LOG says
        endpoint = pj.Endpoint()
        if not IS_STOP_GAP:
            pj.zentraleSetLogLevel(0)
        endpoint.libCreate()
        self._endpoint = endpoint
        try:
            if not IS_STOP_GAP:
                timers = self._timers
                pj.zentraleSetTimers(timers.t1, timers.t2, timers.t4, timers.lingering)
            endpoint.libInit(self._endpoint_config())
            endpoint.audDevManager().setNoDev()
            if not IS_STOP_GAP:
                self._door = pj.Doorkeeper()
                self._door.allow(pj.StringVector(self._networks))
                self._door.start(self._config.strangers == "forbid")
            self.address = self._listen()
            endpoint.libStart()
            account.create(self._account_config())
            self._account = account
        except pj.Error as error:
            self.stop()
            raise InternalError(f"PJSIP could not be started: {error.info()}") from error
        except InternalError:
            self.stop()
            raise
        self._pump = Pump(endpoint, asyncio.get_running_loop())
        self._pump.start()

    def stop(self) -> None:
        """Close the sockets and free everything.  All calls must have ended, or they end without a word."""
        if self._endpoint is None:
            return
        if self._pump is not None:
            self._pump.stop()
            self._pump = None
        if self._account is not None:
            # Now, and not when it is collected: its destructor deletes by number, perhaps a later stack's account.
            pj.Account.__swig_destroy__(self._account)
            self._account = None
        if self._door is not None:
            self._door.stop()
            self._door = None
        endpoint, self._endpoint = self._endpoint, None
        try:
            endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
        except pj.Error as error:
            log.warning("PJSIP did not stop in good order: %s", error.info())
        self._log_writer = None
        Stack._started = None

    def touch(self) -> None:
        """Call after each command to PJSIP: it may have set a timer."""
        if self._pump is not None:
            self._pump.arm()

    def admits(self, source: str) -> bool:
        """Tell whether a call from "192.0.2.1:5060" may come in.

        The doorkeeper has turned strangers away already; the stop-gap has none, so there they are refused here.
        """
        if not IS_STOP_GAP:
            return True
        address = ipaddress.ip_address(source.rpartition(":")[0].strip("[]"))
        return any(address in ipaddress.ip_network(network) for network in self._networks)

    def door_counts(self) -> Any:
        """Return what the doorkeeper turned away, as `pj.DoorCounts`; None for the stop-gap."""
        return None if self._door is None else self._door.counts()

    def _endpoint_config(self) -> Any:
        config = pj.EpConfig()
        # No threads: the pump drives PJSIP, and there is no media in it.
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = False
        config.uaConfig.maxCalls = 4 if IS_STOP_GAP else pj.zentraleCallsMax()
        config.uaConfig.userAgent = self._config.user_agent
        # With name servers PJSIP looks names up (in a Contact, say) without waiting; else it would block the loop.
        config.uaConfig.nameserver = pj.StringVector(nameservers())
        config.medConfig.threadCnt = 0
        config.medConfig.hasIoqueue = False
        # PJSIP calls an unreadable packet an error, and strangers send them for free: its log is for debugging only.
        wanted = pjsip_log.isEnabledFor(logging.DEBUG)
        config.logConfig.level = LOG_LEVEL if wanted else 0
        config.logConfig.consoleLevel = 0
        config.logConfig.msgLogging = False
        if wanted:
            self._log_writer = _LogWriter()
            config.logConfig.writer = self._log_writer
        return config

    def _listen(self) -> tuple[str, int]:
        """Bind UDP and TCP to the same port."""
        address, port = self._config.address, self._config.port
        six = ":" in address
        udp, tcp = (
            (pj.PJSIP_TRANSPORT_UDP6, pj.PJSIP_TRANSPORT_TCP6)
            if six
            else (pj.PJSIP_TRANSPORT_UDP, pj.PJSIP_TRANSPORT_TCP)
        )
        config = pj.TransportConfig()
        config.boundAddress = address
        for left in reversed(range(PORT_TRIES)):
            config.port = port
            kind = "UDP"
            try:
                transport = self._endpoint.transportCreate(udp, config)
                name = self._endpoint.transportGetInfo(transport).localName
                config.port = int(name.rpartition(":")[2])
                kind = "TCP"
                self._endpoint.transportCreate(tcp, config)
            except pj.Error as error:
                if kind == "TCP":
                    self._endpoint.transportClose(transport)
                    if port == 0 and left:
                        continue  # another program has that port's TCP side: take the next free one
                raise InternalError(
                    f"sip.address {address}, sip.port {config.port}: {kind} can't be opened ({error.reason}); "
                    "stop the program that has it, or choose another port"
                ) from error
            return address, int(config.port)
        raise AssertionError("unreachable")

    def _account_config(self) -> Any:
        host = f"[{self.address[0]}]" if ":" in self.address[0] else self.address[0]
        config = pj.AccountConfig()
        config.idUri = f"sip:zentrale@{host}:{self.address[1]}"
        config.regConfig.registerOnAdd = False
        config.mediaConfig.useLoopMedTp = True  # a transport without sockets: RTP is the media plane's
        config.mediaConfig.lockCodecEnabled = False  # our answer names one codec; no re-INVITE of PJSIP's own
        # SRTP is ours, too: that an RTP/SAVP offer is one to take is all that PJSIP has to know of it.
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_OPTIONAL
        config.mediaConfig.srtpSecureSignaling = 0
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        config.callConfig.timerSessExpiresSec = SESSION_EXPIRES_S
        config.callConfig.timerMinSESec = SESSION_EXPIRES_MIN_S
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        config.natConfig.sipOutboundUse = 0
        return config


__all__ = ["IS_STOP_GAP", "Stack", "Timers", "calls_max", "pj"]
