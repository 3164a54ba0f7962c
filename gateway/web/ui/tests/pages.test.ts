import { describe, expect, test } from "vitest";
import type { AgentFrame, ContactInfo, Desk, OfferInfo, VisitorFrame } from "../src/frames";
import * as agent from "../src/agent/model";
import * as visitor from "../src/visitor/model";
import { backoff } from "../src/shared/connection";
import { EMPTY, addPending, failAllPending, merge } from "../src/shared/lines";
import { clock } from "../src/shared/time";

const offer: OfferInfo = {
  offer: 7,
  contact: "c1",
  channel: "chat",
  queue: "support",
  queue_title: "Support",
  customer_name: "Vera",
  customer_address: "visitor:ab",
  waiting_since_ms: 0,
  offered_ms: 1000,
  expires_ms: 21_000,
  why: "Longest idle.",
};

const contact: ContactInfo = {
  contact: "c1",
  channel: "chat",
  queue: "support",
  queue_title: "Support",
  customer_name: "Vera",
  customer_address: "visitor:ab",
  state: "talking",
  opened_ms: 0,
  answered_ms: 1000,
  until_ms: null,
  customer_connected: true,
  outcomes: ["solved"],
  outcome: null,
  video: { allowed: false, own: null, other: null },
  media: "nowhere",
  recording: "off",
};

const desk: Desk = {
  type: "desk",
  now_ms: 0,
  agent: "anna",
  agent_name: "Anna",
  company: "Zentrale",
  line_chars_max: 4000,
  state: { state: "available", reason: "", since_ms: 0, until_ms: null },
  queues: [{ name: "support", title: "Support", outcomes: ["solved"], waiting: 0, longest_since_ms: null, open: true }],
  offer: null,
  contacts: [],
};

function play(frames: AgentFrame[], from: agent.Model | null = null): agent.Model {
  return frames.reduce(agent.apply, from) as agent.Model;
}

const line = (n: number, text: string, author: "customer" | "agent" = "customer") => ({
  line: n,
  author,
  name: author,
  text,
  at_ms: n,
});

describe("the agent's page", () => {
  test("frames before the first desk change nothing", () => {
    expect(agent.apply(null, { type: "offer_ringing", offer })).toBeNull();
  });

  test("an offer that ends elsewhere does not take away the one that rings now", () => {
    const model = play([
      desk,
      { type: "offer_ringing", offer: { ...offer, offer: 8 } },
      { type: "offer_closed", offer: 7, contact: "c0", end: "expired" },
    ]);
    expect(model.offer?.offer).toBe(8);
    expect(model.missed).toBeNull();
  });

  test("several contacts are kept in the order in which they came, and go one by one", () => {
    const model = play([
      desk,
      { type: "contact", contact },
      { type: "contact", contact: { ...contact, contact: "c2" } },
      { type: "contact", contact: { ...contact, state: "wrap_up" } },
    ]);
    expect(model.contacts.map(({ contact, state }) => [contact, state])).toEqual([
      ["c1", "wrap_up"],
      ["c2", "talking"],
    ]);
    expect(play([{ type: "contact_gone", contact: "c1" }], model).contacts.map((one) => one.contact)).toEqual(["c2"]);
  });

  test("where a contact may go is known until the page connects anew", () => {
    const targets = { type: "transfer_targets", contact: "c1", queues: [], agents: [] } as const;
    const model = play([desk, targets as unknown as AgentFrame]);
    expect(model.targets?.contact).toBe("c1");
    expect(play([desk], model).targets).toBeNull();
  });

  test("lines come in any order, from a transcript and one by one, and each is shown once", () => {
    const model = play([
      desk,
      { type: "contact", contact },
      { type: "line", contact: "c1", line: line(3, "three") },
      { type: "transcript", contact: "c1", lines: [line(1, "one"), line(2, "two", "agent"), line(3, "three")] },
    ]);
    expect(model.chats["c1"]?.lines.map((l) => l.text)).toEqual(["one", "two", "three"]);
  });

  test("a line on its way is replaced by the stored one, and marked when the connection goes", () => {
    let model = agent.writing(play([desk, { type: "contact", contact }]), "c1", 5, "hello");
    expect(agent.disconnected(model, "lost").chats["c1"]?.pending[0]?.fault).toBe("lost");
    model = play([{ type: "line", contact: "c1", line: line(1, "hello", "agent") }], model);
    expect(model.chats["c1"]?.pending).toEqual([]);
    expect(model.chats["c1"]?.lines).toHaveLength(1);
  });

  test("a line that was not sent survives a reconnect", () => {
    const before = agent.disconnected(agent.writing(play([desk, { type: "contact", contact }]), "c1", 5, "hello"), "lost");
    const after = play([{ ...desk, contacts: [contact] }], before);
    expect(after.chats["c1"]?.pending[0]?.text).toBe("hello");
  });

  test("a line of the customer ends their typing", () => {
    const model = play([
      desk,
      { type: "contact", contact },
      { type: "typing", contact: "c1", typing: true },
      { type: "line", contact: "c1", line: line(1, "hello") },
    ]);
    expect(model.chats["c1"]?.typing).toBe(false);
  });

  test("a contact that is gone takes its chat along, and the history is loaded again", () => {
    const before = play([desk, { type: "contact", contact }]);
    const after = play([{ type: "contact_gone", contact: "c1" }], before);
    expect(after.contacts).toEqual([]);
    expect(after.chats).toEqual({});
    expect(after.historyVersion).toBeGreaterThan(before.historyVersion);
  });
});

describe("the visitor's page", () => {
  const chat = (n: string, state: "queued" | "ended"): VisitorFrame => ({
    type: "chat_state",
    contact: n,
    state,
    position: null,
    agent_name: null,
    by: null,
    cause: null,
  });

  test("a new chat begins with an empty transcript, but keeps the line on its way", () => {
    let model = [chat("a", "ended"), { type: "transcript", contact: "a", lines: [line(1, "old")] } as VisitorFrame].reduce(
      visitor.apply,
      visitor.START,
    );
    model = visitor.apply(visitor.writing(model, 1, "new"), chat("b", "queued"));
    expect(model.transcript.lines).toEqual([]);
    expect(model.transcript.pending).toHaveLength(1);
  });

  test("lines of another chat are not mixed in", () => {
    const model = [chat("b", "queued"), { type: "line", contact: "a", line: line(1, "old") } as VisitorFrame].reduce(
      visitor.apply,
      visitor.START,
    );
    expect(model.transcript.lines).toEqual([]);
  });
});

test("reconnects wait longer and longer, but never long", () => {
  expect([0, 1, 2, 3, 10].map((n) => backoff(n, 1))).toEqual([400, 800, 1600, 3200, 8000]);
  expect(backoff(0, 0)).toBe(240);
});

test("durations read like a clock", () => {
  expect([0, 7_999, 61_000, 3_723_000, -5].map(clock)).toEqual(["0:00", "0:07", "1:01", "1:02:03", "0:00"]);
});

test("merging keeps what is there", () => {
  const transcript = addPending(merge(EMPTY, [line(2, "b"), line(1, "a")]), 9, "c");
  expect(transcript.lines.map((l) => l.text)).toEqual(["a", "b"]);
  expect(failAllPending(transcript, "x").pending[0]?.fault).toBe("x");
});
