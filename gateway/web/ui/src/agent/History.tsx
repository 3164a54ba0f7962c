/** What was: own recent contacts, and the earlier ones of the customer in hand; each with its whole story. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ContactDetail, ContactList, ContactSummary } from "../frames";
import { Lines } from "../shared/Chat";
import { ChannelIcon, Icon } from "../shared/icons";
import { clock, timeWithSeconds, when } from "../shared/time";
import * as texts from "../texts";
import { address } from "./address";

const t = texts.history;

interface Customer {
  address: string;
  name: string;
}

type Loaded<T> = T | "loading" | "failed";

function useLoaded<T>(path: string | null, version: unknown): [Loaded<T>, () => void] {
  const [value, setValue] = useState<Loaded<T>>("loading");
  const [again, setAgain] = useState(0);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (path === null) return undefined;
    if (shown.current !== path) setValue("loading");
    shown.current = path;
    const stop = new AbortController();
    fetch(path, { signal: stop.signal })
      .then(async (response) => {
        if (!response.ok) throw new Error(String(response.status));
        setValue((await response.json()) as T);
      })
      .catch(() => {
        // A list that was shown stays; only a first load that fails is told.
        if (!stop.signal.aborted) setValue((before) => (before === "loading" ? "failed" : before));
      });
    return () => stop.abort();
  }, [path, version, again]);
  return [value, () => setAgain((n) => n + 1)];
}

export function History({ customer, version, inHand }: { customer: Customer | null; version: number; inHand: string | null }) {
  const [whose, setWhose] = useState<"mine" | "customer">("mine");
  const [open, setOpen] = useState<string | null>(null);
  const opener = useRef<HTMLElement | null>(null);
  const shown = customer === null ? "mine" : whose;
  useEffect(() => {
    setWhose(customer === null ? "mine" : "customer");
    setOpen(null);
  }, [customer?.address]);
  const path =
    shown === "customer" && customer !== null
      ? `/api/contacts?limit=30&customer=${encodeURIComponent(customer.address)}`
      : "/api/contacts?limit=30&agent=me";
  const [list, reload] = useLoaded<ContactList>(path, version);
  const back = () => {
    setOpen(null);
    queueMicrotask(() => opener.current?.focus());
  };
  return (
    <aside class="history" aria-label={t.title} data-testid="history">
      {open !== null ? (
        <Detail contact={open} version={version} back={back} />
      ) : (
        <>
          <div class="history-head">
            {customer === null ? (
              <h2>{t.mine}</h2>
            ) : (
              <div class="segments" role="group" aria-label={t.title}>
                <button type="button" aria-pressed={shown === "customer"} onClick={() => setWhose("customer")} data-testid="history-customer">
                  {t.customer}
                </button>
                <button type="button" aria-pressed={shown === "mine"} onClick={() => setWhose("mine")} data-testid="history-mine">
                  {t.mine}
                </button>
              </div>
            )}
            <button type="button" class="button ghost square" aria-label={t.refresh} title={t.refresh} onClick={reload}>
              <Icon name="refresh" size={18} />
            </button>
          </div>
          <List
            list={list}
            empty={shown === "customer" ? t.empty_customer : t.empty_mine}
            without={shown === "customer" ? inHand : null}
            choose={(contact, element) => {
              opener.current = element;
              setOpen(contact);
            }}
          />
        </>
      )}
    </aside>
  );
}

interface ListProps {
  list: Loaded<ContactList>;
  empty: string;
  /** The contact in hand is no earlier one. */
  without: string | null;
  choose: (contact: string, element: HTMLElement) => void;
}

function List({ list, empty, without, choose }: ListProps) {
  if (list === "loading") return <p class="history-empty muted">{texts.common.loading}</p>;
  if (list === "failed") return <p class="history-empty muted">{t.failed}</p>;
  const contacts = list.contacts.filter((contact) => contact.contact !== without);
  if (contacts.length === 0) return <p class="history-empty muted">{empty}</p>;
  return (
    <ul class="history-list">
      {contacts.map((contact) => (
        <li key={contact.contact}>
          <button
            type="button"
            class="history-item"
            onClick={(event) => choose(contact.contact, event.currentTarget)}
            data-testid="history-item"
            data-contact={contact.contact}
            data-channel={contact.channel}
          >
            <span class={`history-icon ${contact.answered_ms === null && contact.ended_ms !== null ? "missed" : ""}`} title={texts.channels[contact.channel]}>
              <ChannelIcon channel={contact.channel} size={18} />
            </span>
            <span class="history-who">
              <strong>{contact.customer_name}</strong>
              <span class="muted">
                {contact.queue_title}
                {contact.agent_name !== null && ` · ${contact.agent_name}`}
              </span>
            </span>
            <span class="history-when">
              <time>{when(contact.opened_ms)}</time>
              <span class={`tag ${contact.outcome === null ? "plain" : ""}`}>{how(contact)}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function how(contact: ContactSummary): string {
  if (contact.outcome !== null) return contact.outcome;
  if (contact.ended_ms === null) return t.still_open;
  if (contact.answered_ms === null) return t.abandoned;
  return clock(contact.ended_ms - contact.answered_ms);
}

function Detail({ contact, version, back }: { contact: string; version: number; back: () => void }) {
  const [detail] = useLoaded<ContactDetail>(`/api/contacts/${encodeURIComponent(contact)}`, version);
  const heading = useRef<HTMLHeadingElement>(null);
  const loaded = typeof detail !== "string";
  useEffect(() => heading.current?.focus(), [loaded]);
  return (
    <div class="detail" data-testid="contact-detail">
      <div class="history-head">
        <button type="button" class="button ghost" onClick={back} data-testid="detail-back">
          <Icon name="back" size={18} /> {texts.common.back}
        </button>
      </div>
      {!loaded ? (
        <p class="history-empty muted">{detail === "failed" ? t.failed : texts.common.loading}</p>
      ) : (
        <div class="detail-body">
          <p class="eyebrow">
            <ChannelIcon channel={detail.summary.channel} size={18} />
            <span>
              {texts.channels[detail.summary.channel]} · {detail.summary.queue_title}
            </span>
          </p>
          <h2 ref={heading} tabIndex={-1}>
            {detail.summary.customer_name}
          </h2>
          <p class="muted address">
            {address(detail.summary.customer_address)} · {when(detail.summary.opened_ms)}
          </p>
          <Facts summary={detail.summary} />
          <Recordings detail={detail} />
          {detail.transcript.length > 0 && (
            <section data-testid="detail-transcript">
              <h3>{t.transcript}</h3>
              <Lines transcript={{ lines: detail.transcript, pending: [], typing: false }} own="agent" ownName="" typing="" />
            </section>
          )}
          <section>
            <h3>{t.timeline}</h3>
            <ol class="timeline" data-testid="detail-timeline">
              {detail.timeline.map((entry, index) => {
                const words = texts.timeline(entry);
                return (
                  <li key={index} class={entry.kind === "ContactEnded" || entry.kind === "ConversationStarted" ? "strong" : ""} data-kind={entry.kind}>
                    <time>{timeWithSeconds(entry.at_ms)}</time>
                    <span>
                      {words.what}
                      {words.more !== null && <small>{words.more}</small>}
                    </span>
                  </li>
                );
              })}
            </ol>
          </section>
        </div>
      )}
    </div>
  );
}

function Facts({ summary }: { summary: ContactSummary }) {
  const talked = summary.answered_ms !== null && summary.ended_ms !== null ? clock(summary.ended_ms - summary.answered_ms) : t.none;
  const waited = summary.answered_ms ?? summary.ended_ms;
  return (
    <dl class="facts boxed">
      <div>
        <dt>{t.waited}</dt>
        <dd class="figure">{waited === null ? t.none : clock(waited - summary.opened_ms)}</dd>
      </div>
      <div>
        <dt>{t.duration}</dt>
        <dd class="figure">{talked}</dd>
      </div>
      <div>
        <dt>{t.outcome}</dt>
        <dd data-testid="detail-outcome">{summary.outcome ?? t.none}</dd>
      </div>
      {summary.customer_opinion !== null && (
        <div title={t.sound_is}>
          <dt>{t.sound}</dt>
          <dd class="figure" data-testid="detail-sound">
            {summary.customer_opinion.toFixed(1)}
            {summary.agent_opinion !== null && ` / ${summary.agent_opinion.toFixed(1)}`}
          </dd>
        </div>
      )}
      {summary.note !== null && summary.note !== "" && (
        <div class="wide">
          <dt>{t.note}</dt>
          <dd class="note">{summary.note}</dd>
        </div>
      )}
    </dl>
  );
}

function Recordings({ detail }: { detail: ContactDetail }) {
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  if (detail.recordings.length === 0) return null;
  return (
    <section data-testid="detail-recordings">
      <h3>{t.recordings}</h3>
      {detail.recordings.map((recording) => (
        <figure class="recording" key={recording.recording}>
          <figcaption>
            <span>{recording.agent_name === null ? texts.channels[detail.summary.channel] : t.recording_of(recording.agent_name)}</span>
            <span class="figure">{clock(recording.duration_ms)}</span>
          </figcaption>
          {broken.has(recording.recording) ? (
            <p class="form-fault">{t.no_sound}</p>
          ) : (
            <audio
              controls
              preload="metadata"
              src={recording.address}
              data-testid="recording-player"
              onError={() => setBroken(new Set([...broken, recording.recording]))}
            />
          )}
          <small class="muted">{t.left_right}</small>
        </figure>
      ))}
    </section>
  );
}
