"""What a page sees of the other side's pictures, asked of the browser itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from playwright.async_api import Page

from tests.support.patience import PATIENCE_S

SEEN = """
async ([frames, keys, codec, patience_ms]) => {
  const look = async () => {
    const element = document.querySelector('[data-testid="video-remote"]');
    if (element === null || element.videoWidth === 0) return null;
    for (const pc of window.__ears.connections) {
      if (pc.connectionState !== 'connected') continue;
      const stats = await pc.getStats();
      for (const one of stats.values()) {
        if (one.type !== 'inbound-rtp' || one.kind !== 'video') continue;
        const mime = stats.get(one.codecId)?.mimeType.toLowerCase();
        if (one.framesDecoded <= frames || one.keyFramesDecoded <= keys || !(mime ?? '').endsWith(codec)) continue;
        return [one.framesDecoded, one.keyFramesDecoded, element.videoWidth, element.videoHeight];
      }
    }
    return null;
  };
  // Playwright's own waiting takes a promise for an answer.
  for (const end = performance.now() + patience_ms; performance.now() < end;) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}
"""

STATS = """
async () => {
  const all = [];
  for (const pc of window.__ears.connections) {
    for (const one of (await pc.getStats()).values()) {
      if ((one.type === 'inbound-rtp' || one.type === 'outbound-rtp') && one.kind === 'video') all.push(one);
    }
  }
  return all;
}
"""

ESTIMATE_GROWS = """
async (patience_ms) => {
  const estimate = async () => {
    for (const pc of window.__ears.connections) {
      for (const one of (await pc.getStats()).values()) {
        const rate = one.type === 'candidate-pair' && one.nominated ? one.availableOutgoingBitrate : 0;
        if (rate) return rate;
      }
    }
    return 0;
  };
  let least = 0;
  for (const end = performance.now() + patience_ms; performance.now() < end;) {
    const now = await estimate();
    if (least === 0 || now < least) least = now;
    if (now > 1.2 * least) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}
"""


class Seen(NamedTuple):
    frames: int
    key_frames: int
    width: int
    height: int


async def video_statistics(page: Page) -> list[dict[str, Any]]:
    """`inbound-rtp` and `outbound-rtp` of pictures, of all connections of the page."""
    stats: list[dict[str, Any]] = await page.evaluate(STATS)
    return stats


async def sees_pictures(page: Page, after: Seen | None = None, *, new_key: bool = False, codec: str = "vp8") -> Seen:
    """Until the page shows the other side's pictures, and some more than before (``new_key``: a new key frame, too)."""
    before = after or Seen(0, 0, 0, 0)
    found = await page.evaluate(SEEN, [before.frames, before.key_frames if new_key else 0, codec, 1000 * PATIENCE_S])
    if found is None:
        raise AssertionError(f"no pictures after {before}: {await video_statistics(page)}")
    return Seen(*found)


async def estimate_grows(page: Page) -> bool:
    """Whether the bandwidth that the page believes to have towards the viewer grows by a fifth in half a minute."""
    grows: bool = await page.evaluate(ESTIMATE_GROWS, 30_000)
    return grows
