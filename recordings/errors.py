"""What can go wrong with recordings; failures of the disk stay `OSError`."""

from __future__ import annotations


class RecordingError(Exception):
    """Base of this package's own errors; the message says what, where and what to do."""


class CaptureError(RecordingError):
    """The file is no capture, or one that can't be finished."""


class LibraryError(RecordingError):
    """An id or a path that the library does not accept."""
