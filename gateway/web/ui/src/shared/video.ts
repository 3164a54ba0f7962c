/** Pictures of a call: our camera or screen, and what the other side shows, over the connection that carries the sound. */

import { computed, signal } from "@preact/signals";
import type { VideoSource } from "../frames";

export type PictureFault = "denied" | "missing" | "busy" | "insecure" | "screen" | "refused";

interface Options {
  /** What goes over the connection has changed: offer anew. */
  offer: () => void;
  /** Tell Zentrale what our pictures show. */
  tell: (source: VideoSource) => void;
}

/** What any camera of the last years can do, and any browser can encode and decode at once. */
const CAMERA: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const SCREEN: MediaTrackConstraints = { frameRate: { ideal: 15, max: 30 } };

/**
 * One transceiver for all of it, made when pictures are first shown or seen. Camera and screen take turns on it without a
 * new offer; only its direction is negotiated.
 */
export class CallVideo {
  /** What we show; null: nothing. */
  readonly source = signal<VideoSource | null>(null);
  /** Our own pictures, to see them ourselves. */
  readonly own = signal<MediaStream | null>(null);
  /** We wish to see the other side's. */
  readonly seeing = signal(false);
  readonly remote = signal<MediaStream | null>(null);
  readonly fault = signal<PictureFault | null>(null);
  /** The browser asks which camera or screen. */
  readonly asking = signal(false);
  readonly hasCamera = signal(false);
  readonly sharing = computed(() => this.source.value === "screen");
  private transceiver: RTCRtpTransceiver | null = null;
  private readonly tracks: Record<VideoSource, MediaStreamTrack | null> = { camera: null, screen: null };
  private paused = false;
  private closed = false;
  /** Counts with whom they have talked: what was asked for then is not shown to who comes next. */
  private audience = 0;

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly options: Options,
  ) {}

  /** Show it, or do so no longer. */
  async toggle(source: VideoSource): Promise<void> {
    if (this.tracks[source] !== null) this.release(source);
    else if (!(await this.take(source))) return;
    await this.show();
  }

  /** See what the other side shows, or do so no longer. */
  see(seeing: boolean): void {
    if (this.seeing.value === seeing) return;
    this.seeing.value = seeing;
    this.direct();
  }

  /** On hold our pictures go nowhere, so none are made. */
  pause(paused: boolean): void {
    if (this.paused === paused) return;
    this.paused = paused;
    void this.activate();
  }

  /** They talk no longer with each other: whoever comes next sees nothing until it is shown anew. */
  stop(): void {
    this.audience += 1;
    this.release("camera");
    this.release("screen");
    this.seeing.value = false;
    this.fault.value = null;
    if (this.transceiver !== null) void this.show();
  }

  received(track: MediaStreamTrack): void {
    this.remote.value = new MediaStream([track]);
  }

  /** A further offer of ours was answered. */
  answered(): void {
    const transceiver = this.transceiver;
    if (transceiver === null || transceiver.currentDirection !== "stopped") {
      void this.activate();
      return;
    }
    // Zentrale takes no pictures just now; the section can't be used again.
    const wished = this.source.value !== null;
    this.transceiver = null;
    this.clear();
    this.seeing.value = false;
    if (wished) this.fault.value = "refused";
  }

  close(): void {
    this.closed = true;
    this.clear();
  }

  /** Nothing is shown any more, and nothing is to be seen. */
  private clear(): void {
    this.release("camera");
    this.release("screen");
    this.hasCamera.value = false;
    this.source.value = null;
    this.own.value = null;
    this.remote.value = null;
  }

  /** Ask for it; whether it is there now. */
  private async take(source: VideoSource): Promise<boolean> {
    if (this.asking.value) return false;
    this.fault.value = null;
    this.asking.value = true;
    const audience = this.audience;
    try {
      const track = source === "camera" ? await openCamera() : await openScreen();
      // A page can't take the browser's question back; the answer to it came too late.
      if (this.closed || audience !== this.audience) {
        track.stop();
        return false;
      }
      track.onended = () => this.ended(source);
      this.tracks[source] = track;
      return true;
    } catch (error) {
      if (audience === this.audience) this.fault.value = error instanceof PictureError ? error.fault : "busy";
      return false;
    } finally {
      this.asking.value = false;
    }
  }

  /** The browser's own button ended the sharing, or the camera was pulled out. */
  private ended(source: VideoSource): void {
    if (this.closed) return;
    if (source === "camera") this.fault.value = "missing";
    this.release(source);
    void this.show();
  }

  private release(source: VideoSource): void {
    const track = this.tracks[source];
    if (track === null) return;
    track.onended = null;
    track.stop();
    this.tracks[source] = null;
  }

  /** Send what there is now: the screen before the camera. */
  private async show(): Promise<void> {
    const { camera, screen } = this.tracks;
    const track = screen ?? camera;
    const source = screen !== null ? "screen" : camera !== null ? "camera" : null;
    const before = this.source.value;
    this.source.value = source;
    this.hasCamera.value = camera !== null;
    this.own.value = track === null ? null : new MediaStream([track]);
    if (source !== null) {
      if (source !== before) this.options.tell(source);
      // Who shows something also sees what the other shows.
      this.seeing.value = true;
    }
    if (this.transceiver === null) {
      if (track !== null) this.transceiver = this.pc.addTransceiver(track, { direction: "sendrecv" });
    } else {
      await this.transceiver.sender.replaceTrack(track);
    }
    this.direct();
  }

  private direct(): void {
    if (this.closed) return;
    const [sends, sees] = [this.source.value !== null, this.seeing.value];
    const direction = sends ? (sees ? "sendrecv" : "sendonly") : sees ? "recvonly" : "inactive";
    if (this.transceiver === null) {
      if (direction === "inactive") return;
      this.transceiver = this.pc.addTransceiver("video", { direction });
    } else if (this.transceiver.currentDirection === direction && this.transceiver.direction === direction) {
      return;
    }
    this.transceiver.direction = direction;
    if (!sees) this.remote.value = null;
    else if (this.remote.value === null && this.transceiver.receiver.track.readyState === "live") {
      this.received(this.transceiver.receiver.track);
    }
    this.options.offer();
  }

  private async activate(): Promise<void> {
    const sender = this.transceiver?.sender;
    if (sender === undefined || this.source.value === null) return;
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings;
    if (encoding === undefined || (encoding.active ?? true) === !this.paused) return;
    encoding.active = !this.paused;
    await sender.setParameters(parameters).catch(() => undefined);
  }
}

class PictureError extends Error {
  constructor(readonly fault: PictureFault) {
    super(fault);
  }
}

async function openCamera(): Promise<MediaStreamTrack> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new PictureError("insecure");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: CAMERA });
    return stream.getVideoTracks()[0] as MediaStreamTrack;
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new PictureError("denied");
    if (name === "NotFoundError" || name === "OverconstrainedError") throw new PictureError("missing");
    throw new PictureError("busy");
  }
}

async function openScreen(): Promise<MediaStreamTrack> {
  if (!window.isSecureContext || !navigator.mediaDevices?.getDisplayMedia) throw new PictureError("insecure");
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: SCREEN, audio: false });
    const track = stream.getVideoTracks()[0] as MediaStreamTrack;
    // Text must stay sharp; it may move less often.
    track.contentHint = "detail";
    return track;
  } catch {
    // Who closes the browser's choice of windows has changed their mind: told calmly.
    throw new PictureError("screen");
  }
}

/** Phones and tablets can't share their screen. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}
