/** One WebSocket that comes back by itself: typed frames in and out, and the state of the line for a banner. */

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

/** Milliseconds to wait before attempt n (from 0): doubling, with jitter so that pages do not all come at once. */
export function backoff(attempt: number, random: number = Math.random()): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(full * (0.6 + 0.4 * random));
}

export class Connection<In, Out> {
  readonly state: ReadonlySignal<LineState>;
  private readonly stateSignal = signal<LineState>("connecting");
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer: number | undefined;
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
    socket.onopen = () => {
      this.attempt = 0;
      this.options.onOpen?.();
      this.stateSignal.value = "open";
    };
    socket.onmessage = (event: MessageEvent<string>) => this.options.onFrame(JSON.parse(event.data) as In);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (!this.closed) void this.retry();
    };
  }

  /** Send if the line is open; false when it is not. */
  send(frame: Out): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** The line looks open and is not: open another one at once. */
  renew(): void {
    this.sleep();
    this.attempt = 0;
    this.wake();
  }

  /** End it for good. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
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
    socket.close();
    void this.retry();
  };
}
