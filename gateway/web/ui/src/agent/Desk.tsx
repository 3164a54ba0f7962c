/** The desk: header with state and queues, the work in hand, and the history beside it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { QueueInfo } from "../frames";
import { ring } from "../shared/audio";
import { Icon, Mark } from "../shared/icons";
import { useShortcut } from "../shared/keys";
import { clock, now } from "../shared/time";
import * as texts from "../texts";
import { History } from "./History";
import { Idle } from "./Idle";
import { closeOnEscape, closeWhenLeft } from "./menus";
import type { Model } from "./model";
import { OfferCard } from "./OfferCard";
import { goReady, inHand, line, send } from "./session";
import { Shortcuts } from "./Shortcuts";
import { Tabs } from "./Tabs";
import { Work } from "./Work";

export function Desk({ model }: { model: Model }) {
  const [tab, setTab] = useState<"desk" | "history">("desk");
  const contact = inHand.value;
  const offer = model.offer;
  const customer = contact
    ? { address: contact.customer_address, name: contact.customer_name }
    : offer
      ? { address: offer.customer_address, name: offer.customer_name }
      : null;
  useAttention(model);
  useEffect(() => {
    if (offer !== null) setTab("desk");
  }, [offer?.offer]);
  return (
    <div class="desk" data-testid="desk">
      <a class="skip" href="#work">
        {texts.desk.skip}
      </a>
      <Header model={model} />
      <Queues queues={model.queues} />
      <nav class="tabs" aria-label={texts.desk.tabs}>
        <button type="button" aria-pressed={tab === "desk"} onClick={() => setTab("desk")} data-testid="tab-desk">
          {texts.desk.desk_tab}
        </button>
        <button type="button" aria-pressed={tab === "history"} onClick={() => setTab("history")} data-testid="tab-history">
          {texts.desk.history_tab}
        </button>
      </nav>
      <div class="columns" data-tab={tab}>
        <main class="work" id="work" tabIndex={-1}>
          {offer !== null && <OfferCard key={offer.offer} offer={offer} />}
          {contact !== null && <Tabs model={model} shown={contact.contact} />}
          {contact !== null ? <Work key={contact.contact} contact={contact} model={model} /> : offer === null && <Idle model={model} />}
        </main>
        <History customer={customer} version={model.historyVersion} inHand={contact?.contact ?? offer?.contact ?? null} />
      </div>
    </div>
  );
}

/** Ring, flash the title and, in a hidden window, notify: while an offer rings. */
function useAttention(model: Model): void {
  const offer = model.offer;
  const id = offer?.offer ?? null;
  useEffect(() => {
    const plain = `${model.agentName} – Zentrale`;
    document.title = plain;
    if (offer === null) return undefined;
    const stop = ring();
    let on = true;
    document.title = texts.desk.ringing_title(offer.customer_name);
    const flash = setInterval(() => {
      on = !on;
      document.title = on ? texts.desk.ringing_title(offer.customer_name) : offer.queue_title;
    }, 900);
    let notification: Notification | null = null;
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      notification = new Notification(`${texts.desk.ringing(offer.channel)}: ${offer.customer_name}`, { body: offer.queue_title });
      notification.onclick = () => window.focus();
    }
    return () => {
      stop();
      clearInterval(flash);
      notification?.close();
      document.title = plain;
    };
  }, [id]);
}

function Header({ model }: { model: Model }) {
  return (
    <header class="top">
      <div class="brand">
        <Mark />
        <span class="brand-name">{model.company}</span>
      </div>
      <StateSwitch model={model} />
      <UserMenu model={model} />
    </header>
  );
}

const LAMPS: Record<string, string> = {
  available: "good",
  offered: "signal",
  busy: "accent",
  wrap_up: "accent",
  paused: "off",
  not_responding: "bad",
  signed_out: "off",
};

function StateSwitch({ model }: { model: Model }) {
  const { state, reason, since_ms } = model.state;
  const ready = state === "available" || state === "offered" || state === "busy" || state === "wrap_up";
  const menu = useRef<HTMLDetailsElement>(null);
  const pause = (why: string) => {
    if (why.trim() === "") return;
    menu.current?.removeAttribute("open");
    send({ type: "pause", reason: why.trim().slice(0, 200) });
  };
  useShortcut("p", true, () => (ready ? pause(texts.desk.reasons[0] as string) : void goReady()));
  const offline = line.value !== "open";
  const title = offline ? texts.connection.offline : state === "paused" && reason !== "" && reason !== "signed in" ? `${texts.states[state]}: ${reason}` : texts.states[state];
  return (
    <div class="state">
      <div class="state-now" role="status" data-testid="agent-state" data-state={state}>
        <span class={`lamp ${offline ? "off" : (LAMPS[state] ?? "off")}`} aria-hidden="true" />
        <span class="state-name">{title}</span>
        {!offline && (
          <span class="state-time" aria-hidden="true">
            {clock(now.value - since_ms)}
          </span>
        )}
      </div>
      {!ready && !offline && (
        <button type="button" class="button primary go-ready" onClick={() => void goReady()} aria-keyshortcuts="Alt+P" data-testid="go-ready">
          {texts.desk.go_ready}
        </button>
      )}
      {ready && !offline && (
        <details class="menu" ref={menu} onBlur={closeWhenLeft} onKeyDown={closeOnEscape}>
          <summary class="button" aria-label={texts.desk.pause} data-testid="pause-menu">
            <Icon name="pause" size={18} /> <span class="pause-word">{texts.desk.pause}</span> <Icon name="down" size={14} />
          </summary>
          <div class="menu-panel" data-testid="pause-panel">
            <p class="menu-title">{texts.desk.pause_reason}</p>
            {texts.desk.reasons.map((why) => (
              <button type="button" class="menu-item" key={why} onClick={() => pause(why)} data-testid={`pause-${why.toLowerCase()}`}>
                {why}
              </button>
            ))}
            <form
              class="menu-form"
              onSubmit={(event) => {
                event.preventDefault();
                pause(String(new FormData(event.currentTarget).get("reason")));
              }}
            >
              <input name="reason" maxLength={200} placeholder={texts.desk.other_reason} aria-label={texts.desk.other_reason} required />
              <button type="submit" class="button small">
                {texts.desk.pause}
              </button>
            </form>
            {(state === "busy" || state === "wrap_up") && <p class="menu-note">{texts.desk.after_contact}</p>}
          </div>
        </details>
      )}
    </div>
  );
}

function UserMenu({ model }: { model: Model }) {
  const [shortcuts, setShortcuts] = useState(false);
  const initials = model.agentName
    .split(/\s+/)
    .map((part) => part.charAt(0))
    .slice(0, 2)
    .join("");
  return (
    <>
      <details class="menu user" onBlur={closeWhenLeft} onKeyDown={closeOnEscape}>
        <summary class="user-button" aria-label={`${texts.desk.menu}: ${model.agentName}`} data-testid="user-menu">
          <span class="avatar" aria-hidden="true">
            {initials}
          </span>
          <span class="user-name">{model.agentName}</span>
          <Icon name="down" size={14} />
        </summary>
        <div class="menu-panel right">
          <p class="menu-title">{model.agentName}</p>
          <button type="button" class="menu-item" onClick={() => setShortcuts(true)}>
            <Icon name="keyboard" size={18} /> {texts.desk.shortcuts}
          </button>
          <button type="button" class="menu-item" onClick={() => send({ type: "sign_out" })} data-testid="sign-out">
            <Icon name="sign_out" size={18} /> {texts.desk.sign_out}
          </button>
          {(model.state.state === "busy" || model.state.state === "wrap_up") && <p class="menu-note">{texts.desk.after_contact}</p>}
        </div>
      </details>
      {shortcuts && <Shortcuts close={() => setShortcuts(false)} />}
    </>
  );
}

function Queues({ queues }: { queues: QueueInfo[] }) {
  return (
    <ul class="queues" aria-label={texts.desk.queues} data-testid="queues">
      {queues.map((queue) => (
        <li key={queue.name} class={queue.waiting > 0 ? "waiting" : ""} data-testid={`queue-${queue.name}`} data-waiting={queue.waiting}>
          <span class={`lamp ${queue.waiting > 0 ? "signal" : "off"}`} aria-hidden="true" />
          <span class="queue-title">{queue.title}</span>
          <span class="queue-count">{queue.waiting > 0 ? texts.desk.waiting(queue.waiting) : texts.desk.nobody_waits}</span>
          {!queue.open && <span class="muted">{texts.desk.queue_closed}</span>}
          {queue.longest_since_ms !== null && <span class="queue-longest">{texts.desk.longest(clock(now.value - queue.longest_since_ms))}</span>}
        </li>
      ))}
    </ul>
  );
}
