"""Make the sounds that Zentrale ships: announcements by espeak-ng, hold music by numpy.

Run ``python tools/make_sounds.py`` after a change here and commit what it writes to ``gateway/media/sounds``.  It
needs espeak-ng, opus-tools (opusenc) and numpy.  The music comes out the same, bit by bit, on every run.

The words of position announcements are put together by `gateway.session.speech`; a folder per language holds them.
"""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 16000
TARGET = Path(__file__).parent.parent / "gateway" / "media" / "sounds"
FRAME = RATE // 50
"""Sounds are padded to whole frames of 20 ms: a loop then has no gap."""

SPEECH = {
    "greeting": "Welcome, and thank you for calling. Please hold the line. "
    "The next free member of our team will be with you in a moment.",
    "goodbye": "Thank you for your call. Goodbye.",
}

VOICES = {"de": "de+f2", "en": "en-gb+f2"}

PHRASES = {
    "de": {
        "position_first": "Sie sind als Nächstes an der Reihe.",
        "position_before": "Sie sind Nummer",
        "position_after": "in der Warteschlange.",
        "position_beyond": "Vor Ihnen warten sehr viele Anrufer.",
        "wait_before": "Die geschätzte Wartezeit beträgt etwa",
        "wait_short": "Die geschätzte Wartezeit beträgt weniger als eine Minute.",
        "wait_long": "Die geschätzte Wartezeit beträgt mehr als eine Stunde.",
        "minute": "eine Minute.",
        "minutes": "Minuten.",
    },
    "en": {
        "position_first": "You are next in the queue.",
        "position_before": "You are number",
        "position_after": "in the queue.",
        "position_beyond": "There are very many callers before you.",
        "wait_before": "The estimated waiting time is about",
        "wait_short": "The estimated waiting time is less than one minute.",
        "wait_long": "The estimated waiting time is more than one hour.",
        "minute": "one minute.",
        "minutes": "minutes.",
    },
}
TEENS = {
    "de": "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
}
TENS = {
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
}
AND = "einund zweiund dreiund vierund fünfund sechsund siebenund achtund neunund"
"""German says the ones first, and in one word: ``dreiundzwanzig``."""
PART_PAUSE_S = 0.04
"""Before and after each part: what follows comes as in one breath."""

MUSIC_S = 25.0
BARS = 8
BAR_S = MUSIC_S / BARS
# One bar each: bass, pad and the notes of the arpeggio, as MIDI numbers.  It ends on the dominant, so it leads home.
CHORDS = [
    ("C", 36, (60, 64, 67, 71)),
    ("Am", 33, (57, 60, 64, 67)),
    ("F", 41, (57, 60, 65, 69)),
    ("G", 43, (59, 62, 67, 69)),
    ("Em", 40, (59, 64, 67, 71)),
    ("Am", 45, (60, 64, 69, 72)),
    ("Dm", 38, (57, 62, 65, 72)),
    ("Gsus", 43, (60, 62, 67, 72)),
]
ARPEGGIO = (0, 1, 2, 3, 2, 1, 2, 1)
"""Eighth notes: which note of the chord."""
MELODY = [
    # bar, eighth, MIDI number, eighths long
    (0, 4, 79, 4), (1, 2, 76, 2), (1, 4, 72, 4), (2, 4, 81, 2), (2, 6, 79, 2), (3, 2, 74, 6),
    (4, 4, 79, 4), (5, 2, 81, 2), (5, 4, 76, 4), (6, 4, 77, 2), (6, 6, 76, 2), (7, 2, 74, 6),
]  # fmt: skip


def dbfs(level: float) -> float:
    return float(10 ** (level / 20))


def frequency(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def seconds(duration: float) -> Samples:
    return np.arange(round(duration * RATE)) / RATE


def add_round(mix: Samples, start_s: float, part: Samples) -> None:
    """Add ``part``; what goes past the end goes on at the beginning: that is what makes the loop seamless."""
    positions = (round(start_s * RATE) + np.arange(len(part))) % len(mix)
    np.add.at(mix, positions, part)


def plucked(note: int, duration: float) -> Samples:
    """A soft string: harmonics that die away the faster the higher they are."""
    t = seconds(duration)
    base = frequency(note)
    tone = np.zeros_like(t)
    for harmonic in range(1, 9):
        pitch = base * harmonic * (1 + 0.00012 * harmonic**2)
        if pitch > 3300:
            break
        tone += np.sin(2 * np.pi * pitch * t) * harmonic**-1.6 * np.exp(-t * (1.6 + 0.9 * harmonic))
    attack = np.minimum(1, t / 0.006)
    release = np.clip((duration - t) / 0.1, 0, 1)
    return np.asarray(tone * attack * release)


def sung(note: int, duration: float) -> Samples:
    """A flute-like voice for the melody, with a little vibrato that comes late."""
    t = seconds(duration + 0.35)
    vibrato = 0.0025 * np.clip((t - 0.3) / 0.5, 0, 1) * np.sin(2 * np.pi * 4.8 * t)
    phase = 2 * np.pi * np.cumsum(frequency(note) * (1 + vibrato)) / RATE
    tone = np.sin(phase) + 0.22 * np.sin(2 * phase) + 0.06 * np.sin(3 * phase)
    swell = np.sin(np.clip(t / 0.12, 0, 1) * np.pi / 2) ** 2 * np.cos(np.clip((t - duration) / 0.35, 0, 1) * np.pi / 2)
    return np.asarray(tone * swell**2)


def pad(notes: tuple[int, ...], duration: float) -> Samples:
    """Slow strings behind: each note three times, slightly out of tune, swelling into the next bar."""
    fade = 0.9
    t = seconds(duration + fade)
    tone = np.zeros_like(t)
    for index, note in enumerate(notes):
        for detune, shift in ((-0.05, 0.3), (0.0, 1.7), (0.05, 4.1)):
            base = 2 * np.pi * frequency(note + detune) * t + shift + index
            tone += np.sin(base) + 0.28 * np.sin(2 * base) + 0.08 * np.sin(3 * base)
    envelope = np.minimum(np.clip(t / fade, 0, 1), np.clip((duration + fade - t) / fade, 0, 1))
    return np.asarray(tone * np.sin(envelope * np.pi / 2) ** 2)


def room(dry: Samples) -> Samples:
    """Reverberation by circular convolution, so it too runs round the end."""
    noise = np.random.default_rng(20).standard_normal(RATE * 2)
    t = np.arange(len(noise)) / RATE
    response = np.zeros(len(dry))
    response[: len(noise)] = noise * np.exp(-t * 4.5) * np.clip(t / 0.02, 0, 1)
    spectrum = np.fft.rfft(response)
    pitch = np.fft.rfftfreq(len(dry), 1 / RATE)
    spectrum *= 1 / (1 + (pitch / 1800) ** 2)
    wet = np.fft.irfft(np.fft.rfft(dry) * spectrum, len(dry))
    return np.asarray(dry + 0.35 * wet * np.std(dry) / np.std(wet))


def music() -> Samples:
    mix = np.zeros(round(MUSIC_S * RATE))
    eighth = BAR_S / 8
    for bar, (_, bass, notes) in enumerate(CHORDS):
        start = bar * BAR_S
        add_round(mix, start, 0.055 * pad(notes, BAR_S))
        for beat, loudness in ((0.0, 1.0), (0.5, 0.7)):
            add_round(mix, start + beat * BAR_S, 0.55 * loudness * plucked(bass + 12, 1.9))
        for step, which in enumerate(ARPEGGIO):
            accent = 1.0 if step % 4 == 0 else 0.75
            add_round(mix, start + step * eighth, 0.42 * accent * plucked(notes[which] + 12, 1.6))
    for bar, step, note, length in MELODY:
        add_round(mix, bar * BAR_S + step * eighth, 0.20 * sung(note, length * eighth))
    mix = room(mix)
    spectrum = np.fft.rfft(mix)
    pitch = np.fft.rfftfreq(len(mix), 1 / RATE)
    spectrum *= pitch**2 / (pitch**2 + 90**2)  # a telephone carries nothing below anyway
    mix = np.fft.irfft(spectrum, len(mix))
    return np.asarray(mix * dbfs(-20) / np.sqrt(np.mean(mix**2)))


def resample(samples: Samples, rate: int) -> Samples:
    """Band-limited, by Fourier transform: offline there is time for the exact way."""
    spectrum = np.fft.rfft(samples)
    wanted = round(len(samples) * RATE / rate)
    kept = np.zeros(wanted // 2 + 1, dtype=complex)
    count = min(len(kept), len(spectrum))
    kept[:count] = spectrum[:count]
    return np.asarray(np.fft.irfft(kept, wanted) * wanted / len(samples))


def speech(text: str, voice: str = VOICES["en"], *, part: bool = False) -> Samples:
    """``part``: other words come right before and after it."""
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "150", "-p", "45", "-g", "2", "--stdout", text],
        check=True,
        capture_output=True,
    ).stdout
    with wave.open(io.BytesIO(spoken)) as source:
        rate = source.getframerate()
        samples = np.frombuffer(source.readframes(source.getnframes()), np.int16) / 32768.0
    if part:
        heard = np.flatnonzero(np.abs(samples) > np.max(np.abs(samples)) / 200)
        samples = samples[heard[0] : heard[-1] + 1]
    pause = np.zeros(round(rate * (PART_PAUSE_S if part else 0.25)))
    samples = np.concatenate([pause, samples, pause])
    samples = resample(samples, rate)
    loud = np.abs(samples) > np.max(np.abs(samples)) / 50
    samples *= dbfs(-19) / np.sqrt(np.mean(samples[loud] ** 2))
    return np.asarray(np.tanh(samples * 1.2) / 1.2)  # rounds the few peaks off instead of clipping them


def write(name: str, samples: Samples) -> None:
    samples = np.concatenate([samples, np.zeros(-len(samples) % FRAME)])
    assert np.max(np.abs(samples)) < 1, f"{name} clips"
    path = TARGET / f"{name}.wav"
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE)
        target.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    size = path.stat().st_size
    assert size < 1 << 20, f"{name} is too large"
    loudness = 20 * np.log10(np.sqrt(np.mean(samples**2)))
    print(f"{path.name}: {len(samples) / RATE:.2f} s, {size // 1024} KiB, {loudness:.1f} dBFS")


def write_part(language: str, name: str, text: str) -> int:
    """As Ogg Opus: a tenth of the size. Returns the octets."""
    path = TARGET / language / f"{name}.opus"
    samples = speech(text, VOICES[language], part=True)
    raw = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    subprocess.run(
        ["opusenc", "--quiet", "--raw", "--raw-rate", str(RATE), "--raw-chan", "1", "--bitrate", "24", "--serial", "1",
         "--discard-comments", "--discard-pictures", "--padding", "0", "-", str(path)],
        check=True,
        input=raw,
    )  # fmt: skip
    return path.stat().st_size


def write_parts(language: str) -> None:
    (TARGET / language).mkdir(exist_ok=True)
    parts = dict(PHRASES[language])
    parts |= {f"n_{number}": word for number, word in enumerate(TEENS[language].split(), 1)}
    parts |= {f"n_{10 * number}": word for number, word in enumerate(TENS[language].split(), 2)}
    if language == "de":
        parts |= {f"and_{number}": word for number, word in enumerate(AND.split(), 1)}
    size = sum(write_part(language, name, text) for name, text in parts.items())
    print(f"{language}: {len(parts)} parts, {size // 1024} KiB")


def main() -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, text in SPEECH.items():
        write(name, speech(text))
    write("music", music())
    for language in VOICES:
        write_parts(language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
