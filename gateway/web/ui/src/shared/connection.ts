/**
 * One WebSocket that comes back by itself: typed frames in and out, and the state of the line for a banner.
 *
 * After a change of network a socket may be dead without anybody knowing: what was sent is repeated in vain for minutes.
 * So what is not followed by any frame in a while is followed by a question, and that by another socket.
 */

import { signal, type ReadonlySignal } from "@preact/signals";

export type LineState = "connecting" | "open" | "lost" | "closed";

interface Options<In> {
  path: string;
  onFrame: (frame: In) => void;
  /** Called on each (re)connect before any frame arrives. */
  onOpen?: () => void;
  /** Asked before a reconnect; false ends it for good (nobody is signed in any more). */
  mayReconnect?: () => Promise<boolean>;
}

const FIRST_MS = 400;
const LAST_MS = 8000;
/** Nothing came after what was sent: ask. */
const SILENCE_MS = 4000;
/** Nothing came after the question: the socket is dead. */
const PONG_MS = 2500;
/** A socket that does not open tries an address that is gone. */
const OPEN_MS = 6000;

/** Milliseconds to wait before attempt n (from 0): doubling, with jitter so that pages do not all come at once. */
export function backoff(attempt: number, random: number = Math.random()): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(full * (0.6 + 0.4 * random));
}

export class Connection<In extends { type: string }, Out> {
  readonly state: ReadonlySignal<LineState>;
  private readonly stateSignal = signal<LineState>("connecting");
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer: number | undefined;
  private silence: number | undefined;
  private closed = false;

  constructor(private readonly options: Options<In>) {
    this.state = this.stateSignal;
    addEventListener("online", this.wake);
    addEventListener("offline", this.sleep);
    document.addEventListener("visibilitychange", this.wake);
  }

  open(): void {
    if (this.closed || this.socket !== null) return;
    clearTimeout(this.timer);
    const address = new URL(this.options.path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => this.sleep(), OPEN_MS);
    socket.onopen = () => {
      this.heard();
      this.attempt = 0;
      this.options.onOpen?.();
      this.stateSignal.value = "open";
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      if (this.socket !== socket) return;
      this.heard();
      const frame = JSON.parse(event.data) as In;
      if (frame.type !== "pong") this.options.onFrame(frame);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.heard();
      if (!this.closed) void this.retry();
    };
  }

  /** Send if the line is open; false when it is not. */
  send(frame: Out): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    this.silence ??= window.setTimeout(() => this.check(), SILENCE_MS);
    return true;
  }

  /** Find out whether the line is alive, after a change of network; a dead one is replaced at once. */
  check(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      this.wake();
      return;
    }
    this.socket.send(JSON.stringify({ type: "ping" }));
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => {
      this.sleep();
      this.attempt = 0;
      this.wake();
    }, PONG_MS);
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = undefined;
  }

  /** End it for good. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.heard();
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.sleep);
    document.removeEventListener("visibilitychange", this.wake);
    this.stateSignal.value = "closed";
    this.socket?.close(1000);
    this.socket = null;
  }

  private async retry(): Promise<void> {
    this.stateSignal.value = "lost";
    if (this.options.mayReconnect && !(await this.options.mayReconnect())) {
      this.close();
      return;
    }
    if (this.closed || this.socket !== null) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.open(), backoff(this.attempt++));
  }

  private readonly wake = (): void => {
    if (document.visibilityState === "visible" && this.socket === null) {
      this.attempt = 0;
      this.open();
    }
  };

  /** The browser knows that it is offline sooner than TCP does. */
  private readonly sleep = (): void => {
    const socket = this.socket;
    if (socket === null) return;
    this.socket = null;
    this.heard();
    socket.close();
    void this.retry();
  };
}
