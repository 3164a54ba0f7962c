/** The visitor's chat. */

import { useState } from "preact/hooks";
import { Composer, Lines } from "../shared/Chat";
import * as texts from "../texts";
import { chatLive, leaveChat, model, newChat, retryLine, tellTyping, writeLine } from "./session";

const t = texts.widget;

export function ChatView() {
  const { chat, chatOpen, transcript, lineCharsMax, fault } = model.value;
  const [sure, setSure] = useState(false);
  const ended = chat?.state === "ended";
  const closed = !chatOpen && !chatLive.value && !ended;
  return (
    <div class="chat-view" data-testid="chat" data-state={chat?.state ?? "new"}>
      <div class="chat-status" role="status" data-testid="chat-status">
        <Status />
        {chatLive.value &&
          (sure ? (
            <button
              type="button"
              class="button bad small"
              onClick={() => {
                setSure(false);
                leaveChat();
              }}
              onBlur={() => setSure(false)}
              data-testid="end-chat-sure"
            >
              {texts.desk.end_chat_sure}
            </button>
          ) : (
            <button type="button" class="button ghost small" onClick={() => setSure(true)} data-testid="end-chat">
              {t.end_chat}
            </button>
          ))}
      </div>
      <Lines
        transcript={transcript}
        own="customer"
        typing={t.chat_typing(chat?.agent_name ?? t.chat_agent)}
        empty={closed ? t.chat_away : t.chat_start}
        retry={(line) => retryLine(line.key, line.text)}
      />
      {fault !== null && (
        <p class="form-fault" role="alert" data-testid="chat-fault">
          {fault}
        </p>
      )}
      {ended ? (
        <div class="chat-over">
          <button type="button" class="button primary" disabled={!chatOpen} onClick={newChat} data-testid="chat-new">
            {t.chat_new}
          </button>
          {!chatOpen && <p class="muted small">{t.chat_away}</p>}
        </div>
      ) : (
        <Composer placeholder={t.chat_placeholder} max={lineCharsMax} disabled={closed} autofocus write={writeLine} typing={tellTyping} />
      )}
    </div>
  );
}

function Status() {
  const { chat, chatOpen } = model.value;
  if (chat === null) return <span class="muted">{t.write_help}</span>;
  if (chat.state === "ended") {
    const lost = chat.cause === "connection_lost";
    const restart = chat.cause === "restart" || chat.cause === "shutdown";
    return <span>{restart ? t.chat_ended_restart : lost ? t.chat_ended_lost : t.chat_ended}</span>;
  }
  if (chat.state === "held") {
    return (
      <span class="lamped">
        <span class="lamp signal" aria-hidden="true" /> {t.chat_held}
      </span>
    );
  }
  if (chat.state === "talking") {
    return (
      <span class="lamped">
        <span class="lamp good" aria-hidden="true" /> {t.chat_joined(chat.agent_name ?? t.chat_agent)}
      </span>
    );
  }
  return (
    <span class="lamped">
      <span class="lamp signal" aria-hidden="true" /> {chatOpen ? t.chat_waiting(chat.position) : t.away_waiting}
    </span>
  );
}
