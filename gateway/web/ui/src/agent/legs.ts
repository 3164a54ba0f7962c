/** The agent's sound: one leg for the call in hand, made when it is accepted, made again after a reload or a failure. */

import { signal } from "@preact/signals";
import type { AgentRequest, ContactInfo } from "../frames";
import { CallAudio, MicrophoneError, silence, type MicrophoneFault } from "../shared/audio";

export interface Leg {
  contact: string;
  audio: CallAudio;
  /** Why the customer can't hear us. */
  fault: MicrophoneFault | null;
}

interface Options {
  send: (frame: AgentRequest) => boolean;
  /** See whether the line to Zentrale is still alive. */
  check: () => void;
  relays: () => Promise<RTCConfiguration | null>;
  microphone: () => Promise<MediaStream>;
}

const ATTEMPTS_MAX = 5;
/** A page that has lost the sound to another one keeps its leg until the other's is connected. */
const MOVED_MS = 3000;

export class Legs {
  readonly current = signal<Leg | null>(null);
  /** The sound could not be connected after several attempts. */
  readonly gaveUp = signal(false);
  private attempts = 0;
  private making: string | null = null;
  private timer: number | undefined;
  private wanted: ContactInfo | null = null;

  constructor(private readonly options: Options) {}

  /** The contacts in hand are these now; `fresh` after each connect. */
  follow(contacts: ContactInfo[], fresh: boolean): void {
    const call = contacts.find((contact) => contact.channel !== "chat" && contact.state !== "wrap_up") ?? null;
    const before = this.wanted;
    this.wanted = call;
    const leg = this.current.value;
    if (leg !== null && leg.contact !== call?.contact) this.drop();
    if (call === null) {
      this.reset();
      return;
    }
    if (before?.contact !== call.contact) this.reset();
    if (call.media === "elsewhere") return;
    if (this.current.value === null) void this.make(call.contact);
    else if (fresh) {
      this.options.send({ type: "media_keep", contact: call.contact });
      this.current.value.audio.lineOpened();
    }
    else if (call.state === "parted" && before?.state !== "parted") this.again();
  }

  answered(contact: string, sdp: string, key: number | null): void {
    const leg = this.current.value;
    if (leg?.contact !== contact) return;
    leg.audio.answer(sdp, key).catch(() => this.again());
  }

  /** Zentrale refused our offer. */
  refused(contact: string): void {
    if (this.current.value?.contact === contact) this.again();
  }

  moved(contact: string): void {
    const leg = this.current.value;
    if (leg?.contact !== contact) return;
    leg.audio.mute(true);
    this.current.value = null;
    setTimeout(() => leg.audio.close(), MOVED_MS);
  }

  /** The agent wants the sound in this window, or once more after it failed. */
  take(): void {
    if (this.wanted === null) return;
    this.reset();
    this.drop();
    void this.make(this.wanted.contact);
  }

  close(): void {
    this.wanted = null;
    this.reset();
    this.drop();
  }

  private reset(): void {
    clearTimeout(this.timer);
    this.attempts = 0;
    this.gaveUp.value = false;
  }

  private drop(): void {
    this.current.value?.audio.close();
    this.current.value = null;
  }

  private async make(contact: string): Promise<void> {
    if (this.making === contact) return;
    this.making = contact;
    let fault: MicrophoneFault | null = null;
    let stream: MediaStream;
    const asked = this.options.relays();
    try {
      stream = await this.options.microphone();
    } catch (error) {
      fault = error instanceof MicrophoneError ? error.fault : "busy";
      stream = silence();
    }
    const relays = await asked;
    this.making = null;
    if (this.wanted?.contact !== contact || this.current.value !== null) return;
    const audio = new CallAudio(stream, fault !== null, relays, {
      update: (sdp, key) => this.options.send({ type: "media_update", contact, sdp, key }),
      check: this.options.check,
      share: (source) => this.options.send({ type: "share_video", contact, source }),
      relays: this.options.relays,
    });
    this.current.value = { contact, audio, fault };
    audio.phase.subscribe((phase) => {
      if (this.current.value?.audio !== audio) return;
      if (phase === "connected") this.reset();
      if (phase === "failed") this.again();
    });
    try {
      this.options.send({ type: "media_offer", contact, sdp: await audio.offer() });
    } catch {
      this.again();
    }
  }

  /** A moment later with a new leg, a few times. */
  private again(): void {
    this.drop();
    clearTimeout(this.timer);
    if (this.attempts >= ATTEMPTS_MAX) {
      this.gaveUp.value = true;
      return;
    }
    this.attempts += 1;
    this.timer = window.setTimeout(
      () => {
        if (this.wanted !== null && this.current.value === null) void this.make(this.wanted.contact);
      },
      300 * 2 ** (this.attempts - 1),
    );
  }
}
