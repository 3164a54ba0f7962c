/** Sound: the microphone, the call's peer connection, level meters and the ring. */

import { signal } from "@preact/signals";
import type { VideoSource } from "../frames";
import { Renegotiation } from "./renegotiation";
import { CallVideo } from "./video";

export type MicrophoneFault = "denied" | "missing" | "busy" | "insecure";

export class MicrophoneError extends Error {
  constructor(readonly fault: MicrophoneFault) {
    super(fault);
  }
}

/** Ask for the microphone; throws MicrophoneError that says what is the matter. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new MicrophoneError("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new MicrophoneError("denied");
    if (name === "NotFoundError" || name === "OverconstrainedError") throw new MicrophoneError("missing");
    throw new MicrophoneError("busy");
  }
}

let context: AudioContext | null = null;

/** The page's one audio context; started by the first click, as browsers demand. */
export function audioContext(): AudioContext {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume().catch(() => undefined);
  return context;
}

/** A stream of silence, for a call without a microphone: the other side is at least heard. */
export function silence(): MediaStream {
  return audioContext().createMediaStreamDestination().stream;
}

/** `interrupted`: it was connected and is being reconnected, perhaps over another network. */
export type CallPhase = "connecting" | "connected" | "interrupted" | "failed" | "closed";

/** How the page's line to Zentrale serves a call's connection. */
export interface CallLine {
  /** Send a further offer; false when the line is down. */
  update: (sdp: string, key: number) => boolean;
  /** The network may have changed: see whether the line is still alive. */
  check: () => void;
  /** Tell Zentrale what our pictures show. */
  share: (source: VideoSource) => void;
  /** The relays that a restart may use, null: those there are. */
  relays: () => Promise<RTCConfiguration | null>;
}

/** What end-to-end tests look at. */
interface Probe {
  pc: RTCPeerConnection | null;
  remote: MediaStream | null;
  local: MediaStream | null;
}

declare global {
  interface Window {
    __zentrale: Probe;
  }
}

window.__zentrale = { pc: null, remote: null, local: null };

/** How long an interrupted connection is tried to be restored. Zentrale waits as long, counted from its last word. */
const INTERRUPTED_MS = 25_000;
/** ICE is restarted once more after this long without success: the network may have come back only now. */
const RESTART_MS = 4000;

/** One call's sound. Zentrale is ICE-lite and not trickling: the offer goes out at once, candidates or not. */
export class CallAudio {
  readonly phase = signal<CallPhase>("connecting");
  readonly muted = signal(false);
  readonly remote = new MediaStream();
  readonly video: CallVideo;
  private readonly pc: RTCPeerConnection;
  private readonly player = new Audio();
  private readonly renegotiation: Renegotiation;
  private interruptedAt = 0;
  private network = networkInformation()?.type;
  private path: string | null = null;
  private timer: number | undefined;

  constructor(
    readonly local: MediaStream,
    private readonly ownsLocal: boolean,
    relays: RTCConfiguration | null,
    private readonly line: CallLine,
  ) {
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", ...relays });
    this.renegotiation = new Renegotiation(this.pc, { send: line.update, relays: line.relays });
    this.video = new CallVideo(this.pc, { offer: () => this.renegotiation.want(false), tell: line.share });
    for (const track of local.getAudioTracks()) {
      track.enabled = true;
      this.pc.addTrack(track, local);
    }
    this.pc.ontrack = ({ track }) => {
      if (track.kind === "video") {
        this.video.received(track);
        return;
      }
      this.remote.addTrack(track);
      this.player.srcObject = this.remote;
      void this.player.play().catch(() => undefined);
    };
    this.pc.onconnectionstatechange = () => this.changed();
    addEventListener("online", this.networkChanged);
    networkInformation()?.addEventListener("change", this.networkTold);
    this.player.autoplay = true;
    window.__zentrale = { pc: this.pc, remote: this.remote, local };
  }

  /** Our offer; throws when the browser can't make one. */
  async offer(): Promise<string> {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.pc.localDescription?.sdp ?? "";
  }

  /** Zentrale's answer, to the first offer (no key) or to a further one. */
  async answer(sdp: string, key: number | null): Promise<void> {
    if (key !== null) {
      await this.renegotiation.answered(sdp, key);
      if (this.pc.signalingState === "stable") this.video.answered();
      return;
    }
    if (this.pc.signalingState !== "have-local-offer") return;
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    this.renegotiation.begun();
  }

  /** The page's line to Zentrale is open again. */
  lineOpened(): void {
    this.renegotiation.lineOpened();
  }

  mute(muted: boolean): void {
    for (const track of this.local.getAudioTracks()) track.enabled = !muted;
    this.muted.value = muted;
  }

  close(): void {
    if (this.phase.value === "closed") return;
    clearTimeout(this.timer);
    this.phase.value = "closed";
    this.pc.onconnectionstatechange = null;
    removeEventListener("online", this.networkChanged);
    networkInformation()?.removeEventListener("change", this.networkTold);
    this.renegotiation.close();
    this.video.close();
    this.pc.close();
    this.player.srcObject = null;
    if (this.ownsLocal) stopStream(this.local);
    else this.mute(false);
    if (window.__zentrale.pc === this.pc) window.__zentrale = { pc: null, remote: null, local: null };
  }

  private changed(): void {
    switch (this.pc.connectionState) {
      case "connected":
        clearTimeout(this.timer);
        this.phase.value = "connected";
        this.watchPath();
        break;
      case "failed":
      case "disconnected":
        if (this.phase.value === "connected") this.interrupted();
        // Once connected, a failure is only the end of one attempt to restore it.
        else if (this.phase.value === "connecting" && this.pc.connectionState === "failed") this.failed();
        break;
      case "closed":
        this.failed();
        break;
      default:
    }
  }

  private failed(): void {
    clearTimeout(this.timer);
    this.phase.value = "failed";
  }

  private interrupted(): void {
    this.interruptedAt = Date.now();
    this.phase.value = "interrupted";
    this.line.check();
    this.restore();
  }

  private restore(): void {
    if (Date.now() - this.interruptedAt > INTERRUPTED_MS) {
      this.failed();
      return;
    }
    this.renegotiation.want(true);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.restore(), RESTART_MS);
  }

  /** The browser tells of each change in quality, too. */
  private readonly networkTold = (): void => {
    const network = networkInformation()?.type;
    if (network !== this.network) this.networkChanged();
    this.network = network;
  };

  /** WLAN to mobile, or back: the old way may be dead long before the browser takes it for dead. */
  private readonly networkChanged = (): void => {
    if (this.phase.value !== "connected" && this.phase.value !== "interrupted") return;
    this.line.check();
    this.renegotiation.want(true);
  };

  /** A browser in two networks changes from one to the other by itself; the line to Zentrale does not follow. */
  private watchPath(): void {
    const ice = this.pc.getSenders()[0]?.transport?.iceTransport;
    if (ice == null || this.path !== null) return;
    const address = () => ice.getSelectedCandidatePair?.()?.local?.address ?? "";
    this.path = address();
    ice.addEventListener("selectedcandidatepairchange", () => {
      if (this.path !== address()) this.line.check();
      this.path = address();
    });
  }
}

type NetworkInformation = EventTarget & { type?: string };

/** Browsers on telephones tell which network they are in; others have no such thing. */
function networkInformation(): NetworkInformation | undefined {
  return (navigator as Navigator & { connection?: NetworkInformation }).connection;
}

export function stopStream(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Calls back with 0..1 for each picture until the returned function is called. */
export function watchLevel(stream: MediaStream, show: (level: number) => void): () => void {
  const ctx = audioContext();
  const analyser = ctx.createAnalyser();
  analyser.fftSize = 512;
  const samples = new Float32Array(analyser.fftSize);
  let source: MediaStreamAudioSourceNode | null = null;
  let frame = 0;
  let shown = 0;
  const step = () => {
    if (source === null && stream.getAudioTracks().length > 0) {
      source = ctx.createMediaStreamSource(stream);
      source.connect(analyser);
    }
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const db = 10 * Math.log10(sum / samples.length + 1e-9);
    const level = Math.min(1, Math.max(0, (db + 60) / 50));
    shown = Math.max(level, shown * 0.9);
    show(shown);
    frame = requestAnimationFrame(step);
  };
  step();
  return () => {
    cancelAnimationFrame(frame);
    source?.disconnect();
  };
}

/** The ring: two soft notes, every two seconds, until the returned function is called. */
export function ring(): () => void {
  const ctx = audioContext();
  const out = ctx.createGain();
  out.gain.value = 0.16;
  out.connect(ctx.destination);
  const note = (at: number, hz: number) => {
    const tone = ctx.createOscillator();
    const gain = ctx.createGain();
    tone.type = "triangle";
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(1, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.55);
    tone.connect(gain).connect(out);
    tone.start(at);
    tone.stop(at + 0.6);
  };
  const once = () => {
    note(ctx.currentTime + 0.02, 659);
    note(ctx.currentTime + 0.24, 880);
  };
  once();
  const timer = setInterval(once, 2000);
  return () => {
    clearInterval(timer);
    out.disconnect();
  };
}
