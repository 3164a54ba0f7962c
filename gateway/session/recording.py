"""From capture to recording: names the capture files, has finished ones encoded off the event loop, reports them.

A capture's file name carries what a restart needs to know (contact, queue, agent, recording), because a killed process
leaves only the file behind.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

import recordings
from gateway.model.clock import Clock
from gateway.model.events import RecordingFailed, RecordingInterrupted, RecordingStored
from gateway.model.ids import AgentId, ContactId, RecordingId, new_recording_id
from gateway.model.media import CaptureFailed, CaptureFinished, MediaEvent
from gateway.session.contact import Capture, Contact
from gateway.session.eventlog import EventLog

log = logging.getLogger(__name__)

SUFFIX = ".capture"

CLOSE_LIMIT_S = 10.0
"""How long a stop waits for the media plane to finish open captures; what is later is encoded at the next start."""


class Recorder:
    """``directory``: the storage folder; captures/ and recordings/ are made inside."""

    def __init__(self, directory: Path, log: EventLog, clock: Clock) -> None:
        self._captures = directory / "captures"
        self._library = recordings.RecordingLibrary(directory / "recordings")
        self._log = log
        self._clock = clock
        self._captures.mkdir(parents=True, exist_ok=True)
        # One thread: encoding is patient work, and must not take the second core from the calls.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording")
        self._finishing: set[asyncio.Task[None]] = set()
        self._open: dict[Path, Capture] = {}
        self._none_open = asyncio.Event()
        self._none_open.set()

    def begin(self, contact: Contact, agent: AgentId) -> Capture:
        recording = new_recording_id()
        path = self._captures / f"{contact.id}~{contact.queue.name}~{quote(agent, safe='')}~{recording}{SUFFIX}"
        self._none_open.clear()
        self._open[path] = Capture(recording, agent, path, self._clock.now_ns())
        return self._open[path]

    def media_event(self, event: MediaEvent) -> None:
        """Listener for customers' legs: encode what has been captured."""
        if isinstance(event, CaptureFailed):
            self._interrupted(Path(event.path), event.error)
        elif isinstance(event, CaptureFinished):
            self._open.pop(Path(event.path), None)
            if not self._open:
                self._none_open.set()
            if event.error:
                log.error("capture %s was cut short: %s", Path(event.path).name, event.error)
            if event.frames_dropped:
                log.warning("capture %s lacks %d frames", Path(event.path).name, event.frames_dropped)
            self._finish_later(Path(event.path))

    def _interrupted(self, path: Path, reason: str) -> None:
        capture = self._open.get(path)
        if capture is None:
            return
        capture.failed = True
        log.error("recording %s loses what is said from now on: %s (%s)", capture.recording, reason, path)
        contact = ContactId(path.name.split("~", 1)[0])
        self._log.emit(
            RecordingInterrupted(
                at_ns=self._clock.now_ns(), contact=contact, recording=capture.recording, reason=reason
            )
        )

    def recover(self) -> int:
        """Encode what a crash left behind; returns how many captures there are."""
        for partial in self._library.unfinished():
            partial.unlink(missing_ok=True)
        left = sorted(self._captures.glob(f"*{SUFFIX}"))
        for path in left:
            self._finish_later(path)
        return len(left)

    async def close(self) -> None:
        """Wait for what is being captured and encoded."""
        try:
            await asyncio.wait_for(self._none_open.wait(), CLOSE_LIMIT_S)
        except TimeoutError:
            log.warning("%d captures did not end in time; the next start encodes them", len(self._open))
        while self._finishing:
            await asyncio.wait(self._finishing)
        self._pool.shutdown(wait=True)

    def _finish_later(self, capture: Path) -> None:
        task = asyncio.get_running_loop().create_task(self._finish(capture))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _finish(self, capture: Path) -> None:
        names = capture.name.removesuffix(SUFFIX).split("~")
        if len(names) != 4:
            log.error("%s is no capture of ours; it stays where it is", capture.name)
            return
        contact, queue, agent, recording = (
            ContactId(names[0]),
            names[1],
            AgentId(unquote(names[2])),
            RecordingId(names[3]),
        )
        loop = asyncio.get_running_loop()

        def encode() -> tuple[str, recordings.Finished]:
            place = self._library.place(recording, recordings.read_header(capture).start_ns)
            target = self._library.resolve(place)
            return place, recordings.finish(capture, target, contact=contact, queue=queue, agent=agent)

        try:
            path, done = await loop.run_in_executor(self._pool, encode)
        except Exception as error:
            log.exception("capture %s could not be made a recording; it stays in captures", capture.name)
            self._log.emit(
                RecordingFailed(at_ns=self._clock.now_ns(), contact=contact, recording=recording, reason=str(error))
            )
            return
        self._log.emit(
            RecordingStored(
                at_ns=self._clock.now_ns(),
                contact=contact,
                recording=recording,
                agent=agent,
                path=path,
                duration_ms=done.duration_ms,
                size_bytes=done.size_bytes,
            )
        )
        # The capture goes only after the database knows the recording: a crash in between encodes it once more.
        await self._log.flushed()
        await loop.run_in_executor(self._pool, lambda: capture.unlink(missing_ok=True))
