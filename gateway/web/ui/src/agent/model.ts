/** What the agent's page knows, as one value, and how each frame changes it. Nothing here touches the page. */

import type { AgentFrame, ContactInfo, Desk, OfferClosedShown, OfferInfo, QueueInfo, StateInfo, TransferTargets } from "../frames";
import { EMPTY, addPending, dropPending, failAllPending, failPending, merge, type Transcript } from "../shared/lines";

export interface Notice {
  id: number;
  tone: "info" | "warning" | "error";
  title: string;
  text: string;
}

export interface Model {
  agent: string;
  agentName: string;
  company: string;
  lineCharsMax: number;
  state: StateInfo;
  queues: QueueInfo[];
  offer: OfferInfo | null;
  /** The last offer that ended without being accepted here. */
  missed: OfferClosedShown | null;
  contacts: ContactInfo[];
  /** Where a contact may be sent on to, as last asked. */
  targets: TransferTargets | null;
  chats: Record<string, Transcript>;
  recordings: Record<string, number>;
  /** Grows when the history on the server has changed. */
  historyVersion: number;
}

function fromDesk(desk: Desk, before: Model | null): Model {
  return {
    agent: desk.agent,
    agentName: desk.agent_name,
    company: desk.company,
    lineCharsMax: desk.line_chars_max,
    state: desk.state,
    queues: desk.queues,
    offer: desk.offer,
    missed: null,
    contacts: desk.contacts,
    targets: null,
    // Lines that were on their way when the connection went are kept with their fault, to be sent again by hand.
    chats: Object.fromEntries(
      desk.contacts.map((contact) => [contact.contact, before?.chats[contact.contact] ?? EMPTY]),
    ),
    recordings: before?.recordings ?? {},
    historyVersion: (before?.historyVersion ?? 0) + 1,
  };
}

function inChat(model: Model, contact: string, change: (chat: Transcript) => Transcript): Model {
  return { ...model, chats: { ...model.chats, [contact]: change(model.chats[contact] ?? EMPTY) } };
}

export function apply(model: Model | null, frame: AgentFrame): Model | null {
  if (frame.type === "desk") return fromDesk(frame, model);
  if (model === null) return null;
  switch (frame.type) {
    case "agent_state":
      return { ...model, state: frame.state };
    case "queues": {
      const changed = new Map(frame.queues.map((queue) => [queue.name, queue]));
      return { ...model, queues: model.queues.map((queue) => changed.get(queue.name) ?? queue) };
    }
    case "offer_ringing":
      return { ...model, offer: frame.offer, missed: null };
    case "offer_closed":
      if (model.offer?.offer !== frame.offer) return model;
      return { ...model, offer: null, missed: frame.end === "expired" || frame.end === "revoked" ? frame : null };
    case "contact": {
      const info = frame.contact;
      const known = model.contacts.some((contact) => contact.contact === info.contact);
      const contacts = known
        ? model.contacts.map((contact) => (contact.contact === info.contact ? info : contact))
        : [...model.contacts, info];
      return { ...model, contacts, historyVersion: model.historyVersion + (known ? 0 : 1) };
    }
    case "contact_gone": {
      const { [frame.contact]: _gone, ...chats } = model.chats;
      return {
        ...model,
        contacts: model.contacts.filter((contact) => contact.contact !== frame.contact),
        chats,
        historyVersion: model.historyVersion + 1,
      };
    }
    case "transfer_targets":
      return { ...model, targets: frame };
    case "transcript":
      return inChat(model, frame.contact, (chat) => merge(chat, frame.lines));
    case "line":
      return inChat(model, frame.contact, (chat) => {
        const own = frame.line.author === "agent";
        const sent = own ? chat.pending.find((line) => line.text === frame.line.text) : undefined;
        const rest = sent === undefined ? chat : dropPending(chat, sent.key);
        return { ...merge(rest, [frame.line]), typing: own ? chat.typing : false };
      });
    case "line_stored":
      return inChat(model, frame.contact, (chat) => dropPending(chat, frame.key));
    case "typing":
      return inChat(model, frame.contact, (chat) => ({ ...chat, typing: frame.typing }));
    case "recording_ready":
      return {
        ...model,
        recordings: { ...model.recordings, [frame.contact]: frame.duration_ms },
        historyVersion: model.historyVersion + 1,
      };
    case "error":
      if (frame.where === "media_update") return model; // the leg's own matter
      if (frame.contact != null && frame.key != null) {
        const { contact, key, error } = frame;
        return inChat(model, contact, (chat) => failPending(chat, key, error));
      }
      return model;
    case "pong":
    case "ice_servers":
    case "media_answer":
    case "media_moved":
      return model;
  }
}

export function writing(model: Model, contact: string, key: number, text: string): Model {
  return inChat(model, contact, (chat) => addPending(chat, key, text));
}

export function unwriting(model: Model, contact: string, key: number): Model {
  return inChat(model, contact, (chat) => dropPending(chat, key));
}

/** The connection went: nobody types, and lines on their way may be lost. */
export function disconnected(model: Model, fault: string): Model {
  const chats = Object.entries(model.chats).map(([contact, chat]) => [
    contact,
    { ...failAllPending(chat, fault), typing: false },
  ]);
  return { ...model, chats: Object.fromEntries(chats) as Record<string, Transcript> };
}
