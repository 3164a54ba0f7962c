/** After the conversation: outcome, note, and a limit in time. What is typed survives a reload of the page. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ContactInfo } from "../frames";
import { ChannelIcon, Icon } from "../shared/icons";
import { useShortcut } from "../shared/keys";
import { clock, now } from "../shared/time";
import * as texts from "../texts";
import { send } from "./session";

interface Draft {
  outcome: string | null;
  note: string;
}

function load(contact: ContactInfo): Draft {
  try {
    const kept = sessionStorage.getItem(`wrap-up.${contact.contact}`);
    if (kept !== null) return JSON.parse(kept) as Draft;
  } catch {
    // Storage may be switched off; then a reload loses the note, nothing else.
  }
  return { outcome: contact.outcome, note: "" };
}

function keep(contact: string, draft: Draft | null): void {
  try {
    if (draft === null) sessionStorage.removeItem(`wrap-up.${contact}`);
    else sessionStorage.setItem(`wrap-up.${contact}`, JSON.stringify(draft));
  } catch {
    // As above.
  }
}

/** A note is stored this long after the last key, so that it is there when the time runs out. */
const SAVE_MS = 1200;

export function WrapUp({ contact, recording }: { contact: ContactInfo; recording: number | null }) {
  const [draft, setDraft] = useState<Draft>(() => load(contact));
  const timer = useRef<number | undefined>(undefined);
  const saved = useRef<string>(JSON.stringify({ outcome: contact.outcome, note: "" }));
  const save = (next: Draft) => {
    clearTimeout(timer.current);
    if (next.outcome === null || saved.current === JSON.stringify(next)) return;
    saved.current = JSON.stringify(next);
    send({ type: "outcome", contact: contact.contact, outcome: next.outcome, note: next.note });
  };
  const change = (next: Draft, at_once: boolean) => {
    setDraft(next);
    keep(contact.contact, next);
    clearTimeout(timer.current);
    if (at_once) save(next);
    else timer.current = window.setTimeout(() => save(next), SAVE_MS);
  };
  const finish = () => {
    save(draft);
    keep(contact.contact, null);
    send({ type: "finish_wrap_up", contact: contact.contact });
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useShortcut("w", true, finish);
  const left = contact.until_ms === null ? null : contact.until_ms - now.value;
  const talked = contact.answered_ms;
  return (
    <section class="wrap-up" aria-labelledby="wrap-up-title" data-testid="wrap-up" data-contact={contact.contact}>
      <div class="contact-head">
        <div class="contact-who">
          <p class="eyebrow">
            <ChannelIcon channel={contact.channel} size={18} />
            <span>
              {texts.desk.wrap_up} · {contact.queue_title}
            </span>
          </p>
          <h1 class="who" id="wrap-up-title">
            {contact.customer_name}
          </h1>
        </div>
        {left !== null && (
          <p class={`wrap-left ${left < 10_000 ? "soon" : ""}`} role="timer" data-testid="wrap-up-left">
            {texts.desk.ends_in(clock(Math.max(0, left) + 999))}
          </p>
        )}
      </div>
      {talked !== null && recording !== null && (
        <p class="chat-note" role="status" data-testid="recording-ready">
          <span class="lamp good" aria-hidden="true" /> {texts.desk.recording_ready(clock(recording))}
        </p>
      )}
      <fieldset class="outcomes">
        <legend>{texts.desk.wrap_up_help}</legend>
        <div class="outcome-list">
          {contact.outcomes.map((outcome) => (
            <label key={outcome} class={`outcome ${draft.outcome === outcome ? "chosen" : ""}`}>
              <input
                type="radio"
                name="outcome"
                value={outcome}
                checked={draft.outcome === outcome}
                onChange={() => change({ ...draft, outcome }, true)}
                data-testid={`outcome-${outcome.replaceAll(" ", "-")}`}
              />
              <span>{outcome}</span>
              <Icon name="check" size={18} />
            </label>
          ))}
        </div>
      </fieldset>
      <label class="field">
        <span>{texts.desk.note}</span>
        <textarea
          rows={3}
          maxLength={4000}
          placeholder={texts.desk.note_placeholder}
          value={draft.note}
          onInput={(event) => change({ ...draft, note: event.currentTarget.value }, false)}
          data-testid="wrap-up-note"
        />
      </label>
      <div class="row end">
        <button type="button" class="button primary large" onClick={finish} aria-keyshortcuts="Alt+W" data-testid="finish-wrap-up">
          {draft.outcome === null ? texts.desk.finish_without : texts.desk.finish}
        </button>
      </div>
    </section>
  );
}
