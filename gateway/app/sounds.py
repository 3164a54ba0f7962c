"""Loads into the media plane every sound that the configuration may name."""

from __future__ import annotations

from pathlib import Path

from gateway.config.schema import Config
from gateway.config.sounds import sound_files
from gateway.media import MediaPlane
from gateway.media.tones import RATE_HZ, render
from gateway.model.tones import COUNTRIES

SHIPPED = Path(__file__).parent.parent / "media" / "sounds"


def load_sounds(media: MediaPlane, config: Config) -> None:
    """Tones, what comes with Zentrale, and what is in the configured folder; of one name the last of them wins.

    The words of announcements are loaded for those languages only in which a queue announces something.
    """
    for tone, bursts in COUNTRIES[config.media.tones].items():
        media.add_pcm(tone.value, render(bursts), rate_hz=RATE_HZ)
    own = config.media.sounds
    folders = [SHIPPED] if own is None else [SHIPPED, Path(own)]
    languages = {queue.announce_language for queue in config.queues if queue.announce_position_every_ms}
    for name, path in sound_files(folders, languages).items():
        media.add_sound(name, path)
