/** What the visitor's page knows, and how each frame changes it. */

import type { CallShown, ChatShown, VisitorFrame } from "../frames";
import { EMPTY, addPending, dropPending, failAllPending, failPending, merge, type Transcript } from "../shared/lines";

export interface Model {
  /** Null before the first welcome. */
  company: string | null;
  callOpen: boolean;
  chatOpen: boolean;
  lineCharsMax: number;
  call: CallShown | null;
  chat: ChatShown | null;
  transcript: Transcript;
  /** A request was refused. */
  fault: string | null;
}

export const START: Model = {
  company: null,
  callOpen: false,
  chatOpen: false,
  lineCharsMax: 4000,
  call: null,
  chat: null,
  transcript: EMPTY,
  fault: null,
};

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}

export function apply(model: Model, frame: VisitorFrame): Model {
  switch (frame.type) {
    case "welcome":
      return {
        ...model,
        company: frame.company,
        callOpen: frame.call_open,
        chatOpen: frame.chat_open,
        lineCharsMax: frame.line_chars_max,
      };
    case "channels":
      return { ...model, callOpen: frame.call_open, chatOpen: frame.chat_open };
    case "call_answer":
    case "ice_servers":
    case "pong":
      return model;
    case "call_state":
      return { ...model, call: frame };
    case "chat_state": {
      const another = model.chat !== null && model.chat.contact !== frame.contact;
      const { transcript } = model;
      return {
        ...model,
        chat: frame,
        transcript: {
          ...(another ? { ...EMPTY, pending: transcript.pending } : transcript),
          typing: frame.state === "talking" && transcript.typing,
        },
      };
    }
    case "transcript":
      if (model.chat !== null && model.chat.contact !== frame.contact) return model;
      return { ...model, transcript: merge(model.transcript, frame.lines) };
    case "line": {
      if (model.chat !== null && model.chat.contact !== frame.contact) return model;
      const own = frame.line.author === "customer";
      const sent = own ? model.transcript.pending.find((line) => line.text === frame.line.text) : undefined;
      const rest = sent === undefined ? model.transcript : dropPending(model.transcript, sent.key);
      return { ...model, transcript: { ...merge(rest, [frame.line]), typing: own ? rest.typing : false } };
    }
    case "line_stored":
      return { ...model, transcript: dropPending(model.transcript, frame.key) };
    case "typing":
      return { ...model, transcript: { ...model.transcript, typing: frame.typing } };
    case "error": {
      if (frame.where === "call_update" || frame.where === "ask_ice_servers") return model; // the call's own matter
      const text = `${sentence(frame.error)} ${frame.what_to_do}`;
      if (frame.key != null) return { ...model, transcript: failPending(model.transcript, frame.key, sentence(frame.error)) };
      return { ...model, fault: text };
    }
  }
}

export function writing(model: Model, key: number, text: string): Model {
  return { ...model, fault: null, transcript: addPending(model.transcript, key, text) };
}

export function unwriting(model: Model, key: number): Model {
  return { ...model, transcript: dropPending(model.transcript, key) };
}

export function disconnected(model: Model, fault: string): Model {
  return { ...model, transcript: { ...failAllPending(model.transcript, fault), typing: false } };
}

export function isLive(shown: { state: string } | null): boolean {
  return shown !== null && shown.state !== "ended";
}
