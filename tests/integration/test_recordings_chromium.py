"""A browser plays our recordings: two uncoupled Opus streams (mapping family 1) are no rarity's private dialect."""

from __future__ import annotations

import base64
from pathlib import Path

import recordings
from tests.support import captures
from tests.support.audio_probe import sine
from tests.support.chromium import chromium, new_blank_page

LEFT_HZ, RIGHT_HZ = 500, 1200

PLAY = """
async (encoded) => {
  const raw = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const audio = new Audio(URL.createObjectURL(new Blob([raw], { type: 'audio/ogg' })));
  await new Promise((resolve, reject) => {
    audio.onloadedmetadata = resolve;
    audio.onerror = () => reject(new Error(audio.error.message));
  });
  await audio.play();
  await new Promise((resolve) => { audio.ontimeupdate = () => { if (audio.currentTime > 0.2) resolve(); }; });
  audio.currentTime = 4;
  await new Promise((resolve) => { audio.onseeked = resolve; });
  const context = new OfflineAudioContext(2, 48000, 48000);
  const decoded = await context.decodeAudioData(raw.buffer.slice(0));
  const pitches = [0, 1].map((channel) => {
    const samples = decoded.getChannelData(channel);
    let crossings = 0;
    for (let i = 24001; i < 216000; i++) if (samples[i - 1] < 0 && samples[i] >= 0) crossings++;
    return crossings / 4;
  });
  return [audio.currentTime, decoded.numberOfChannels, decoded.length, ...pitches];
}
"""


async def test_chromium_plays_seeks_and_keeps_the_sides_apart(tmp_path: Path) -> None:
    records = []
    for i in range(250):
        for side, tone_hz in ((captures.LEFT, LEFT_HZ), (captures.RIGHT, RIGHT_HZ)):
            sound = sine(tone_hz, 8000, 160, start=160 * i).tobytes()
            time_ns = i * 20_000_000
            records.append(
                captures.record(
                    captures.AUDIO, time_ns, side=side, codec=captures.L16_8K, number=160 * i, payload=sound
                )
            )
    records.append(captures.record(captures.END, 5_123_400_000))
    (tmp_path / "capture").write_bytes(captures.header() + b"".join(records))
    finished = recordings.finish(tmp_path / "capture", tmp_path / "recording.opus")
    encoded = base64.b64encode((tmp_path / "recording.opus").read_bytes()).decode()
    async with chromium() as browser:
        page = await new_blank_page(browser)
        position, channels, samples, left_hz, right_hz = await page.evaluate(PLAY, encoded)
    assert position >= 4
    assert (channels, samples) == (2, finished.samples)
    assert abs(left_hz - LEFT_HZ) <= 1
    assert abs(right_hz - RIGHT_HZ) <= 1
