/** Every word that people read on the pages, in one place, so that another language is one more file. */

import type { AgentState, Channel, EndCause, OfferEnd, Party, TimelineEntry } from "./frames";
import type { MicrophoneFault } from "./shared/audio";
import { clock } from "./shared/time";
import type { PictureFault } from "./shared/video";

export const channels: Record<Channel, string> = { phone: "Phone", web_call: "Web call", chat: "Chat" };

export const states: Record<AgentState, string> = {
  signed_out: "Signed out",
  available: "Ready",
  offered: "Ringing",
  busy: "Talking",
  wrap_up: "Wrap-up",
  paused: "Paused",
  not_responding: "Not responding",
};

export const common = {
  cancel: "Cancel",
  close: "Close",
  dismiss: "Dismiss",
  retry: "Try again",
  back: "Back",
  loading: "Loading …",
  send: "Send",
  mute: "Mute",
  unmute: "Unmute",
  muted: "Muted",
  you: "You",
  level_own: "Your microphone",
  level_other: "The other side",
  sound_interrupted: "The sound is interrupted. Reconnecting …",
  too_long: (chars: number, max: number) => `${chars} of ${max} characters. Please shorten it.`,
};

export const connection = {
  connecting: "Connecting …",
  lost: "Connection lost. Reconnecting …",
  offline: "Not connected",
  unsent: "The connection was lost. This line may not have arrived.",
};

export const microphone: Record<MicrophoneFault, { title: string; help: string }> = {
  denied: {
    title: "The microphone is blocked",
    help: "Your browser does not let this page use the microphone. Open the settings beside the address, allow the microphone, then try again.",
  },
  missing: {
    title: "No microphone found",
    help: "Plug in a headset or microphone, check that your system sees it, then try again.",
  },
  busy: {
    title: "The microphone can’t be used",
    help: "Another program may hold it. Close that program, then try again.",
  },
  insecure: {
    title: "No microphone on this address",
    help: "Browsers give a microphone only to https pages and to localhost. Open this page over https.",
  },
};

export const video = {
  camera_on: "Camera",
  camera_off: "Stop camera",
  screen_on: "Share screen",
  screen_off: "Stop sharing",
  see: "Show it to me",
  unsee: "Hide",
  full: "Full screen",
  held: "On hold: no pictures are sent.",
  own_camera: "Your camera",
  own_screen: "The screen that you share",
  their_camera: (name: string) => `Camera of ${name}`,
  their_screen: (name: string) => `Screen of ${name}`,
  offers_camera: (name: string) => `${name} would like to show you the camera.`,
  offers_screen: (name: string) => `${name} would like to show you the screen.`,
  shortcut_camera: "Camera on / off",
  shortcut_screen: "Share screen / stop sharing",
  faults: {
    denied: {
      title: "The camera is blocked",
      help: "Your browser does not let this page use the camera. Open the settings beside the address, allow the camera, then try again.",
    },
    missing: { title: "No camera found", help: "Connect a camera, check that your system sees it, then try again." },
    busy: { title: "The camera can’t be used", help: "Another program may hold it. Close that program, then try again." },
    insecure: {
      title: "No camera on this address",
      help: "Browsers give a camera or the screen only to https pages and to localhost. Open this page over https.",
    },
    screen: { title: "Your screen is not shared", help: "No window was chosen, or your system does not allow it. Nobody saw anything." },
    refused: { title: "Pictures can’t be shown now", help: "The other side can’t receive them, or they are not allowed in this call." },
  } satisfies Record<PictureFault, { title: string; help: string }>,
};

export const login = {
  title: "Agent desk",
  lead: "Sign in to take calls and chats.",
  name: "Login",
  password: "Password",
  submit: "Sign in",
  checking: "Checking …",
  unreachable: "Zentrale can’t be reached. Check your connection, then try again.",
};

export const desk = {
  skip: "Skip to the desk",
  ready: "Ready",
  go_ready: "Go ready",
  pause: "Pause",
  pause_reason: "Why do you pause?",
  reasons: ["Break", "Lunch", "Meeting", "Paperwork", "Training"],
  other_reason: "Another reason",
  sign_out: "Sign out",
  menu: "Your menu",
  shortcuts: "Keyboard shortcuts",
  after_contact: "takes effect after this contact",
  for: (time: string) => `for ${time}`,
  queues: "Queues",
  nobody_waits: "nobody waits",
  queue_closed: "closed now",
  waiting: (n: number) => `${n} waiting`,
  longest: (time: string) => `longest ${time}`,
  tabs: "Desk and history",
  desk_tab: "Desk",
  history_tab: "History",

  idle_ready: "You’re ready",
  idle_ready_help: "The next call or chat rings here.",
  idle_paused: "You’re paused",
  idle_paused_help: "Nothing rings until you’re ready.",
  idle_missed: "You did not answer in time",
  idle_missed_help: "The contact went on to a colleague. Nothing rings until you’re ready again.",
  idle_offline: "No connection to Zentrale",
  idle_offline_help: "Nothing can ring here until it is back. This page reconnects by itself.",
  paused_because: (reason: string) => `Reason: ${reason}`,
  asking_microphone: "Your browser asks for the microphone. Please allow it.",
  ready_without: "Go ready without a microphone",
  ready_without_help: "You can serve chats; callers would not hear you.",
  notifications: "Tell me about calls when this window is hidden",
  signing_out: "Signing out …",

  ringing: (channel: Channel) => ({ phone: "Phone call", web_call: "Web call", chat: "Chat" })[channel],
  ringing_title: (name: string) => `☎ ${name}`,
  waited: "waiting for",
  why: "Why you",
  accept: "Accept",
  reject: "Reject",
  seconds_left: (n: number) => `${n} seconds left to answer`,
  offer_ends: {
    accepted: "",
    rejected: "",
    expired: "You did not answer in time; the contact went on.",
    revoked: "It rings no more: the customer left, or a colleague was faster.",
  } satisfies Record<OfferEnd, string>,

  call_states: {
    connecting: "Connecting your sound …",
    talking: "In conversation",
    held: "On hold, hearing music",
    parted: "Your sound is away. The customer hears music.",
    wrap_up: "Ended",
  },
  hold: "Hold",
  resume: "Resume",
  recording_on: "Recording",
  recording_pause: "Pause recording",
  recording_paused: "Recording paused",
  recording_resume: "Go on recording",
  recording_failed: "This call is not being recorded.",
  recording_failed_help: "The disk does not take it. You can go on talking; tell whoever runs Zentrale.",
  hang_up: "Hang up",
  transfer: "Transfer",
  transfer_queues: "To a queue",
  transfer_agents: "To a colleague",
  transfer_nowhere: "There is nobody else at work, and no other queue.",
  transfer_loading: "One moment …",
  agent_states: {
    available: "ready",
    offered: "being rung",
    busy: "busy",
    wrap_up: "in wrap-up",
    paused: "paused",
    not_responding: "not responding",
    signed_out: "signed out",
  },
  in_hand: "Your contacts",
  awaits_reply: "waits for your reply",
  end_chat: "End chat",
  end_chat_sure: "End this chat?",
  visitor_away: "The visitor’s page is closed. They may come back for a few seconds yet.",
  elsewhere: "This call’s sound is in another of your windows.",
  take_here: "Take it here",
  no_microphone: "The customer can’t hear you:",
  sound_failed: "The sound could not be connected. Trying again …",
  sound_gave_up: "The sound can’t be connected. A firewall may block it.",
  call_unconnected: "Waiting for sound",

  chat_placeholder: "Write a reply",
  typing: (name: string) => `${name} is typing`,
  no_lines: "No lines yet",

  wrap_up: "Wrap-up",
  wrap_up_help: "How did it go?",
  outcome: "Outcome",
  note: "Note",
  note_placeholder: "What should a colleague know?",
  finish: "Done",
  finish_without: "Skip",
  ends_in: (time: string) => `ends in ${time}`,
  recording_ready: (time: string) => `Recording ready, ${time}`,

  error_title: "That did not work",
};

export const history = {
  title: "History",
  mine: "My contacts",
  customer: "This customer",
  empty_mine: "Your contacts will be listed here.",
  empty_customer: "No earlier contacts with this customer.",
  failed: "The history can’t be loaded just now.",
  refresh: "Load again",
  open: (name: string) => `Show the contact with ${name}`,
  timeline: "Timeline",
  sound: "Sound",
  sound_is: "Mean opinion score of the customer's and the agent's sound, as it came; 4.4 is an undisturbed call",
  transcript: "Transcript",
  recordings: "Recordings",
  recording_of: (name: string) => `With ${name}`,
  left_right: "Left: customer. Right: agent.",
  no_sound: "This recording can’t be played.",
  still_open: "going on",
  abandoned: "abandoned",
  duration: "Talked",
  waited: "Waited",
  outcome: "Outcome",
  note: "Note",
  none: "–",
  called: "Reached",
  agent: "Agent",
};

const endCauses: Record<EndCause, string> = {
  hung_up: "Ended",
  abandoned: "Gave up waiting",
  connection_lost: "Connection lost",
  rejected: "Could not be served",
  shutdown: "Ended by a shutdown",
  restart: "Ended by a restart",
  failed: "Ended by a fault",
};

const parties: Record<Party, string> = { customer: "customer", agent: "agent", system: "Zentrale" };

const offerEnds: Record<OfferEnd, string> = {
  accepted: "accepted",
  rejected: "rejected",
  expired: "did not answer",
  revoked: "was taken back",
};

const audioAlarms: Record<string, string> = { silence: "Alarm, nothing to be heard", one_way: "Alarm, no sound comes" };

/** One line of a contact's timeline: what happened, and more of it if there is. */
export function timeline(entry: TimelineEntry): { what: string; more: string | null } {
  const agent = entry.agent_name ?? "agent";
  const detail = entry.detail ?? "";
  switch (entry.kind) {
    case "ContactOpened":
      return { what: "Arrived", more: detail === "" ? null : detail };
    case "GreetingStarted":
      return { what: "Greeting played", more: null };
    case "ContactQueued":
      return { what: `Queued: ${detail}`, more: null };
    case "ContactOffered":
      return { what: `Rang at ${agent} after ${clock(Number(detail))}`, more: entry.text };
    case "OfferClosed":
      return { what: `${agent}: ${offerEnds[detail as OfferEnd] ?? detail}`, more: null };
    case "ContactAssigned":
      return { what: `Given to ${agent}`, more: null };
    case "ConversationStarted":
      return { what: "Conversation began", more: null };
    case "ContactHeld":
      return { what: "Put on hold", more: null };
    case "ContactResumed":
      return { what: "Taken off hold", more: null };
    case "VideoStarted": {
      const who = entry.by === "agent" ? agent : "The customer";
      return { what: detail === "screen" ? `${who} shared the screen` : `${who} turned the camera on`, more: null };
    }
    case "VideoStopped":
      return { what: `${entry.by === "agent" ? agent : "The customer"} stopped showing pictures`, more: null };
    case "AgentConnectionLost":
      return { what: `${agent} lost the connection`, more: null };
    case "AgentConnectionRestored":
      return { what: `${agent} was back`, more: null };
    case "ContactRequeued":
      return { what: "Back in the queue, at the old place", more: detail };
    case "ContactMoved":
      return { what: `On to the queue ${detail}, at the old place`, more: entry.text };
    case "ContactTransferred":
      return { what: `${agent} sent it on to ${detail}`, more: null };
    case "DigitPressed":
      return { what: `Pressed ${detail}`, more: null };
    case "CustomerConnectionLost":
      return { what: "The visitor’s page went away", more: null };
    case "CustomerConnectionRestored":
      return { what: "The visitor’s page came back", more: null };
    case "ContactEnded": {
      const by = entry.by === null || entry.by === "system" ? "" : ` by ${parties[entry.by]}`;
      return { what: `${endCauses[detail as EndCause] ?? detail}${detail === "hung_up" ? by : ""}`, more: null };
    }
    case "OutcomeChosen":
      return { what: `Outcome: ${detail}`, more: entry.text };
    case "RecordingStored":
      return { what: `Recording stored, ${clock(Number(detail))}`, more: null };
    case "RecordingPaused":
      return { what: `${agent} paused the recording`, more: null };
    case "RecordingResumed":
      return { what: `${agent} went on recording`, more: null };
    case "RecordingInterrupted":
      return { what: "Recording interrupted: what is said is lost", more: detail };
    case "RecordingFailed":
      return { what: "Recording failed", more: detail };
    case "QualityRecorded":
      return { what: `Sound of the ${entry.by ?? "call"}: ${detail} of 4.4`, more: entry.text };
    case "AudioAlarmRaised":
      return { what: `${audioAlarms[detail] ?? detail}: ${entry.by ?? ""}`, more: null };
    case "AudioAlarmEnded":
      return { what: `Heard again: ${entry.by ?? ""}`, more: null };
    default:
      return { what: entry.kind, more: detail === "" ? null : detail };
  }
}

export function endCause(cause: EndCause): string {
  return endCauses[cause];
}

export const shop = {
  brand: "Halden Bikes",
  nav: [
    { label: "What we do", href: "#services" },
    { label: "Workshop hours", href: "#hours" },
  ],
  title: "A city bike that simply works.",
  lead: "We repair, rent and look after everyday bikes in Halden. Bring yours in, or ask us first: we answer calls and messages right here on this page.",
  ask: "Ask us",
  blocks: [
    { title: "Repairs", text: "Brakes, gears, lights and wheels. Most bikes are ready the next working day." },
    { title: "Rental", text: "City and cargo bikes by the day or the week, with lock, lights and insurance." },
    { title: "Yearly check", text: "One appointment, forty points, and a list of what we found and what can wait." },
  ],
  hours_title: "Workshop hours",
  hours: [
    ["Monday to Friday", "8:00 – 18:00"],
    ["Saturday", "9:00 – 14:00"],
    ["Sunday", "closed"],
  ],
  questions_title: "Often asked",
  questions: [
    ["Do I need an appointment?", "For repairs no, for the yearly check yes. Call or write and we find a day."],
    ["Can you collect my bike?", "Within the town we can, on weekdays before noon."],
    ["What if the repair costs more than said?", "We call you before we go on, always."],
  ],
  footer: "Halden Bikes is made up. This page shows Zentrale’s calls and chats for visitors.",
};

export const widget = {
  launcher: "Talk to us",
  launcher_call: "Your call",
  launcher_chat: "Your chat",
  title: "Talk to us",
  here: "We’re here",
  away: "Away",
  greeting: "How can we help?",
  greeting_help: "Call us through your browser, or write. No number needed.",
  name: "Your name (optional)",
  call: "Call",
  call_help: "Speak with us, free of charge",
  write: "Write",
  write_help: "Chat with us, line by line",
  all_away: "All our agents are away",
  all_away_help: "Nobody can take a call or a message at the moment. This page tells you as soon as somebody is back.",
  away_waiting: "All our agents are away just now. You keep your place.",
  chat_away: "Nobody can answer messages at the moment.",
  call_away: "Nobody can take calls at the moment.",
  back_to_call: "Back to your call",
  back_to_chat: "Back to your chat",

  asking: "Allow the microphone",
  asking_help: "Your browser asks whether this page may use your microphone. Please allow it.",
  connecting: "Connecting",
  connecting_help: "This takes a second or two.",
  queued: "Please hold the line",
  place: (n: number) => (n === 1 ? "You are next" : `You are number ${n} in line`),
  place_help: "You hear music until somebody answers.",
  talking: (name: string) => `Talking with ${name}`,
  talking_anyone: "Talking",
  held: "On hold",
  held_help: "You hear music. Please stay on the line.",
  hang_up: "Hang up",
  keypad: "Keypad",
  ended: "Call ended",
  ended_by_you: "You hung up.",
  ended_by_agent: "Thank you for calling.",
  ended_lost: "The connection was lost.",
  ended_shutdown: "Our service was stopped. Please call again in a few minutes.",
  failed: "The call did not work",
  failed_help: "No connection for sound could be made. A firewall may block it; you can write to us instead.",
  again: "Call again",
  write_instead: "Write instead",
  write_to_us: "Write to us",

  chat_start: "Write your first line; somebody will join.",
  chat_placeholder: "Write a message",
  chat_waiting: (n: number | null) =>
    n === null || n === 1 ? "You are next. Somebody will join shortly." : `You are number ${n} in line.`,
  chat_joined: (name: string) => `${name} is here`,
  chat_held: "One moment, we’re being reconnected …",
  chat_typing: (name: string) => `${name} is typing`,
  chat_agent: "Our agent",
  chat_ended: "This chat has ended.",
  chat_ended_restart: "This chat ended because our service was restarted.",
  chat_ended_lost: "This chat ended because the connection was away for too long.",
  chat_new: "Start a new chat",
  end_chat: "End chat",
};
