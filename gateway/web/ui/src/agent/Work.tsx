/** The contact in hand: call or chat, then its wrap-up. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { ContactInfo } from "../frames";
import { Composer, Lines } from "../shared/Chat";
import { ChannelIcon, Icon } from "../shared/icons";
import { useShortcut } from "../shared/keys";
import { EMPTY } from "../shared/lines";
import { PictureButtons, Pictures } from "../shared/Pictures";
import { Meter } from "../shared/Meter";
import { clock, now } from "../shared/time";
import * as texts from "../texts";
import { address } from "./address";
import type { Model } from "./model";
import { legs, retryLine, send, tellTyping, writeLine } from "./session";
import { Transfer } from "./Transfer";
import { WrapUp } from "./WrapUp";

export function Work({ contact, model }: { contact: ContactInfo; model: Model }) {
  if (contact.state === "wrap_up") {
    return (
      <>
        <WrapUp contact={contact} recording={model.recordings[contact.contact] ?? null} />
        {contact.channel === "chat" && (
          <section class="chat after" aria-label={texts.history.transcript}>
            <Lines transcript={model.chats[contact.contact] ?? EMPTY} own="agent" ownName={model.agentName} typing="" />
          </section>
        )}
      </>
    );
  }
  return contact.channel === "chat" ? <ChatWork contact={contact} model={model} /> : <CallWork contact={contact} model={model} />;
}

function Head({ contact, children }: { contact: ContactInfo; children?: ComponentChildren }) {
  return (
    <div class="contact-head">
      <div class="contact-who">
        <p class="eyebrow">
          <ChannelIcon channel={contact.channel} size={18} />
          <span>
            {texts.channels[contact.channel]} · {contact.queue_title}
          </span>
        </p>
        <h1 class="who" data-testid="customer-name">
          {contact.customer_name}
        </h1>
        <p class="muted address">{address(contact.customer_address)}</p>
      </div>
      <div class="contact-side">
        <p class="timer figure" data-testid="contact-timer">
          {clock(contact.answered_ms === null ? 0 : now.value - contact.answered_ms)}
        </p>
        {children}
      </div>
    </div>
  );
}

function CallWork({ contact, model }: { contact: ContactInfo; model: Model }) {
  const leg = legs.current.value?.contact === contact.contact ? legs.current.value : null;
  const held = contact.state === "held";
  const talking = contact.state === "talking";
  const muted = leg?.audio.muted.value ?? false;
  const hold = () => send({ type: held ? "resume" : "hold", contact: contact.contact });
  const hangUp = () => send({ type: "hang_up", contact: contact.contact });
  const mute = () => leg?.audio.mute(!muted);
  useShortcut("h", held || talking, hold);
  useShortcut("x", true, hangUp);
  useShortcut("m", leg !== null, mute);
  return (
    <section class={`call ${contact.state}`} data-testid="call" data-state={contact.state} data-contact={contact.contact}>
      <Head contact={contact} />
      <p class="call-state" role="status" data-testid="call-state">
        <span class={`lamp ${held || contact.state === "parted" ? "signal" : talking ? "good" : "accent"}`} aria-hidden="true" />
        {texts.desk.call_states[contact.state]}
        {muted && ` · ${texts.common.muted}`}
        {contact.recording === "on" && ` · ${texts.desk.recording_on}`}
        {contact.recording === "paused" && ` · ${texts.desk.recording_paused}`}
      </p>
      {leg?.fault != null && (
        <div class="alert" role="alert" data-testid={`microphone-${leg.fault}`}>
          <Icon name="microphone_off" />
          <div>
            <strong>
              {texts.desk.no_microphone} {texts.microphone[leg.fault].title.toLowerCase()}
            </strong>
            <p>{texts.microphone[leg.fault].help}</p>
            <button type="button" class="button" onClick={() => legs.take()}>
              {texts.common.retry}
            </button>
          </div>
        </div>
      )}
      {leg?.audio.phase.value === "interrupted" && (
        <p class="chat-note" role="status" data-testid="sound-interrupted">
          <span class="lamp signal" aria-hidden="true" /> {texts.common.sound_interrupted}
        </p>
      )}
      {legs.gaveUp.value && (
        <div class="alert" role="alert" data-testid="sound-failed">
          <Icon name="warning" />
          <div>
            <strong>{texts.desk.sound_gave_up}</strong>
            <button type="button" class="button" onClick={() => legs.take()}>
              {texts.common.retry}
            </button>
          </div>
        </div>
      )}
      {contact.media === "elsewhere" && (
        <div class="alert calm" data-testid="sound-elsewhere">
          <Icon name="web" />
          <div>
            <strong>{texts.desk.elsewhere}</strong>
            <button type="button" class="button" onClick={() => legs.take()}>
              {texts.desk.take_here}
            </button>
          </div>
        </div>
      )}
      {leg !== null && <Pictures video={leg.audio.video} info={contact.video} other={contact.customer_name} held={held} />}
      {contact.recording === "failed" && (
        <div class="alert" role="alert" data-testid="recording-failed">
          <Icon name="warning" />
          <div>
            <strong>{texts.desk.recording_failed}</strong>
            <p>{texts.desk.recording_failed_help}</p>
          </div>
        </div>
      )}
      {leg !== null && (
        <div class="meters">
          <Meter stream={leg.audio.local} label={texts.common.level_own} testid="meter-own" />
          <Meter stream={leg.audio.remote} label={contact.customer_name} testid="meter-other" />
        </div>
      )}
      <div class="call-buttons">
        <button type="button" class="button large" aria-pressed={muted} onClick={mute} disabled={leg === null} aria-keyshortcuts="Alt+M" data-testid="mute">
          <Icon name={muted ? "microphone_off" : "microphone"} /> {muted ? texts.common.unmute : texts.common.mute}
        </button>
        <button type="button" class="button large" aria-pressed={held} onClick={hold} disabled={!held && !talking} aria-keyshortcuts="Alt+H" data-testid={held ? "resume" : "hold"}>
          <Icon name={held ? "play" : "pause"} /> {held ? texts.desk.resume : texts.desk.hold}
        </button>
        {leg !== null && <PictureButtons video={leg.audio.video} info={contact.video} large shortcuts />}
        {(contact.recording === "on" || contact.recording === "paused") && <RecordingButton contact={contact} />}
        {(held || talking) && <Transfer contact={contact} targets={model.targets} />}
        <button type="button" class="button bad large" onClick={hangUp} aria-keyshortcuts="Alt+X" data-testid="hang-up">
          <Icon name="hang_up" /> {texts.desk.hang_up}
        </button>
      </div>
    </section>
  );
}

/** Pauses the recording while a card's number is read out, say; pressed while it is paused. */
function RecordingButton({ contact }: { contact: ContactInfo }) {
  const paused = contact.recording === "paused";
  const toggle = () => send({ type: paused ? "resume_recording" : "pause_recording", contact: contact.contact });
  useShortcut("c", true, toggle);
  return (
    <button type="button" class="button large" aria-pressed={paused} onClick={toggle} aria-keyshortcuts="Alt+C" data-testid="recording" data-state={contact.recording}>
      <Icon name="record" /> {paused ? texts.desk.recording_resume : texts.desk.recording_pause}
    </button>
  );
}

function ChatWork({ contact, model }: { contact: ContactInfo; model: Model }) {
  const [sure, setSure] = useState(false);
  const transcript = model.chats[contact.contact] ?? EMPTY;
  const end = () => send({ type: "hang_up", contact: contact.contact });
  useShortcut("x", true, () => (sure ? end() : setSure(true)));
  return (
    <section class="chat" data-testid="chat" data-state={contact.state} data-contact={contact.contact}>
      <Head contact={contact}>
        <Transfer contact={contact} targets={model.targets} small />
        {sure ? (
          <button type="button" class="button bad small" onClick={end} onBlur={() => setSure(false)} data-testid="end-chat-sure">
            {texts.desk.end_chat_sure}
          </button>
        ) : (
          <button type="button" class="button small" onClick={() => setSure(true)} aria-keyshortcuts="Alt+X" data-testid="end-chat">
            {texts.desk.end_chat}
          </button>
        )}
      </Head>
      {!contact.customer_connected && (
        <p class="chat-note" role="status" data-testid="visitor-away">
          <span class="lamp signal" aria-hidden="true" /> {texts.desk.visitor_away}
        </p>
      )}
      <Lines
        transcript={transcript}
        own="agent"
        ownName={model.agentName}
        typing={texts.desk.typing(contact.customer_name)}
        empty={texts.desk.no_lines}
        retry={(line) => retryLine(contact.contact, line.key, line.text)}
      />
      <Composer
        placeholder={texts.desk.chat_placeholder}
        max={model.lineCharsMax}
        autofocus
        write={(text) => writeLine(contact.contact, text)}
        typing={(typing) => tellTyping(contact.contact, typing)}
      />
    </section>
  );
}
