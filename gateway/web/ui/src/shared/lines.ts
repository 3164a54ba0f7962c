/** A transcript on a page: lines from any source, merged by number, and own lines that are still on their way. */

import type { Line } from "../frames";

export interface PendingLine {
  key: number;
  text: string;
  /** Why it was not sent; null while it is on its way. */
  fault: string | null;
}

export interface Transcript {
  lines: Line[];
  pending: PendingLine[];
  /** The other side is typing. */
  typing: boolean;
}

export const EMPTY: Transcript = { lines: [], pending: [], typing: false };

export function merge(transcript: Transcript, lines: Line[]): Transcript {
  const byNumber = new Map(transcript.lines.map((line) => [line.line, line]));
  for (const line of lines) byNumber.set(line.line, line);
  return { ...transcript, lines: [...byNumber.values()].sort((a, b) => a.line - b.line) };
}

export function addPending(transcript: Transcript, key: number, text: string): Transcript {
  return { ...transcript, pending: [...transcript.pending, { key, text, fault: null }] };
}

export function dropPending(transcript: Transcript, key: number): Transcript {
  return { ...transcript, pending: transcript.pending.filter((line) => line.key !== key) };
}

export function failPending(transcript: Transcript, key: number, fault: string): Transcript {
  const pending = transcript.pending.map((line) => (line.key === key ? { ...line, fault } : line));
  return { ...transcript, pending };
}

/** The connection was lost: what was on its way may or may not have arrived. */
export function failAllPending(transcript: Transcript, fault: string): Transcript {
  return { ...transcript, pending: transcript.pending.map((line) => (line.fault === null ? { ...line, fault } : line)) };
}

let key = Date.now();

/** A number for a line that no other line of this page has. */
export function nextKey(): number {
  key += 1;
  return key;
}
