/** A chat as both sides see it: lines, who is typing, and where to write. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Line, Party } from "../frames";
import { common } from "../texts";
import { Icon } from "./icons";
import type { PendingLine, Transcript } from "./lines";
import { timeOfDay } from "./time";

/** After this long without a key the other side is told that one has stopped typing. */
const TYPING_MS = 3000;

function Bubble({ line, own, who, first }: { line: Line; own: boolean; who: string; first: boolean }) {
  return (
    <li class={`bubble-row ${own ? "own" : "other"} ${first ? "first" : ""}`} data-testid="chat-line" data-author={line.author}>
      {first && (
        <span class="bubble-who">
          {who} <time>{timeOfDay(line.at_ms)}</time>
        </span>
      )}
      <span class="bubble" dir="auto">
        {line.text}
      </span>
    </li>
  );
}

function Pending({ line, retry }: { line: PendingLine; retry: (line: PendingLine) => void }) {
  return (
    <li class="bubble-row own pending" data-testid="chat-line-pending">
      <span class="bubble" dir="auto">
        {line.text}
      </span>
      {line.fault !== null && (
        <span class="bubble-fault">
          {line.fault}{" "}
          <button type="button" class="link" onClick={() => retry(line)}>
            {common.retry}
          </button>
        </span>
      )}
    </li>
  );
}

interface LinesProps {
  transcript: Transcript;
  own: Party;
  /** Lines of the own side by somebody else (a colleague) carry their name; without it all are "you". */
  ownName?: string;
  typing: string;
  empty?: ComponentChildren;
  retry?: (line: PendingLine) => void;
}

/** Lines further apart than this get their own name and time. */
const APART_MS = 3 * 60_000;

export function Lines({ transcript, own, ownName, typing, empty, retry }: LinesProps) {
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const element = list.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [transcript]);
  useEffect(() => {
    // A keyboard that opens on a telephone, or a rotated screen, must not hide the newest line.
    const element = list.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { lines, pending } = transcript;
  return (
    <div
      class="lines"
      ref={list}
      role="log"
      aria-live="polite"
      tabIndex={0}
      data-testid="chat-lines"
      onScroll={(event) => {
        const e = event.currentTarget;
        atEnd.current = e.scrollHeight - e.scrollTop - e.clientHeight < 40;
      }}
    >
      <ol>
      {lines.length === 0 && pending.length === 0 && empty !== undefined && <li class="lines-empty">{empty}</li>}
      {lines.map((line, index) => {
        const before = lines[index - 1];
        const first = before?.author !== line.author || before.name !== line.name || line.at_ms - before.at_ms > APART_MS;
        const isOwn = line.author === own;
        const who = isOwn && (ownName === undefined || ownName === line.name) ? common.you : line.name;
        return <Bubble key={line.line} line={line} own={isOwn} who={who} first={first} />;
      })}
      {pending.map((line) => (
        <Pending key={`p${line.key}`} line={line} retry={(failed) => retry?.(failed)} />
      ))}
      {transcript.typing && (
        <li class="bubble-row other typing" data-testid="chat-typing">
          <span class="bubble dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span class="sr-only">{typing}</span>
        </li>
      )}
      </ol>
    </div>
  );
}

interface ComposerProps {
  placeholder: string;
  max: number;
  disabled?: boolean;
  autofocus?: boolean;
  write: (text: string) => void;
  typing: (typing: boolean) => void;
}

export function Composer({ placeholder, max, disabled = false, autofocus = false, write, typing }: ComposerProps) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const timer = useRef<number | undefined>(undefined);
  const told = useRef(false);

  const tell = (on: boolean) => {
    clearTimeout(timer.current);
    if (on) timer.current = window.setTimeout(() => tell(false), TYPING_MS);
    if (told.current !== on) {
      told.current = on;
      typing(on);
    }
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (autofocus) field.current?.focus();
  }, []);
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight + 2, 140)}px`;
  }, [text]);

  const tooLong = text.length > max;
  const send = () => {
    const line = text.trim();
    if (line === "" || tooLong || disabled) return;
    told.current = false;
    clearTimeout(timer.current);
    write(line);
    setText("");
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder={placeholder}
        aria-label={placeholder}
        aria-invalid={tooLong}
        disabled={disabled}
        data-testid="chat-input"
        onInput={(event) => {
          setText(event.currentTarget.value);
          tell(event.currentTarget.value.trim() !== "");
        }}
        onBlur={() => tell(false)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      <button type="submit" class="button primary square" disabled={disabled || tooLong || text.trim() === ""} aria-label={common.send} data-testid="chat-send">
        <Icon name="send" />
      </button>
      {tooLong && (
        <p class="composer-fault" role="alert">
          {common.too_long(text.length, max)}
        </p>
      )}
    </form>
  );
}
