"""The shape of the configuration: one Struct per TOML table, with defaults, limits and the words of the reference.

The text under each field is its documentation: ``tools/make_config_reference.py`` turns this module into
``docs/reference/configuration.md``.  Limits of single values stand here as `msgspec.Meta`; what concerns several values
at once is in `gateway.config.crosscheck`; the tables of the distribution are in `gateway.config.distribution`.  Units
come last in a name (``_ms``, ``_hours``).
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from gateway.config.distribution import (
    DistributionConfig,
    HoursConfig,
    LaneConfig,
    Needs,
    OrderConfig,
    OverflowConfig,
    SplitConfig,
    StepConfig,
    Strategy,
)
from gateway.config.values import (
    DayMs,
    IceUrl,
    Login,
    PhoneNumber,
    Port,
    QueueKey,
    Skill,
    SoundName,
    Table,
    Text,
    Topic,
)
from gateway.model.ids import Channel, Codec, VideoCodec
from gateway.model.tones import Country

SrtpSuite = Literal[
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AEAD_AES_256_GCM",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AES_256_CM_HMAC_SHA1_32",
]


class ServerConfig(Table, frozen=True, kw_only=True):
    """What the installation calls itself."""

    name: Text = "Zentrale"
    """Shown in page titles and in the log."""


class SipConfig(Table, frozen=True, kw_only=True):
    """Where telephone carriers and PBXs reach Zentrale."""

    address: str = "127.0.0.1"
    """IP address to listen on, UDP and TCP. `0.0.0.0` is every IPv4 address of the machine."""
    port: Port = 5060
    """Port for UDP and TCP; 0 lets the system choose one."""
    strangers: Literal["silence", "forbid"] = "silence"
    """What a request from outside all trunks gets: no answer at all, or `403 Forbidden`."""
    user_agent: Text = "Zentrale"
    """Value of the User-Agent and Server headers."""


class TrunkConfig(Table, frozen=True, kw_only=True):
    """One carrier or PBX that may send calls: `[[trunks]]`, once for each. Without any, no telephone call gets in."""

    name: Text
    """Name in logs and pages; unique."""
    networks: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    """Source networks in CIDR notation, such as `"192.0.2.0/24"` or `"2001:db8::1/128"`."""
    srtp: Literal["no", "optional", "required"] = "no"
    """Encrypted sound with keys in the SDP (SDES, RFC 4568): never; where the other side offers it, as RTP/SAVP or as
    `a=crypto` in RTP/AVP; or nothing else. The keys are as secret as the SIP that carries them."""
    srtp_suites: Annotated[list[SrtpSuite], Meta(min_length=1, max_length=6)] = msgspec.field(
        default_factory=lambda: list(get_args(SrtpSuite))
    )
    """Crypto suites that are taken, and the order in which ours are offered."""
    codecs: Annotated[list[Codec], Meta(max_length=4)] = msgspec.field(default_factory=list)
    """Codecs to use, the best liked first, whatever the other side's order is; left out: all, in the other side's
    order. The agent's browser speaks the same one, so that nothing is transcoded; `g722` and `opus` sound wider."""
    dtmf: Literal["auto", "info", "inband"] = "auto"
    """How digits go to this trunk: as telephone-events (RFC 4733), or as tones where those were not agreed on; by SIP
    INFO; or as tones always. Digits from it are understood as telephone-events and by INFO; as tones with `inband`, and
    where there are no telephone-events in G.711."""
    nat: bool = False
    """The other side may be behind a NAT: its RTP is taken from the address and port that the first good packet comes
    from, if that is the address of the SDP or of the SIP; then from nowhere else. Without it, only from the address and
    port of the SDP."""


class MediaConfig(Table, frozen=True, kw_only=True):
    """Where sound flows."""

    address: str | None = None
    """One IP address that RTP and browser audio use: short for `addresses` with one."""
    public_address: str | None = None
    """One IP address told to the other side: short for `public_addresses` with one."""
    addresses: Annotated[list[str], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """IP addresses that RTP and browser audio use, IPv4 and IPv6, the preferred first; `["127.0.0.1"]` if left out.
    `0.0.0.0` and `::` are those that the machine has when Zentrale starts. A telephone call uses the first one of the
    carrier's family."""
    public_addresses: Annotated[list[str], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """IP addresses told to the other side in place of `addresses`, behind a NAT that maps each of them one to one. The
    first of a family stands for the first of `addresses` of that family, and so on. Name one of `addresses` here to
    tell it, too. A telephone call of a family that has none is told the address that it uses."""
    rtp_ports: tuple[Port, Port] = (20000, 23999)
    """First (even) and last (odd) UDP port for telephone legs; each call takes two."""
    webrtc_port: Port = 0
    """UDP port that all browsers share; 0 lets the system choose one."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    """Media threads; one serves a few hundred calls. With more than one and a fixed `webrtc_port`, thread n uses
    `webrtc_port` + n."""
    priority: Literal["nice", "realtime"] = "nice"
    """How the media threads get before other programs. `nice`: by a larger share of the processor (nice -15).
    `realtime`: always (`SCHED_RR`), which makes the latest packets earlier on a busy machine and costs up to a quarter
    more processor time per relayed call; see
    [how to allow it](../howto/configure.md#real-time-priority-for-sound). Refused, the threads stay at nice, and the
    log says so."""
    consent_ms: Annotated[int, Meta(ge=1000, le=30000)] = 15000
    """A browser that sends no ICE consent check for this long has fallen silent (RFC 7675 allows 30 s at most)."""
    restart_ms: Annotated[int, Meta(ge=0, le=120_000)] = 10000
    """A browser that fell silent in a call may come back for this long after `consent_ms`, from another network too
    (ICE restart, from each of which the time begins anew, up to four times as long); then its call is lost.
    0: at once."""
    quality_ms: Annotated[int, Meta(ge=0, le=600_000)] = 10000
    """How often loss, jitter, round trip and opinion score (MOS) of each leg are measured; 0: never."""
    silence_alarm_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 60000
    """Nothing to be heard from one side of a conversation for so long is noted in log and timeline; 0: never."""
    one_way_alarm_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 10000
    """The same when no packets come from one side, while they do from the other."""
    video_codecs: Annotated[list[VideoCodec], Meta(min_length=1, max_length=2)] = msgspec.field(
        default_factory=lambda: list(VideoCodec)
    )
    """Codecs of pictures in browser calls, the preferred one first. All browsers have both; they are passed on as they
    are."""
    sounds: str | None = None
    """Folder with more sounds as WAV or Ogg Opus; `welcome.wav` or `welcome.opus` is the sound `welcome`. It wins over
    one that comes with Zentrale; so does `de/minutes.opus` over one of the words that announcements are made of."""
    tones: Country = "de"
    """Country whose call progress tones are the sounds `ringback`, `busy`, `congestion` and `call_waiting`."""
    opus_complexity: Annotated[int, Meta(ge=0, le=10)] = 3
    """How hard the Opus encoder tries where a call is transcoded: 5 sounds a little better than 3 and takes half as
    much time again, 10 hardly better than 5 in nearly twice its time."""
    opus_bitrate: Annotated[int, Meta(ge=6000, le=128_000)] | None = None
    """Bits per second of Opus that is encoded here; left out: 24000 beside `pcma`, `pcmu` and `g722`, else 32000."""
    opus_dtx: bool = False
    """Send next to nothing while nobody speaks, to those who ask for it (usedtx)."""

    @property
    def bound(self) -> list[str]:
        """`addresses`, in whichever way they were given."""
        return self.addresses or [self.address or "127.0.0.1"]

    @property
    def told(self) -> list[str]:
        """`public_addresses`, in whichever way they were given; empty: what is bound."""
        return self.public_addresses or ([self.public_address] if self.public_address else [])


class TurnConfig(Table, frozen=True, kw_only=True):
    """A TURN server of yours (such as coturn), for browsers whose firewall lets no UDP through to `media`. Without
    `urls` browsers connect directly, which suffices for most."""

    urls: Annotated[list[IceUrl], Meta(max_length=8)] = msgspec.field(default_factory=list)
    """Where browsers reach it, such as `"turn:turn.example.org:3478?transport=udp"` and
    `"turns:turn.example.org:443?transport=tcp"` (RFC 7065); `stun:` is possible, too, and seldom needed."""
    secret: Annotated[str, Meta(max_length=200)] = ""
    """What it shares with Zentrale: coturn's `static-auth-secret`, with `use-auth-secret`. Pages get credentials that
    are made of it and expire, never itself."""
    credentials_s: Annotated[int, Meta(ge=60, le=86_400)] = 3600
    """How many seconds those are good for; a call that has begun goes on."""
    relay_only: bool = False
    """Send all sound of browsers through it, even where it could go directly: to try it out."""


class WebConfig(Table, frozen=True, kw_only=True):
    """Where browsers reach Zentrale. Browsers give a microphone to `https` pages and to `localhost` only: put a TLS
    proxy in front for everything else."""

    address: str = "127.0.0.1"
    """IP address to listen on."""
    port: Port = 8080
    """TCP port; 0 lets the system choose one."""
    cookie_secure: bool = False
    """Send the sign-in cookie over https only. Set it to true behind a TLS proxy."""
    session_hours: Annotated[int, Meta(ge=1, le=720)] = 12
    """An agent signs in again after this long."""


class StorageConfig(Table, frozen=True, kw_only=True):
    """Where contacts, recordings and transcripts are kept."""

    directory: Annotated[str, Meta(min_length=1)] = "var"
    """Folder for the database (`zentrale.db`), `recordings/`, `captures/` and the distributor's `journal/` (at most
    2 GB); made if missing. A relative path starts at the folder of the configuration file, or at the working directory
    for the built-in configuration."""


class QueueConfig(Table, frozen=True, kw_only=True):
    """One line of waiting contacts: `[[queues]]`, once for each; at least one."""

    name: QueueKey
    """Short unique name: letters, digits and `_ . -`."""
    title: Text
    """Name that people read."""
    channels: Annotated[list[Channel], Meta(min_length=1, max_length=3)] = msgspec.field(
        default_factory=lambda: list(Channel)
    )
    """Ways in. Web visitors may choose a queue only for the channels listed."""
    skills: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """Skills that an agent must have, all of them, to be offered a contact of this queue."""
    offer_ms: Annotated[int, Meta(ge=1000, le=600_000)] = 20000
    """How long it rings at one agent before the next one is asked."""
    wrap_up_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 30000
    """Time for notes after a contact; 0 for none."""
    greeting: SoundName = "greeting"
    """Sound that a caller hears first."""
    music: SoundName = "music"
    """Sound that is repeated while waiting and on hold."""
    playlist: Annotated[list[SoundName], Meta(max_length=63)] = msgspec.field(default_factory=list)
    """Sounds that follow `music`, in this order, before it begins anew."""
    announce_position_every_ms: DayMs = 0
    """Who waits by telephone or browser call is told their place in the queue this often, at least 10000 ms apart; 0:
    never. The music fades out for it and then goes on where it was."""
    announce_language: Literal["de", "en"] = "en"
    """German or English."""
    announce_wait: bool = False
    """Tell the estimated waiting time, too: `handle_ms` for each contact up to this one, over the agents at work."""
    outcomes: Annotated[list[Text], Meta(min_length=1, max_length=50)] = msgspec.field(
        default_factory=lambda: ["solved", "callback", "not solved"]
    )
    """Outcomes that the agent may choose from in wrap-up."""
    reconnect_ms: Annotated[int, Meta(ge=0, le=600_000)] = 10000
    """How long a lost connection of the agent or of a chat visitor may take to come back before the contact goes on
    without it."""
    record: bool = True
    """Record conversations in sound."""
    digits: Literal["pass", "block"] = "pass"
    """Keys that the customer presses in a conversation: heard by the agent, recorded and noted, or (card numbers) kept
    from all three."""
    video: bool = False
    """In browser calls visitor and agent may show each other their camera or screen, each by their own choice. Pictures
    are never recorded."""
    needs: Needs = msgspec.field(default_factory=list)
    """More that an agent must have, all of it: `"german>=50"` is a skill at a level, `"billing | tariffs>=20"` either
    of two."""
    strategy: Strategy = "longest_idle"
    """Which of the agents who can: the longest idle, the least occupied share of capacity, the most skilled in what is
    asked for, the least skilled that suffices, in turn, by lot (`weight`), or the highest expected `success` (`scores`
    for the `topic`)."""
    topic: Topic | None = None
    """What it is about, for the strategy `success`."""
    order: OrderConfig = msgspec.field(default_factory=OrderConfig)
    """Which contact first."""
    priority: Annotated[int, Meta(ge=0, le=100)] = 0
    """Level of the contacts that arrive here; what a level is worth is said by `order`."""
    steps: Annotated[list[StepConfig], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """What is asked for with longer waiting."""
    overflow: Annotated[list[OverflowConfig], Meta(max_length=5)] = msgspec.field(default_factory=list)
    """When contacts go on to another queue."""
    splits: Annotated[list[SplitConfig], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """Shares that go to other queues on arrival."""
    broadcast: Annotated[int, Meta(ge=1, le=32)] = 1
    """At how many agents a contact rings at once; the first answer wins."""
    return_ms: DayMs = 0
    """After this an agent who did not answer is available again by itself; 0: only when they say so."""
    handle_ms: DayMs = 0
    """How long a contact takes on average; for `estimate` and `generalised_cmu`."""
    hours: HoursConfig | None = None
    """Opening hours; without them the queue is always open."""
    last_agent_hours: Annotated[int, Meta(ge=0, le=87_600)] = 0
    """Who comes back within so many hours is kept for the agent of this queue who spoke with them last; 0: not."""
    last_agent_wait_ms: DayMs = 15000
    """How long a contact waits for that agent alone, while they are at work; 0: they merely come first if free."""
    transfer_wait_ms: DayMs = 60000
    """How long a contact that is transferred to an agent waits for them alone; then all who can may take it."""
    other_channel_hours: Annotated[int, Meta(ge=0, le=87_600)] = 0
    """Who was here on another channel within so many hours gets `other_channel_bonus_ms`; 0: nobody."""
    other_channel_bonus_ms: DayMs = 300_000
    """As if they had waited so much longer."""


class NumberConfig(Table, frozen=True, kw_only=True):
    """One number that can be dialled: `[[numbers]]`, once for each."""

    number: PhoneNumber
    """User part of the SIP address that the carrier calls, exactly as it sends it, such as `"+4930123456"`."""
    queue: QueueKey
    """Name of the queue that the call goes to."""
    priority: Annotated[int, Meta(ge=0, le=100)] | None = None
    """Level of priority in place of the queue's."""
    needs: Needs = msgspec.field(default_factory=list)
    """What an agent must have for calls to this number beside what the queue asks for, such as `"language:fr"`."""
    topic: Topic | None = None
    """In place of the queue's."""


class AgentConfig(Table, frozen=True, kw_only=True):
    """One person who takes contacts: `[[agents]]`, once for each; at least one. Passwords are not kept here."""

    login: Login
    """Unique name for signing in: letters, digits and `_ . @ + -`."""
    name: Text
    """Name that visitors and colleagues read."""
    queues: Annotated[list[QueueKey], Meta(min_length=1, max_length=1000)]
    """Queues that the agent serves."""
    skills: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """What the agent can do; compared with the skills that a queue requires. All of them at level 100."""
    levels: Annotated[dict[Skill, Annotated[int, Meta(ge=0, le=100)]], Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )
    """Skills at another level: `levels = { german = 60 }`."""
    lanes: Annotated[list[LaneConfig], Meta(max_length=4)] = msgspec.field(default_factory=list)
    """Several contacts in hand."""
    capacity: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """What the weights of contacts in hand add up to at most; left out: as much as the fullest lane takes."""
    wrap_up_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None
    """In place of the queue's."""
    weight: Annotated[int, Meta(ge=1, le=20)] = 1
    """Lots in the strategy `random`."""
    scores: Annotated[dict[Topic, Annotated[int, Meta(ge=0, le=1000)]], Meta(max_length=200)] = msgspec.field(
        default_factory=dict
    )
    """Expected success by topic, in permille, for the strategy `success`."""


class LimitsConfig(Table, frozen=True, kw_only=True):
    """Where Zentrale says "not now" rather than serve everybody badly. The name of a limit appears in the answer and in
    the log when it is reached."""

    calls_max: Annotated[int, Meta(ge=1, le=20_000)] = 500
    """Telephone and browser calls at once; more get 503."""
    chats_max: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    """Chats at once."""
    contacts_per_visitor_max: Annotated[int, Meta(ge=1, le=1000)] = 3
    """Open contacts of one web visitor."""
    chat_line_chars_max: Annotated[int, Meta(ge=1, le=16_000)] = 4000
    """Characters in one chat line."""
    chat_lines_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 2000
    """Lines in one chat."""
    pages_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 2000
    """Pages of visitors connected at once (WebSockets), and as many of agents."""
    login_attempts_per_minute: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """Sign-in attempts per minute from one address, and for one agent."""
    events_waiting_max: Annotated[int, Meta(ge=100, le=10_000_000)] = 10000
    """Events that wait to be written to the database; past that new contacts are refused."""


class Config(Table, frozen=True, kw_only=True):
    """The whole file. Every table may be left out but `[[queues]]` and `[[agents]]`."""

    server: ServerConfig = msgspec.field(default_factory=ServerConfig)
    sip: SipConfig = msgspec.field(default_factory=SipConfig)
    trunks: Annotated[list[TrunkConfig], Meta(max_length=1000)] = msgspec.field(default_factory=list)
    media: MediaConfig = msgspec.field(default_factory=MediaConfig)
    turn: TurnConfig = msgspec.field(default_factory=TurnConfig)
    web: WebConfig = msgspec.field(default_factory=WebConfig)
    storage: StorageConfig = msgspec.field(default_factory=StorageConfig)
    queues: Annotated[list[QueueConfig], Meta(min_length=1, max_length=1000)]
    numbers: Annotated[list[NumberConfig], Meta(max_length=100_000)] = msgspec.field(default_factory=list)
    agents: Annotated[list[AgentConfig], Meta(min_length=1, max_length=100_000)]
    distribution: DistributionConfig = msgspec.field(default_factory=DistributionConfig)
    limits: LimitsConfig = msgspec.field(default_factory=LimitsConfig)
