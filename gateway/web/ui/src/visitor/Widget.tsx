/** Click to call, and chat: the launcher, and the panel that opens from it. */

import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../shared/icons";
import * as texts from "../texts";
import { CallView } from "./CallView";
import { ChatView } from "./ChatView";
import { callLive, chatLive, line, model, name, opened, startCall, view } from "./session";

const t = texts.widget;

export function Widget() {
  const panel = useRef<HTMLElement>(null);
  const launcher = useRef<HTMLButtonElement>(null);
  const was = useRef(opened.value);
  useEffect(() => {
    if (opened.value === was.current) return;
    was.current = opened.value;
    if (opened.value) panel.current?.focus();
    else launcher.current?.focus();
  }, [opened.value]);
  const { callOpen, chatOpen, company } = model.value;
  const here = company !== null && (callOpen || chatOpen);
  const label = callLive.value ? t.launcher_call : chatLive.value ? t.launcher_chat : t.launcher;
  return (
    <div class={`widget ${opened.value ? "open" : ""}`}>
      {opened.value && (
        <section
          class="widget-panel"
          ref={panel}
          tabIndex={-1}
          role="dialog"
          aria-label={t.title}
          data-testid="widget"
          onKeyDown={(event) => {
            if (event.key === "Escape") opened.value = false;
          }}
        >
          <header class="widget-head">
            {view.value !== "home" && (
              <button type="button" class="button ghost square" aria-label={texts.common.back} onClick={() => (view.value = "home")} data-testid="widget-back">
                <Icon name="back" />
              </button>
            )}
            <h2>{t.title}</h2>
            {company !== null && line.value === "open" && (
              <span class="presence" role="status" data-testid="presence" data-call-open={callOpen} data-chat-open={chatOpen}>
                <span class={`lamp ${here ? "good" : "off"}`} aria-hidden="true" /> {here ? t.here : t.away}
              </span>
            )}
            <button type="button" class="button ghost square" aria-label={texts.common.close} onClick={() => (opened.value = false)} data-testid="widget-close">
              <Icon name="down" />
            </button>
          </header>
          {line.value === "lost" && (
            <p class="banner" role="status" data-testid="connection-lost">
              <span class="spinner" aria-hidden="true" /> {texts.connection.lost}
            </p>
          )}
          <div class="widget-body">
            {view.value === "home" && <Home />}
            {view.value === "call" && <CallView />}
            {view.value === "chat" && <ChatView />}
          </div>
        </section>
      )}
      {!opened.value && (
        <button type="button" class={`launcher ${callLive.value ? "live" : ""}`} ref={launcher} onClick={() => (opened.value = true)} aria-expanded="false" data-testid="launcher">
          <Icon name={callLive.value ? "phone" : "chat"} />
          {label}
          {company !== null && <span class={`lamp ${here ? "good" : "off"}`} aria-hidden="true" />}
        </button>
      )}
    </div>
  );
}

function Home() {
  const { company } = model.value;
  const online = line.value === "open";
  const callOpen = model.value.callOpen && online;
  const chatOpen = model.value.chatOpen && online;
  if (company === null) return <p class="muted center">{texts.connection.connecting}</p>;
  const nobody = online && !callOpen && !chatOpen && !callLive.value && !chatLive.value;
  return (
    <div class="home">
      {nobody ? (
        <div class="away" role="status" data-testid="all-away">
          <span class="idle-lamp off" aria-hidden="true">
            <Icon name="clock" size={28} />
          </span>
          <h3>{t.all_away}</h3>
          <p class="muted">{t.all_away_help}</p>
        </div>
      ) : (
        <>
          <div>
            <h3>{t.greeting}</h3>
            <p class="muted">{t.greeting_help}</p>
          </div>
          {!callLive.value && !chatLive.value && (
            <label class="field">
              <span>{t.name}</span>
              <input value={name.value} maxLength={80} autocomplete="name" onInput={(event) => (name.value = event.currentTarget.value)} data-testid="visitor-name" />
            </label>
          )}
        </>
      )}
      <div class="choices">
        <button
          type="button"
          class="choice"
          disabled={!callOpen && !callLive.value}
          onClick={() => (callLive.value ? (view.value = "call") : void startCall())}
          data-testid="call-button"
        >
          <span class="choice-icon">
            <Icon name="phone" size={22} />
          </span>
          <span>
            <strong>{callLive.value ? t.back_to_call : t.call}</strong>
            <span class="muted">{online && !callOpen && !callLive.value ? t.call_away : t.call_help}</span>
          </span>
          <Icon name="next" size={18} />
        </button>
        <button type="button" class="choice" disabled={!chatOpen && !chatLive.value} onClick={() => (view.value = "chat")} data-testid="chat-button">
          <span class="choice-icon">
            <Icon name="chat" size={22} />
          </span>
          <span>
            <strong>{chatLive.value ? t.back_to_chat : t.write}</strong>
            <span class="muted">{online && !chatOpen && !chatLive.value ? t.chat_away : t.write_help}</span>
          </span>
          <Icon name="next" size={18} />
        </button>
      </div>
    </div>
  );
}
