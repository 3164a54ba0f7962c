// Made by tools/make_frames_ts.py from gateway/api/frames.py and gateway/api/shapes.py. Do not edit.

export interface Ping {
  type: "ping";
}

export interface Ready {
  type: "ready";
}

export interface Pause {
  type: "pause";
  reason: string;
}

export interface SignOut {
  type: "sign_out";
}

export interface Accept {
  type: "accept";
  offer: number;
}

export interface Reject {
  type: "reject";
  offer: number;
}

export interface AskIceServers {
  type: "ask_ice_servers";
}

export interface MediaOffer {
  type: "media_offer";
  contact: string;
  sdp: string;
}

export interface MediaUpdate {
  type: "media_update";
  contact: string;
  sdp: string;
  key: number;
}

export interface MediaKeep {
  type: "media_keep";
  contact: string;
}

export interface ShareVideo {
  type: "share_video";
  contact: string;
  source: VideoSource;
}

export type VideoSource = "camera" | "screen";

export interface Hold {
  type: "hold";
  contact: string;
}

export interface Resume {
  type: "resume";
  contact: string;
}

export interface PauseRecording {
  type: "pause_recording";
  contact: string;
}

export interface ResumeRecording {
  type: "resume_recording";
  contact: string;
}

export interface HangUp {
  type: "hang_up";
  contact: string;
}

export interface AskTransfer {
  type: "ask_transfer";
  contact: string;
}

export interface Transfer {
  type: "transfer";
  contact: string;
  queue?: string | null;
  agent?: string | null;
}

export interface Write {
  type: "write";
  contact: string;
  text: string;
  key: number;
}

export interface Typing {
  type: "typing";
  contact: string;
  typing: boolean;
}

export interface Outcome {
  type: "outcome";
  contact: string;
  outcome: string;
  note: string;
}

export interface FinishWrapUp {
  type: "finish_wrap_up";
  contact: string;
}

export interface Desk {
  type: "desk";
  now_ms: number;
  agent: string;
  agent_name: string;
  company: string;
  line_chars_max: number;
  state: StateInfo;
  queues: QueueInfo[];
  offer: OfferInfo | null;
  contacts: ContactInfo[];
}

export interface StateInfo {
  state: AgentState;
  reason: string;
  since_ms: number;
  until_ms: number | null;
}

export type AgentState = "signed_out" | "available" | "offered" | "busy" | "wrap_up" | "paused" | "not_responding";

export interface QueueInfo {
  name: string;
  title: string;
  outcomes: string[];
  waiting: number;
  longest_since_ms: number | null;
  open: boolean;
}

export interface OfferInfo {
  offer: number;
  contact: string;
  channel: Channel;
  queue: string;
  queue_title: string;
  customer_name: string;
  customer_address: string;
  waiting_since_ms: number;
  offered_ms: number;
  expires_ms: number;
  why: string;
}

export type Channel = "phone" | "web_call" | "chat";

export interface ContactInfo {
  contact: string;
  channel: Channel;
  queue: string;
  queue_title: string;
  customer_name: string;
  customer_address: string;
  state: ContactState;
  opened_ms: number;
  answered_ms: number | null;
  until_ms: number | null;
  customer_connected: boolean;
  outcomes: string[];
  outcome: string | null;
  media: MediaPlace;
  video: VideoInfo;
  recording: RecordingState;
}

export type ContactState = "connecting" | "talking" | "held" | "parted" | "wrap_up";

export type MediaPlace = "nowhere" | "here" | "elsewhere";

export interface VideoInfo {
  allowed: boolean;
  own: VideoSource | null;
  other: VideoSource | null;
}

export type RecordingState = "off" | "on" | "paused" | "failed";

export interface AgentStateShown {
  type: "agent_state";
  state: StateInfo;
}

export interface OfferRinging {
  type: "offer_ringing";
  offer: OfferInfo;
}

export interface OfferClosedShown {
  type: "offer_closed";
  offer: number;
  contact: string;
  end: OfferEnd;
}

export type OfferEnd = "accepted" | "rejected" | "expired" | "revoked";

export interface ContactShown {
  type: "contact";
  contact: ContactInfo;
}

export interface ContactGone {
  type: "contact_gone";
  contact: string;
}

export interface TransferTargets {
  type: "transfer_targets";
  contact: string;
  queues: Target[];
  agents: Colleague[];
}

export interface Target {
  name: string;
  title: string;
}

export interface Colleague {
  name: string;
  title: string;
  state: AgentState;
}

export interface Transcript {
  type: "transcript";
  contact: string;
  lines: Line[];
}

export interface Line {
  line: number;
  author: Party;
  name: string;
  text: string;
  at_ms: number;
}

export type Party = "customer" | "agent" | "system";

export interface ChatLine {
  type: "line";
  contact: string;
  line: Line;
}

export interface LineStored {
  type: "line_stored";
  contact: string;
  key: number;
  line: number;
}

export interface TypingShown {
  type: "typing";
  contact: string;
  typing: boolean;
}

export interface QueueCounts {
  type: "queues";
  queues: QueueInfo[];
}

export interface RecordingReady {
  type: "recording_ready";
  contact: string;
  recording: string;
  duration_ms: number;
}

export interface Pong {
  type: "pong";
}

export interface IceServers {
  type: "ice_servers";
  servers: IceServer[];
  relay_only: boolean;
}

export interface IceServer {
  urls: string[];
  username?: string | null;
  credential?: string | null;
}

export interface MediaAnswer {
  type: "media_answer";
  contact: string;
  sdp: string;
  key: number | null;
}

export interface MediaMoved {
  type: "media_moved";
  contact: string;
}

export interface ErrorFrame {
  type: "error";
  error: string;
  where: string;
  what_to_do: string;
  kind: string;
  contact?: string | null;
  key?: number | null;
}

export interface Hello {
  type: "hello";
  token?: string | null;
  page?: string;
  has_call?: boolean;
}

export interface Call {
  type: "call";
  sdp: string;
  name?: string;
  queue?: string | null;
}

export interface CallUpdate {
  type: "call_update";
  sdp: string;
  key: number;
}

export interface VisitorShareVideo {
  type: "share_video";
  source: VideoSource;
}

export interface VisitorHangUp {
  type: "hang_up";
}

export interface Digit {
  type: "digit";
  digit: string;
}

export interface ChatStart {
  type: "chat_start";
  text: string;
  key: number;
  name?: string;
  queue?: string | null;
}

export interface VisitorWrite {
  type: "write";
  text: string;
  key: number;
}

export interface VisitorTyping {
  type: "typing";
  typing: boolean;
}

export interface Leave {
  type: "leave";
}

export interface Welcome {
  type: "welcome";
  now_ms: number;
  token: string;
  company: string;
  call_open: boolean;
  chat_open: boolean;
  line_chars_max: number;
}

export interface ChannelsShown {
  type: "channels";
  call_open: boolean;
  chat_open: boolean;
}

export interface CallAnswer {
  type: "call_answer";
  sdp: string;
  key: number | null;
}

export interface CallShown {
  type: "call_state";
  contact: string | null;
  state: VisitorState;
  position: number | null;
  agent_name: string | null;
  by: Party | null;
  cause: EndCause | null;
  message: string;
  video: VideoInfo;
}

export type VisitorState = "connecting" | "queued" | "talking" | "held" | "ended";

export type EndCause = "hung_up" | "abandoned" | "connection_lost" | "rejected" | "shutdown" | "restart" | "failed";

export interface ChatShown {
  type: "chat_state";
  contact: string;
  state: VisitorState;
  position: number | null;
  agent_name: string | null;
  by: Party | null;
  cause: EndCause | null;
}

export interface LoginRequest {
  login: string;
  password: string;
}

export interface SignedIn {
  agent: string;
  name: string;
  company: string;
}

export interface ContactList {
  contacts: ContactSummary[];
}

export interface ContactSummary {
  contact: string;
  channel: Channel;
  queue: string;
  queue_title: string;
  customer_name: string;
  customer_address: string;
  called: string;
  opened_ms: number;
  answered_ms: number | null;
  ended_ms: number | null;
  ended_by: Party | null;
  end_cause: EndCause | null;
  agent: string | null;
  agent_name: string | null;
  outcome: string | null;
  note: string | null;
  customer_opinion: number | null;
  agent_opinion: number | null;
}

export interface ContactDetail {
  summary: ContactSummary;
  timeline: TimelineEntry[];
  transcript: Line[];
  recordings: Recording[];
}

export interface TimelineEntry {
  at_ms: number;
  kind: string;
  by: Party | null;
  agent_name: string | null;
  detail: string | null;
  text: string | null;
}

export interface Recording {
  recording: string;
  agent_name: string | null;
  duration_ms: number;
  size_bytes: number;
  address: string;
}

export type AgentRequest =
  | Ping
  | Ready
  | Pause
  | SignOut
  | Accept
  | Reject
  | AskIceServers
  | MediaOffer
  | MediaUpdate
  | MediaKeep
  | ShareVideo
  | Hold
  | Resume
  | PauseRecording
  | ResumeRecording
  | HangUp
  | AskTransfer
  | Transfer
  | Write
  | Typing
  | Outcome
  | FinishWrapUp;

export type AgentFrame =
  | Desk
  | AgentStateShown
  | OfferRinging
  | OfferClosedShown
  | ContactShown
  | ContactGone
  | TransferTargets
  | Transcript
  | ChatLine
  | LineStored
  | TypingShown
  | QueueCounts
  | RecordingReady
  | Pong
  | IceServers
  | MediaAnswer
  | MediaMoved
  | ErrorFrame;

export type VisitorRequest =
  | Ping
  | Hello
  | AskIceServers
  | Call
  | CallUpdate
  | VisitorShareVideo
  | VisitorHangUp
  | Digit
  | ChatStart
  | VisitorWrite
  | VisitorTyping
  | Leave;

export type VisitorFrame =
  | Welcome
  | ChannelsShown
  | Pong
  | IceServers
  | CallAnswer
  | CallShown
  | ChatShown
  | Transcript
  | ChatLine
  | LineStored
  | TypingShown
  | ErrorFrame;
