/** The agent page's life: signed in or not, the line to Zentrale, and what each button sends. */

import { batch, computed, effect, signal } from "@preact/signals";
import type { AgentFrame, AgentRequest, SignedIn } from "../frames";
import { MicrophoneError, openMicrophone, stopStream, type MicrophoneFault } from "../shared/audio";
import { Connection } from "../shared/connection";
import { IceSource } from "../shared/ice";
import { nextKey } from "../shared/lines";
import { setServerNow } from "../shared/time";
import * as texts from "../texts";
import { Legs } from "./legs";
import { apply, disconnected, unwriting, writing, type Model, type Notice } from "./model";

export type Stage = "starting" | "signed_out" | "desk";

export const stage = signal<Stage>("starting");
export const model = signal<Model | null>(null);
export const line = signal<"connecting" | "open" | "lost" | "closed">("connecting");
export const notices = signal<Notice[]>([]);
export const microphoneFault = signal<MicrophoneFault | null>(null);
export const askingMicrophone = signal(false);
/** The contact that the agent wants to see; the newest, until they choose. */
export const chosen = signal<string | null>(null);
/** The contact in hand that is shown; the others wait in tabs. */
export const inHand = computed(() => {
  const contacts = model.value?.contacts ?? [];
  return contacts.find((contact) => contact.contact === chosen.value) ?? contacts[0] ?? null;
});

let connection: Connection<AgentFrame, AgentRequest> | null = null;
let microphone: MediaStream | null = null;
let noticeId = 0;
const WHO_MS = 5000;

export function notify(tone: Notice["tone"], title: string, text: string): void {
  noticeId += 1;
  const notice = { id: noticeId, tone, title, text };
  notices.value = [...notices.value.filter((old) => old.text !== text).slice(-2), notice];
  if (tone !== "error") setTimeout(() => dismiss(notice.id), 8000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function send(frame: AgentRequest): boolean {
  const sent = connection?.send(frame) ?? false;
  if (!sent) notify("warning", texts.desk.error_title, texts.connection.lost);
  return sent;
}

const ice = new IceSource(() => connection?.send({ type: "ask_ice_servers" }) ?? false);

export const legs = new Legs({
  send: (frame) => connection?.send(frame) ?? false,
  check: () => connection?.check(),
  relays: () => ice.get(),
  microphone: async () => {
    if (microphone?.active) return microphone;
    microphone = await openMicrophone();
    return microphone;
  },
});

// --- signing in ---

async function whoAmI(): Promise<SignedIn | null | "unreachable"> {
  try {
    // A kept connection may lead through a network that is gone.
    const response = await fetch("/api/me", { signal: AbortSignal.timeout(WHO_MS) });
    if (response.status === 401) return null;
    return response.ok ? ((await response.json()) as SignedIn) : "unreachable";
  } catch {
    return "unreachable";
  }
}

export async function start(): Promise<void> {
  const me = await whoAmI();
  if (me === null) stage.value = "signed_out";
  else open();
}

/** Null when signed in, else why not. */
export async function signIn(login: string, password: string): Promise<string | null> {
  try {
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ login, password }),
    });
    if (response.ok) {
      open();
      return null;
    }
    const problem = (await response.json()) as { error: string; what_to_do: string };
    return `${problem.error.charAt(0).toUpperCase()}${problem.error.slice(1)}. ${problem.what_to_do}`;
  } catch {
    return texts.login.unreachable;
  }
}

function open(): void {
  connection = new Connection<AgentFrame, AgentRequest>({
    path: "/api/agent",
    onFrame: receive,
    mayReconnect: async () => (await whoAmI()) !== null,
  });
  const current = connection;
  effect(() => {
    const state = current.state.value;
    if (current !== connection) return;
    line.value = state;
    if (state === "lost" && model.peek() !== null) model.value = disconnected(model.peek() as Model, texts.connection.unsent);
    if (state === "closed") leave();
  });
  stage.value = "desk";
  connection.open();
}

function leave(): void {
  legs.close();
  releaseMicrophone();
  connection = null;
  batch(() => {
    model.value = null;
    notices.value = [];
    microphoneFault.value = null;
    stage.value = "signed_out";
  });
}

async function signedOut(): Promise<void> {
  const old = connection;
  connection = null;
  old?.close();
  leave();
  await fetch("/api/logout", { method: "POST" }).catch(() => undefined);
}

// --- frames ---

function receive(frame: AgentFrame): void {
  if (frame.type === "desk") setServerNow(frame.now_ms);
  const before = model.value;
  model.value = apply(before, frame);
  switch (frame.type) {
    case "desk":
      legs.follow(frame.contacts, true);
      break;
    case "contact":
    case "contact_gone":
      if (frame.type === "contact" && !before?.contacts.some((known) => known.contact === frame.contact.contact)) {
        chosen.value = frame.contact.contact;
      }
      legs.follow(model.value?.contacts ?? [], false);
      break;
    case "ice_servers":
      ice.received(frame);
      break;
    case "media_answer":
      legs.answered(frame.contact, frame.sdp, frame.key);
      break;
    case "media_moved":
      legs.moved(frame.contact);
      break;
    case "offer_closed":
      if (before?.offer?.offer === frame.offer && frame.end === "revoked") {
        notify("info", before.offer.customer_name, texts.desk.offer_ends.revoked);
      }
      break;
    case "agent_state":
      if (frame.state.state === "signed_out") void signedOut();
      else if (frame.state.state === "paused" || frame.state.state === "not_responding") releaseMicrophone();
      break;
    case "error":
      if (frame.where === "media_update" && frame.contact != null) {
        // The leg behind it is gone: a new one takes its place, and nobody need read of it.
        legs.refused(frame.contact);
        break;
      }
      if (frame.where === "media_offer" && frame.contact != null) legs.refused(frame.contact);
      if (frame.key == null) notify("error", texts.desk.error_title, `${sentence(frame.error)} ${frame.what_to_do}`);
      break;
    default:
  }
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}

// --- buttons ---

/** Ask for the microphone first, so that a blocked one is told before a customer waits. */
export async function goReady(): Promise<void> {
  microphoneFault.value = null;
  askingMicrophone.value = true;
  try {
    if (!microphone?.active) microphone = await openMicrophone();
    for (const track of microphone.getAudioTracks()) track.enabled = false;
    send({ type: "ready" });
  } catch (error) {
    microphoneFault.value = error instanceof MicrophoneError ? error.fault : "busy";
  } finally {
    askingMicrophone.value = false;
  }
}

export function goReadyWithout(): void {
  microphoneFault.value = null;
  send({ type: "ready" });
}

function releaseMicrophone(): void {
  if (legs.current.value !== null) return;
  stopStream(microphone);
  microphone = null;
}

export function writeLine(contact: string, text: string): void {
  if (model.value === null) return;
  const key = nextKey();
  model.value = writing(model.value, contact, key, text);
  if (!(connection?.send({ type: "write", contact, text, key }) ?? false)) {
    model.value = disconnected(model.value, texts.connection.unsent);
  }
}

export function retryLine(contact: string, key: number, text: string): void {
  if (model.value === null) return;
  model.value = unwriting(model.value, contact, key);
  writeLine(contact, text);
}

export function tellTyping(contact: string, typing: boolean): void {
  connection?.send({ type: "typing", contact, typing });
}
