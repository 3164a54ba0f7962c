"""The shape of the configuration: one Struct per TOML table, with defaults, limits and the words of the reference.

The text under each field is its documentation: ``tools/make_config_reference.py`` turns this module into
``docs/reference/configuration.md``.  Limits of single values stand here as `msgspec.Meta`; what concerns several values
at once is in `gateway.config.crosscheck`.  Units come last in a name (``_ms``, ``_hours``).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.model.ids import AgentId, Channel, QueueName

Port = Annotated[int, Meta(ge=0, le=65535)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
SoundName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*\Z", max_length=64, extra={"rule": "letters, digits, _ and - only"}),
]
Skill = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . : - only"}),
]
QueueKey = Annotated[
    QueueName,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . - only"}),
]
Login = Annotated[
    AgentId,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@+-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . @ + - only"}
    ),
]
PhoneNumber = Annotated[
    str,
    Meta(
        pattern=r"^\+?[A-Za-z0-9*#][A-Za-z0-9*#._-]*\Z",
        max_length=64,
        extra={"rule": "digits, letters and * # . _ - only, with a + in front if the carrier sends it"},
    ),
]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables: unknown keys are mistakes, and a loaded configuration never changes."""


class ServerConfig(_Table, frozen=True, kw_only=True):
    """What the installation calls itself."""

    name: Text = "Zentrale"
    """Shown in page titles and in the log."""


class SipConfig(_Table, frozen=True, kw_only=True):
    """Where telephone carriers and PBXs reach Zentrale."""

    address: str = "127.0.0.1"
    """IP address to listen on, UDP and TCP. `0.0.0.0` is every IPv4 address of the machine."""
    port: Port = 5060
    """Port for UDP and TCP; 0 lets the system choose one."""
    strangers: Literal["silence", "forbid"] = "silence"
    """What a request from outside all trunks gets: no answer at all, or `403 Forbidden`."""
    user_agent: Text = "Zentrale"
    """Value of the User-Agent and Server headers."""


class TrunkConfig(_Table, frozen=True, kw_only=True):
    """One carrier or PBX that may send calls: `[[trunks]]`, once for each. Without any, no telephone call gets in."""

    name: Text
    """Name in logs and pages; unique."""
    networks: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    """Source networks in CIDR notation, such as `"192.0.2.0/24"` or `"2001:db8::1/128"`."""


class MediaConfig(_Table, frozen=True, kw_only=True):
    """Where sound flows."""

    address: str = "127.0.0.1"
    """IP address that RTP and browser audio use."""
    public_address: str | None = None
    """IP address told to the other side, when it differs from `address` (NAT, or `address` is `0.0.0.0`)."""
    rtp_ports: tuple[Port, Port] = (20000, 23999)
    """First (even) and last (odd) UDP port for telephone legs; each call takes two."""
    webrtc_port: Port = 0
    """UDP port that all browsers share; 0 lets the system choose one."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    """Media threads; one serves a few hundred calls. With more than one and a fixed `webrtc_port`, thread n uses
    `webrtc_port` + n."""
    consent_ms: Annotated[int, Meta(ge=1000, le=30000)] = 15000
    """A browser that sends no ICE consent check for this long has gone (RFC 7675 allows 30 s at most)."""
    sounds: str | None = None
    """Folder with more WAV files; `welcome.wav` is the sound `welcome`. It wins over one that comes with Zentrale."""


class WebConfig(_Table, frozen=True, kw_only=True):
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


class StorageConfig(_Table, frozen=True, kw_only=True):
    """Where contacts, recordings and transcripts are kept."""

    directory: Annotated[str, Meta(min_length=1)] = "var"
    """Folder for the database (`zentrale.db`), `recordings/` and `captures/`; made if missing. A relative path starts
    at the folder of the configuration file, or at the working directory for the built-in configuration."""


class QueueConfig(_Table, frozen=True, kw_only=True):
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
    outcomes: Annotated[list[Text], Meta(min_length=1, max_length=50)] = msgspec.field(
        default_factory=lambda: ["solved", "callback", "not solved"]
    )
    """Outcomes that the agent may choose from in wrap-up."""
    reconnect_ms: Annotated[int, Meta(ge=0, le=600_000)] = 10000
    """How long a lost connection of the agent or of a chat visitor may take to come back before the contact goes on
    without it."""
    record: bool = True
    """Record conversations in sound."""


class NumberConfig(_Table, frozen=True, kw_only=True):
    """One number that can be dialled: `[[numbers]]`, once for each."""

    number: PhoneNumber
    """User part of the SIP address that the carrier calls, exactly as it sends it, such as `"+4930123456"`."""
    queue: QueueKey
    """Name of the queue that the call goes to."""


class AgentConfig(_Table, frozen=True, kw_only=True):
    """One person who takes contacts: `[[agents]]`, once for each; at least one. Passwords are not kept here."""

    login: Login
    """Unique name for signing in: letters, digits and `_ . @ + -`."""
    name: Text
    """Name that visitors and colleagues read."""
    queues: Annotated[list[QueueKey], Meta(min_length=1, max_length=1000)]
    """Queues that the agent serves."""
    skills: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """What the agent can do; compared with the skills that a queue requires."""


class LimitsConfig(_Table, frozen=True, kw_only=True):
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


class Config(_Table, frozen=True, kw_only=True):
    """The whole file. Every table may be left out but `[[queues]]` and `[[agents]]`."""

    server: ServerConfig = msgspec.field(default_factory=ServerConfig)
    sip: SipConfig = msgspec.field(default_factory=SipConfig)
    trunks: Annotated[list[TrunkConfig], Meta(max_length=1000)] = msgspec.field(default_factory=list)
    media: MediaConfig = msgspec.field(default_factory=MediaConfig)
    web: WebConfig = msgspec.field(default_factory=WebConfig)
    storage: StorageConfig = msgspec.field(default_factory=StorageConfig)
    queues: Annotated[list[QueueConfig], Meta(min_length=1, max_length=1000)]
    numbers: Annotated[list[NumberConfig], Meta(max_length=100_000)] = msgspec.field(default_factory=list)
    agents: Annotated[list[AgentConfig], Meta(min_length=1, max_length=100_000)]
    limits: LimitsConfig = msgspec.field(default_factory=LimitsConfig)
