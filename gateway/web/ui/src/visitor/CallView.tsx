/** The visitor's call, from the question for the microphone to how it ended. */

import { useState } from "preact/hooks";
import { Icon, type IconName } from "../shared/icons";
import { Meter } from "../shared/Meter";
import { PictureButtons, Pictures } from "../shared/Pictures";
import { clock, now } from "../shared/time";
import * as texts from "../texts";
import { askingMicrophone, audio, cancelCall, hangUp, iHungUp, microphoneFault, model, press, startCall, talkingSince, view } from "./session";

const t = texts.widget;

export function CallView() {
  const { call, callOpen, chatOpen, fault } = model.value;
  if (askingMicrophone.value) return <Scene testid="call-asking" icon="microphone" tone="accent" title={t.asking} help={t.asking_help} pulse />;
  if (microphoneFault.value !== null) {
    const words = texts.microphone[microphoneFault.value];
    return (
      <Scene testid={`microphone-${microphoneFault.value}`} icon="microphone_off" tone="bad" title={words.title} help={words.help} alert>
        <button type="button" class="button primary" onClick={() => void startCall()} data-testid="microphone-retry">
          {texts.common.retry}
        </button>
        <button type="button" class="button" onClick={() => (chatOpen ? (view.value = "chat") : cancelCall())}>
          {chatOpen ? t.write_instead : texts.common.cancel}
        </button>
      </Scene>
    );
  }
  if (call === null && audio.value === null) {
    return (
      <Scene testid="call-failed" icon="warning" tone="bad" title={t.failed} help={fault ?? t.failed_help} alert>
        <Again chat={chatOpen} call={callOpen} />
      </Scene>
    );
  }
  if (call?.state === "ended") return <Ended />;
  return <Live />;
}

function Live() {
  const { call, callOpen } = model.value;
  const [keypad, setKeypad] = useState(false);
  const leg = audio.value;
  const muted = leg?.muted.value ?? false;
  const state = call?.state ?? "connecting";
  const talking = state === "talking";
  const since = talkingSince.value;
  const title =
    state === "queued" ? t.queued : state === "held" ? t.held : talking ? (call?.agent_name ? t.talking(call.agent_name) : t.talking_anyone) : t.connecting;
  const place = state === "queued" && call?.position != null ? t.place(call.position) : null;
  const help = state === "queued" ? t.place_help : state === "held" ? t.held_help : talking ? "" : t.connecting_help;
  return (
    <div class="call-view" data-testid="call-live" data-state={state} data-position={call?.position ?? ""}>
      <Scene testid="call-scene" icon="phone" tone={talking ? "good" : state === "held" ? "signal" : "accent"} title={title} help={place ?? help} pulse={!talking}>
        {place !== null && <p class="muted small">{help}</p>}
        {state === "queued" && !callOpen && (
          <p class="chat-note" role="status" data-testid="away-waiting">
            <span class="lamp signal" aria-hidden="true" /> {t.away_waiting}
          </p>
        )}
        {leg?.phase.value === "interrupted" && (
          <p class="chat-note" role="status" data-testid="sound-interrupted">
            <span class="lamp signal" aria-hidden="true" /> {texts.common.sound_interrupted}
          </p>
        )}
        {talking && since !== null && (
          <p class="timer figure" data-testid="call-timer">
            {clock(now.value - since)}
          </p>
        )}
      </Scene>
      {leg !== null && call !== null && (talking || state === "held") && (
        <Pictures video={leg.video} info={call.video} other={call.agent_name ?? t.chat_agent} held={state === "held"} />
      )}
      {leg !== null && (talking || state === "held") && (
        <div class="meters">
          <Meter stream={leg.local} label={texts.common.level_own} testid="meter-own" />
          <Meter stream={leg.remote} label={call?.agent_name ?? texts.common.level_other} testid="meter-other" />
        </div>
      )}
      {keypad && <Keypad />}
      <div class="call-buttons">
        <button type="button" class="button" aria-pressed={muted} onClick={() => leg?.mute(!muted)} disabled={leg === null} data-testid="mute">
          <Icon name={muted ? "microphone_off" : "microphone"} /> {muted ? texts.common.unmute : texts.common.mute}
        </button>
        <button type="button" class="button" aria-expanded={keypad} aria-pressed={keypad} onClick={() => setKeypad(!keypad)} data-testid="keypad">
          <Icon name="keypad" /> {t.keypad}
        </button>
        {leg !== null && call !== null && <PictureButtons video={leg.video} info={call.video} />}
      </div>
      <button type="button" class="button bad hang-up" onClick={() => hangUp(true)} data-testid="hang-up">
        <Icon name="hang_up" /> {t.hang_up}
      </button>
    </div>
  );
}

function Keypad() {
  return (
    <div class="keypad" role="group" aria-label={t.keypad}>
      {["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((digit) => (
        <button type="button" class="button" key={digit} onClick={() => press(digit)} data-testid={`digit-${digit}`}>
          {digit}
        </button>
      ))}
    </div>
  );
}

function Ended() {
  const { call, callOpen, chatOpen } = model.value;
  const refused = call?.cause === "rejected" || call?.cause === "failed";
  const help = refused
    ? call.message === ""
      ? t.failed_help
      : sentence(call.message)
    : call?.cause === "connection_lost"
      ? t.ended_lost
      : call?.cause === "shutdown" || call?.cause === "restart"
        ? t.ended_shutdown
        : call?.by === "customer" && iHungUp()
          ? t.ended_by_you
          : call?.by === "agent"
            ? t.ended_by_agent
            : t.ended_lost;
  return (
    <Scene testid={refused ? "call-failed" : "call-ended"} icon={refused ? "warning" : "check"} tone={refused ? "bad" : "off"} title={refused ? t.failed : t.ended} help={help} alert={refused}>
      <Again chat={chatOpen} call={callOpen} failed={refused} />
    </Scene>
  );
}

function Again({ call, chat, failed = true }: { call: boolean; chat: boolean; failed?: boolean }) {
  return (
    <>
      {call && (
        <button type="button" class="button primary" onClick={() => void startCall()} data-testid="call-again">
          {t.again}
        </button>
      )}
      {chat && (
        <button type="button" class="button" onClick={() => (view.value = "chat")}>
          {failed ? t.write_instead : t.write_to_us}
        </button>
      )}
      {!call && !chat && <p class="muted small">{t.all_away_help}</p>}
    </>
  );
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}

interface SceneProps {
  icon: IconName;
  tone: "accent" | "good" | "bad" | "signal" | "off";
  title: string;
  help: string;
  testid: string;
  pulse?: boolean;
  alert?: boolean;
  children?: preact.ComponentChildren;
}

/** One picture, one sentence, and what can be done. */
function Scene({ icon, tone, title, help, testid, pulse = false, alert = false, children }: SceneProps) {
  return (
    <div class="scene" role={alert ? "alert" : "status"} data-testid={testid}>
      <span class={`idle-lamp ${tone} ${pulse ? "pulse" : ""}`} aria-hidden="true">
        <Icon name={icon} size={28} />
      </span>
      <h3>{title}</h3>
      {help !== "" && <p class="muted">{help}</p>}
      {children !== undefined && <div class="scene-more">{children}</div>}
    </div>
  );
}
