/** Nothing rings and nothing is in hand: say plainly why, and what to do. */

import { useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import * as texts from "../texts";
import type { Model } from "./model";
import { askingMicrophone, goReady, goReadyWithout, line, microphoneFault } from "./session";

export function Idle({ model }: { model: Model }) {
  const { state, reason } = model.state;
  const t = texts.desk;
  if (line.value !== "open") {
    return (
      <section class="idle" data-testid="idle-offline">
        <span class="idle-lamp signal" aria-hidden="true">
          <Icon name="warning" size={28} />
        </span>
        <h1>{t.idle_offline}</h1>
        <p class="muted">{t.idle_offline_help}</p>
      </section>
    );
  }
  const ready = state === "available" || state === "busy" || state === "offered";
  const missed = state === "not_responding";
  const title = ready ? t.idle_ready : missed ? t.idle_missed : t.idle_paused;
  const help = ready ? t.idle_ready_help : missed ? t.idle_missed_help : t.idle_paused_help;
  return (
    <section class={`idle ${ready ? "ready" : missed ? "missed" : "paused"}`} data-testid="idle">
      <span class={`idle-lamp ${ready ? "good" : missed ? "bad" : "off"}`} aria-hidden="true">
        <Icon name={ready ? "check" : missed ? "warning" : "pause"} size={28} />
      </span>
      <h1>{title}</h1>
      <p class="muted">
        {help}
        {state === "paused" && reason !== "" && reason !== "signed in" && (
          <>
            <br />
            {t.paused_because(reason)}
          </>
        )}
      </p>
      <MicrophoneFault />
      {!ready && microphoneFault.value === null && (
        <button type="button" class="button primary large" onClick={() => void goReady()} disabled={askingMicrophone.value} data-testid="idle-ready">
          {t.go_ready}
        </button>
      )}
      {askingMicrophone.value && (
        <p class="muted" role="status">
          {t.asking_microphone}
        </p>
      )}
      {ready && <AllowNotifications />}
    </section>
  );
}

function MicrophoneFault() {
  const fault = microphoneFault.value;
  if (fault === null) return null;
  const words = texts.microphone[fault];
  return (
    <div class="alert" role="alert" data-testid={`microphone-${fault}`}>
      <Icon name="microphone_off" />
      <div>
        <strong>{words.title}</strong>
        <p>{words.help}</p>
        <div class="row">
          <button type="button" class="button primary" onClick={() => void goReady()} data-testid="microphone-retry">
            {texts.common.retry}
          </button>
          <button type="button" class="button" onClick={goReadyWithout} title={texts.desk.ready_without_help} data-testid="ready-without-microphone">
            {texts.desk.ready_without}
          </button>
        </div>
        <p class="muted small">{texts.desk.ready_without_help}</p>
      </div>
    </div>
  );
}

function AllowNotifications() {
  const [permission, setPermission] = useState("Notification" in window ? Notification.permission : "denied");
  if (permission !== "default") return null;
  return (
    <button type="button" class="link" onClick={() => void Notification.requestPermission().then(setPermission)}>
      {texts.desk.notifications}
    </button>
  );
}
