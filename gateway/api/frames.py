"""Every frame that a page and Zentrale may send each other over a WebSocket, defined once.

A frame is one JSON object; its ``type`` names the struct.  ``ui/src/frames.ts`` is generated from this module by
``tools/make_frames_ts.py``, and a test holds the two together.  Times are milliseconds since the Unix epoch on the
server's clock (``_ms``): nanoseconds do not fit into a JavaScript number, and a page learns the offset of its own clock
from ``now_ms`` of the first frame.  Four unions name who may send what: `AgentRequest`, `AgentFrame`, `VisitorRequest`
and `VisitorFrame`.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from gateway.model.events import AgentState, EndCause, OfferEnd, Party, VideoSource
from gateway.model.ids import Channel
from gateway.session.states import RecordingState

Sdp = Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=16_000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Name = Annotated[str, msgspec.Meta(max_length=80)]
ContactRef = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Key = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""A number that the page gives a line, so that it recognises the answer to it."""


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """Base of all frames."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what frames are made of."""


class ContactState(enum.StrEnum):
    """What an agent's page shows of a contact in hand."""

    CONNECTING = "connecting"
    """Accepted; the agent's audio is on its way."""
    TALKING = "talking"
    HELD = "held"
    PARTED = "parted"
    """The agent's audio went away; the customer hears music until it is back."""
    WRAP_UP = "wrap_up"
    """The customer is gone; an outcome is to be chosen."""


class MediaPlace(enum.StrEnum):
    """Which of the agent's pages has a voice contact's audio."""

    NOWHERE = "nowhere"
    HERE = "here"
    ELSEWHERE = "elsewhere"


class VisitorState(enum.StrEnum):
    """What a visitor's page shows of its call or chat."""

    CONNECTING = "connecting"
    QUEUED = "queued"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


# --- parts -----------------------------------------------------------------------------------------------------------


class QueueInfo(Part, frozen=True, kw_only=True):
    """A queue that the agent serves."""

    name: str
    title: str
    outcomes: list[str]
    waiting: int
    longest_since_ms: int | None
    """Since when the longest waiting contact waits; None when nobody does."""
    open: bool
    """Within its opening hours."""


class StateInfo(Part, frozen=True, kw_only=True):
    state: AgentState
    reason: str
    since_ms: int
    until_ms: int | None
    """When the state ends by itself (wrap-up)."""


class OfferInfo(Part, frozen=True, kw_only=True):
    offer: int
    contact: str
    channel: Channel
    queue: str
    queue_title: str
    customer_name: str
    customer_address: str
    waiting_since_ms: int
    offered_ms: int
    expires_ms: int
    why: str
    """One sentence: why this agent."""


class VideoInfo(Part, frozen=True, kw_only=True):
    """Pictures in a browser call, as the page's own side sees them."""

    allowed: bool
    """Either side may begin to show something now."""
    own: VideoSource | None
    """What this side shows; None: nothing."""
    other: VideoSource | None


class ContactInfo(Part, frozen=True, kw_only=True):
    """A contact in the agent's hands."""

    contact: str
    channel: Channel
    queue: str
    queue_title: str
    customer_name: str
    customer_address: str
    state: ContactState
    opened_ms: int
    answered_ms: int | None
    """When the conversation began."""
    until_ms: int | None
    """When wrap-up ends by itself."""
    customer_connected: bool
    """False while a chat visitor's page is gone and its grace time runs."""
    outcomes: list[str]
    outcome: str | None
    media: MediaPlace
    video: VideoInfo
    recording: RecordingState


class Target(Part, frozen=True, kw_only=True):
    """A queue that a contact may be sent on to."""

    name: str
    title: str


class Colleague(Part, frozen=True, kw_only=True):
    """An agent at work whom a contact may be sent on to."""

    name: str
    """The login."""
    title: str
    state: AgentState


class Line(Part, frozen=True, kw_only=True):
    """One line of a transcript; ``line`` counts from 1, so a page may merge lines from any source."""

    line: int
    author: Party
    name: str
    text: str
    at_ms: int


# --- both directions of both sockets ----------------------------------------------------------------------------------


class Ping(Frame, frozen=True, kw_only=True, tag="ping"):
    """Is the line alive?  A page never sees the pings of the WebSocket itself."""


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to `Ping`."""


class IceServer(Part, frozen=True, kw_only=True):
    """As the browser's ``RTCIceServer``."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class AskIceServers(Frame, frozen=True, kw_only=True, tag="ask_ice_servers"):
    """Before a call's connection is made, or made anew.  `IceServers` answers."""


class IceServers(Frame, frozen=True, kw_only=True, tag="ice_servers"):
    """Relays for this page, with credentials that expire: ask again for each connection."""

    servers: list[IceServer]
    relay_only: bool
    """Sound goes through a relay only (``iceTransportPolicy``)."""


class ErrorFrame(Frame, frozen=True, kw_only=True, tag="error"):
    """A request could not be met. The page goes on, unless the socket is closed after it."""

    error: str
    """What is wrong, for people."""
    where: str
    """The frame, and the field in it, that is meant."""
    what_to_do: str
    kind: str
    """``peer``, ``request``, ``capacity`` or ``internal``."""
    contact: str | None = None
    key: int | None = None


# --- agent's page -> Zentrale -----------------------------------------------------------------------------------------


class Ready(Frame, frozen=True, kw_only=True, tag="ready"):
    pass


class Pause(Frame, frozen=True, kw_only=True, tag="pause"):
    reason: Reason


class SignOut(Frame, frozen=True, kw_only=True, tag="sign_out"):
    pass


class Accept(Frame, frozen=True, kw_only=True, tag="accept"):
    offer: int


class Reject(Frame, frozen=True, kw_only=True, tag="reject"):
    offer: int


class MediaOffer(Frame, frozen=True, kw_only=True, tag="media_offer"):
    """The page's SDP offer for a voice contact; candidates are not needed, ours are in the answer."""

    contact: ContactRef
    sdp: Sdp


class MediaUpdate(Frame, frozen=True, kw_only=True, tag="media_update"):
    """A further offer of the connection that `MediaOffer` began: an ICE restart after a change of network, another
    direction or codec.  The sound goes on; an older `MediaUpdate` that is not answered yet is superseded."""

    contact: ContactRef
    sdp: Sdp
    key: Key
    """Any number; it comes back in the answer."""


class MediaKeep(Frame, frozen=True, kw_only=True, tag="media_keep"):
    """After a reconnect: this page still has the contact's audio."""

    contact: ContactRef


class ShareVideo(Frame, frozen=True, kw_only=True, tag="share_video"):
    """What the pictures of this page show, or will show from the next `MediaUpdate` on."""

    contact: ContactRef
    source: VideoSource


class Hold(Frame, frozen=True, kw_only=True, tag="hold"):
    contact: ContactRef


class Resume(Frame, frozen=True, kw_only=True, tag="resume"):
    contact: ContactRef


class PauseRecording(Frame, frozen=True, kw_only=True, tag="pause_recording"):
    """What is said from here on is not recorded, say while a card's number is read out."""

    contact: ContactRef


class ResumeRecording(Frame, frozen=True, kw_only=True, tag="resume_recording"):
    contact: ContactRef


class HangUp(Frame, frozen=True, kw_only=True, tag="hang_up"):
    """End the conversation: a call or a chat."""

    contact: ContactRef


class Write(Frame, frozen=True, kw_only=True, tag="write"):
    contact: ContactRef
    text: Text
    key: Key


class Typing(Frame, frozen=True, kw_only=True, tag="typing"):
    contact: ContactRef
    typing: bool


class Outcome(Frame, frozen=True, kw_only=True, tag="outcome"):
    contact: ContactRef
    outcome: Annotated[str, msgspec.Meta(max_length=200)]
    note: Annotated[str, msgspec.Meta(max_length=4000)]


class FinishWrapUp(Frame, frozen=True, kw_only=True, tag="finish_wrap_up"):
    contact: ContactRef


class AskTransfer(Frame, frozen=True, kw_only=True, tag="ask_transfer"):
    """Where may this contact be sent on to?  `TransferTargets` answers."""

    contact: ContactRef


class Transfer(Frame, frozen=True, kw_only=True, tag="transfer"):
    """Send the customer on: to the queue, or to the agent; one of the two."""

    contact: ContactRef
    queue: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    agent: Annotated[str, msgspec.Meta(max_length=80)] | None = None


AgentRequest = (
    Ping
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
    | FinishWrapUp
)
"""What an agent's page may send."""


# --- Zentrale -> agent's page -----------------------------------------------------------------------------------------


class Desk(Frame, frozen=True, kw_only=True, tag="desk"):
    """Everything the page shows; the first frame after each connect."""

    now_ms: int
    agent: str
    agent_name: str
    company: str
    line_chars_max: int
    state: StateInfo
    queues: list[QueueInfo]
    offer: OfferInfo | None
    contacts: list[ContactInfo]


class AgentStateShown(Frame, frozen=True, kw_only=True, tag="agent_state"):
    state: StateInfo


class OfferRinging(Frame, frozen=True, kw_only=True, tag="offer_ringing"):
    offer: OfferInfo


class OfferClosedShown(Frame, frozen=True, kw_only=True, tag="offer_closed"):
    offer: int
    contact: str
    end: OfferEnd


class ContactShown(Frame, frozen=True, kw_only=True, tag="contact"):
    contact: ContactInfo


class ContactGone(Frame, frozen=True, kw_only=True, tag="contact_gone"):
    """No longer in the agent's hands."""

    contact: str


class TransferTargets(Frame, frozen=True, kw_only=True, tag="transfer_targets"):
    """The answer to `AskTransfer`."""

    contact: str
    queues: list[Target]
    agents: list[Colleague]


class Transcript(Frame, frozen=True, kw_only=True, tag="transcript"):
    """The lines so far, when a chat comes into hand or the page comes back."""

    contact: str
    lines: list[Line]


class ChatLine(Frame, frozen=True, kw_only=True, tag="line"):
    contact: str
    line: Line


class LineStored(Frame, frozen=True, kw_only=True, tag="line_stored"):
    """The answer to `Write` and `VisitorWrite`: the line is on disk."""

    contact: str
    key: int
    line: int


class TypingShown(Frame, frozen=True, kw_only=True, tag="typing"):
    """The other side is typing, or has stopped."""

    contact: str
    typing: bool


class QueueCounts(Frame, frozen=True, kw_only=True, tag="queues"):
    queues: list[QueueInfo]


class RecordingReady(Frame, frozen=True, kw_only=True, tag="recording_ready"):
    contact: str
    recording: str
    duration_ms: int


class MediaAnswer(Frame, frozen=True, kw_only=True, tag="media_answer"):
    contact: str
    sdp: str
    key: int | None
    """Of the `MediaUpdate` that it answers; None for a `MediaOffer`."""


class MediaMoved(Frame, frozen=True, kw_only=True, tag="media_moved"):
    """Another page of the same agent has taken the contact's audio; this page closes its own."""

    contact: str


AgentFrame = (
    Desk
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
    | ErrorFrame
)
"""What Zentrale sends to an agent's page."""


# --- visitor's page -> Zentrale ---------------------------------------------------------------------------------------


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame of each connection."""

    token: Annotated[str, msgspec.Meta(min_length=43, max_length=43)] | None = None
    """What an earlier `Welcome` gave, None the first time."""
    page: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """The page's address; kept with the contact."""
    has_call: bool = False
    """The page still has the sound of its call: the connection was lost, the page was not reloaded."""


class Call(Frame, frozen=True, kw_only=True, tag="call"):
    sdp: Sdp
    name: Name = ""
    queue: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    """None: the first queue in the configuration that takes web calls."""


class CallUpdate(Frame, frozen=True, kw_only=True, tag="call_update"):
    """A further offer of the call's connection, as `MediaUpdate` of an agent's page."""

    sdp: Sdp
    key: Key


class VisitorShareVideo(Frame, frozen=True, kw_only=True, tag="share_video"):
    """As `ShareVideo` of an agent's page, with `CallUpdate`."""

    source: VideoSource


class VisitorHangUp(Frame, frozen=True, kw_only=True, tag="hang_up"):
    pass


class Digit(Frame, frozen=True, kw_only=True, tag="digit"):
    digit: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-D*#]$")]


class ChatStart(Frame, frozen=True, kw_only=True, tag="chat_start"):
    text: Text
    key: Key
    name: Name = ""
    queue: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class VisitorWrite(Frame, frozen=True, kw_only=True, tag="write"):
    text: Text
    key: Key


class VisitorTyping(Frame, frozen=True, kw_only=True, tag="typing"):
    typing: bool


class Leave(Frame, frozen=True, kw_only=True, tag="leave"):
    """The visitor ends the chat."""


VisitorRequest = (
    Ping
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
    | Leave
)
"""What a visitor's page may send."""


# --- Zentrale -> visitor's page ---------------------------------------------------------------------------------------


class Welcome(Frame, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `Hello`. A call or chat that goes on follows in frames of its own."""

    now_ms: int
    token: str
    company: str
    call_open: bool
    """At least one agent for web calls is signed in and not away."""
    chat_open: bool
    line_chars_max: int


class ChannelsShown(Frame, frozen=True, kw_only=True, tag="channels"):
    call_open: bool
    chat_open: bool


class CallAnswer(Frame, frozen=True, kw_only=True, tag="call_answer"):
    sdp: str
    key: int | None
    """Of the `CallUpdate` that it answers; None for a `Call`."""


class CallShown(Frame, frozen=True, kw_only=True, tag="call_state"):
    contact: str | None
    """None until the sound is connected and the call has become a contact."""
    state: VisitorState
    position: int | None
    """Place in the queue, from 1."""
    agent_name: str | None
    by: Party | None
    cause: EndCause | None
    """Why it ended, once it has."""
    message: str
    """Why the call was refused, for the visitor; else empty."""
    video: VideoInfo


class ChatShown(Frame, frozen=True, kw_only=True, tag="chat_state"):
    contact: str
    state: VisitorState
    position: int | None
    agent_name: str | None
    by: Party | None
    cause: EndCause | None


VisitorFrame = (
    Welcome
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
    | ErrorFrame
)
"""What Zentrale sends to a visitor's page."""
