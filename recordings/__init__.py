"""Recordings and transcripts: from what was captured to files that can be kept, found and played.

This package knows nothing of calls, contacts or media planes: it takes capture files (docs/reference/capture-format.md)
and plain values.  `finish` blocks for about three seconds per five minutes of talk and holds no lock of the
interpreter: run it in a thread.
"""

from __future__ import annotations

from recordings.errors import CaptureError, LibraryError, RecordingError
from recordings.finisher import CaptureHeader, Finished, finish, read_header
from recordings.library import RecordingLibrary
from recordings.transcript import TranscriptLine, transcript_json, transcript_text

__all__ = [
    "CaptureError",
    "CaptureHeader",
    "Finished",
    "LibraryError",
    "RecordingError",
    "RecordingLibrary",
    "TranscriptLine",
    "finish",
    "read_header",
    "transcript_json",
    "transcript_text",
]
