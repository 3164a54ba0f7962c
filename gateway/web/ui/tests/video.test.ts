import { afterEach, expect, test, vi } from "vitest";
import { CallVideo } from "../src/shared/video";

interface Track {
  onended: (() => void) | null;
  stop: () => void;
}

/** A browser that asks for the camera and waits for the answer. */
function browser() {
  const track: Track = { onended: null, stop: vi.fn() };
  let answer: (granted: boolean) => void = () => undefined;
  const asked = new Promise<boolean>((resolve) => (answer = resolve));
  const getUserMedia = async () => {
    if (!(await asked)) throw new DOMException("", "NotAllowedError");
    return { getVideoTracks: () => [track] };
  };
  vi.stubGlobal("window", { isSecureContext: true });
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
  vi.stubGlobal("MediaStream", class {});
  const pc = { addTransceiver: vi.fn(() => ({ sender: { replaceTrack: async () => undefined }, receiver: { track: {} } })) };
  const told = vi.fn();
  const video = new CallVideo(pc as unknown as RTCPeerConnection, { offer: () => undefined, tell: told });
  return { video, track, pc, told, answer };
}

afterEach(() => vi.unstubAllGlobals());

test("a camera that was asked for is shown", async () => {
  const { video, answer, told, track } = browser();
  const toggled = video.toggle("camera");
  answer(true);
  await toggled;
  expect(told).toHaveBeenCalledWith("camera");
  expect(video.hasCamera.value).toBe(true);
  expect(track.stop).not.toHaveBeenCalled();
});

test("a camera that was asked for before a transfer is not shown to who comes next", async () => {
  const { video, answer, told, track, pc } = browser();
  const toggled = video.toggle("camera");
  expect(video.asking.value).toBe(true);
  video.stop();
  answer(true);
  await toggled;
  expect(track.stop).toHaveBeenCalled();
  expect(told).not.toHaveBeenCalled();
  expect(pc.addTransceiver).not.toHaveBeenCalled();
  expect([video.source.value, video.hasCamera.value, video.asking.value]).toEqual([null, false, false]);
});

test("a refusal that comes after a transfer is no fault of the next conversation", async () => {
  const { video, answer } = browser();
  const toggled = video.toggle("camera");
  video.stop();
  answer(false);
  await toggled;
  expect(video.fault.value).toBe(null);
});
