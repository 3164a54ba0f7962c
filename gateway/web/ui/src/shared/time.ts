/** Time as the server counts it: pages show what its clock says, whatever their own does. */

import { signal, type ReadonlySignal } from "@preact/signals";

let offset_ms = 0;
const ticking = signal(Date.now());

/** The server's time, renewed four times a second; reading it renders again with it. */
export const now: ReadonlySignal<number> = ticking;

export function serverNow(): number {
  return Date.now() + offset_ms;
}

export function setServerNow(now_ms: number): void {
  offset_ms = now_ms - Date.now();
  ticking.value = serverNow();
}

setInterval(() => {
  ticking.value = serverNow();
}, 250);

/** 0:07, 12:34, 1:02:03. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pair = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${pair(m)}:${pair(s)}` : `${m}:${pair(s)}`;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const TIME_S = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function timeOfDay(ms: number): string {
  return TIME.format(ms);
}

export function timeWithSeconds(ms: number): string {
  return TIME_S.format(ms);
}

/** The time today, the day and time before. */
export function when(ms: number, today_ms: number = serverNow()): string {
  const sameDay = new Date(ms).toDateString() === new Date(today_ms).toDateString();
  return sameDay ? TIME.format(ms) : `${DAY.format(ms)}, ${TIME.format(ms)}`;
}
