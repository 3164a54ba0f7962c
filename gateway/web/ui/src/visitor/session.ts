/** The visitor page's life: its token, the line to Zentrale, its call and its chat. */

import { computed, effect, signal } from "@preact/signals";
import type { VisitorFrame, VisitorRequest } from "../frames";
import { CallAudio, MicrophoneError, openMicrophone, stopStream, type MicrophoneFault } from "../shared/audio";
import { Connection } from "../shared/connection";
import { IceSource } from "../shared/ice";
import { EMPTY, nextKey } from "../shared/lines";
import { serverNow, setServerNow } from "../shared/time";
import * as texts from "../texts";
import { START, apply, disconnected, isLive, unwriting, writing, type Model } from "./model";

export type View = "home" | "call" | "chat";

export const model = signal<Model>(START);
export const line = signal<"connecting" | "open" | "lost" | "closed">("connecting");
export const opened = signal(recall("open") === "yes");
export const view = signal<View>((recall("view") as View | null) ?? "home");
export const name = signal(recall("name") ?? "");
export const audio = signal<CallAudio | null>(null);
export const askingMicrophone = signal(false);
export const microphoneFault = signal<MicrophoneFault | null>(null);
/** When the agent answered the call, for its timer. */
export const talkingSince = signal<number | null>(null);
export const callLive = computed(() => isLive(model.value.call));
export const chatLive = computed(() => isLive(model.value.chat));

/** What a reload may know again; it ends with the tab. */
function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(`zentrale.${key}`);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    sessionStorage.setItem(`zentrale.${key}`, value);
  } catch {
    // Storage may be switched off; then a reload begins anew.
  }
}

let hungUp = false;
/** The call is to end, and Zentrale has not said yet that it has. */
let leaving = false;

const connection = new Connection<VisitorFrame, VisitorRequest>({
  path: "/api/visitor",
  onFrame: receive,
  onOpen: () =>
    connection.send({
      type: "hello",
      token: recall("token"),
      page: document.title,
      has_call: audio.value !== null && audio.value.phase.value !== "failed",
    }),
});

const ice = new IceSource(() => connection.send({ type: "ask_ice_servers" }));

export function start(): void {
  effect(() => remember("open", opened.value ? "yes" : "no"));
  effect(() => remember("view", view.value));
  effect(() => remember("name", name.value));
  effect(() => {
    const state = connection.state.value;
    line.value = state;
    if (state === "lost") model.value = disconnected(model.peek(), texts.connection.unsent);
  });
  // A page that goes away for good says so; Zentrale would notice by itself some seconds later.
  addEventListener("pagehide", (event) => {
    if (!event.persisted && audio.value !== null) connection.send({ type: "hang_up" });
  });
  connection.open();
}

function receive(frame: VisitorFrame): void {
  if (frame.type === "welcome") {
    setServerNow(frame.now_ms);
    remember("token", frame.token);
  }
  const before = model.value;
  model.value = apply(before, frame);
  switch (frame.type) {
    case "welcome":
      audio.value?.lineOpened();
      // The line may have been dead already when the button was pressed.
      if (leaving) connection.send({ type: "hang_up" });
      break;
    case "ice_servers":
      ice.received(frame);
      break;
    case "call_answer":
      audio.value?.answer(frame.sdp, frame.key).catch(() => hangUp());
      break;
    case "call_state":
      if (frame.state === "talking" && talkingSince.value === null) talkingSince.value = serverNow();
      if (frame.state === "ended") {
        leaving = false;
        dropCall();
      } else if (frame.state !== "talking" && frame.state !== "held") {
        // Whoever takes over sees nothing of us until we show it anew.
        audio.value?.video.stop();
      }
      break;
    case "error":
      if (frame.where === "call" && !isLive(model.value.call)) dropCall();
      if (frame.where === "call_update") lost();
      if (frame.where === "ask_ice_servers") ice.refused();
      break;
    default:
  }
}

// --- call ---

export async function startCall(): Promise<void> {
  if (callLive.value || askingMicrophone.value) return;
  view.value = "call";
  microphoneFault.value = null;
  model.value = { ...model.value, call: null, fault: null };
  hungUp = false;
  leaving = false;
  askingMicrophone.value = true;
  let stream: MediaStream;
  let relays: RTCConfiguration | null;
  const asked = ice.get();
  try {
    stream = await openMicrophone();
    relays = await asked;
  } catch (error) {
    microphoneFault.value = error instanceof MicrophoneError ? error.fault : "busy";
    return;
  } finally {
    askingMicrophone.value = false;
  }
  const leg = new CallAudio(stream, true, relays, {
    update: (sdp, key) => connection.send({ type: "call_update", sdp, key }),
    check: () => connection.check(),
    share: (source) => connection.send({ type: "share_video", source }),
    relays: () => ice.get(),
  });
  audio.value = leg;
  talkingSince.value = null;
  leg.phase.subscribe((phase) => {
    if (phase === "failed" && audio.value === leg) hangUp();
  });
  try {
    const sdp = await leg.offer();
    if (!connection.send({ type: "call", sdp, name: name.value.trim().slice(0, 80) })) throw new Error(texts.connection.lost);
  } catch {
    dropCall();
    model.value = { ...model.value, fault: texts.connection.lost };
  }
}

export function hangUp(byVisitor = false): void {
  hungUp = byVisitor;
  leaving = true;
  connection.send({ type: "hang_up" });
  if (callLive.value) return;
  // Not even the first word about this call has come.
  if (byVisitor) cancelCall();
  else dropCall();
}

/** Whether the visitor pressed the button themselves. */
export function iHungUp(): boolean {
  return hungUp;
}

function dropCall(): void {
  audio.value?.close();
  audio.value = null;
  talkingSince.value = null;
}

/** Zentrale knows nothing more of the call (it was restarted, or the line was away for too long). */
function lost(): void {
  const { call } = model.value;
  if (call === null || !isLive(call) || audio.value?.phase.value !== "interrupted") return;
  dropCall();
  model.value = { ...model.value, call: { ...call, state: "ended", by: null, cause: "connection_lost" }, fault: null };
}

export function cancelCall(): void {
  stopStream(audio.value?.local ?? null);
  dropCall();
  microphoneFault.value = null;
  view.value = "home";
}

export function press(digit: string): void {
  connection.send({ type: "digit", digit });
}

// --- chat ---

export function writeLine(text: string): void {
  const key = nextKey();
  const first = !chatLive.value;
  if (first && model.value.chat !== null) model.value = { ...model.value, chat: null, transcript: EMPTY };
  model.value = writing(model.value, key, text);
  const frame: VisitorRequest = first
    ? { type: "chat_start", text, key, name: name.value.trim().slice(0, 80) }
    : { type: "write", text, key };
  if (!connection.send(frame)) model.value = disconnected(model.value, texts.connection.unsent);
}

export function retryLine(key: number, text: string): void {
  model.value = unwriting(model.value, key);
  writeLine(text);
}

export function tellTyping(typing: boolean): void {
  if (chatLive.value) connection.send({ type: "typing", typing });
}

export function leaveChat(): void {
  connection.send({ type: "leave" });
}

export function newChat(): void {
  model.value = { ...model.value, chat: null, transcript: EMPTY, fault: null };
}

export type { Model };
