"""The stage: the configuration with what the demo adds to it, the folder it may use, and what the players are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from gateway.config.schema import AgentConfig, Config, QueueConfig, TrunkConfig
from gateway.model.errors import InternalError
from gateway.model.ids import AgentId, Channel, QueueName

ROBOTS = (("robin", "Robin (demo)"), ("kim", "Kim (demo)"))
MARKER = "demo"
"""A file in the data folder that says: what is in here was played."""
LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "")


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    login: AgentId
    password: str


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the players know: addresses, as a carrier, a web site and an agent would, and the robots' passwords."""

    web: str
    """http://host:port"""
    sip: tuple[str, int]
    address: str
    """The players' own, for SIP and sound."""
    numbers: list[str]
    call_queues: list[QueueName]
    chat_queues: list[QueueName]
    robots: list[Robot]
    seconds: float | None
    """How long it goes on; None: until told."""


def with_robots(config: Config, directory: Path | None) -> tuple[Config, list[AgentId]]:
    """The configuration with two more agents, who serve every queue, and a trunk for the players' carrier.

    ``directory`` replaces the data folder.  Returns the robots' logins, too: others than usual where those are taken.
    """
    taken = {agent.login for agent in config.agents}
    queues = [queue.name for queue in config.queues]
    skills = sorted({skill for queue in config.queues for skill in queue.skills})
    robots = []
    for login, name in ROBOTS:
        free = AgentId(login)
        while free in taken:
            free = AgentId(f"{free}-robot")
        taken.add(free)
        robots.append(AgentConfig(login=free, name=name, queues=queues, skills=skills))
    storage = config.storage
    if directory is not None:
        storage = msgspec.structs.replace(storage, directory=str(directory))
    return (
        msgspec.structs.replace(
            config,
            agents=[*config.agents, *robots],
            trunks=[*config.trunks, TrunkConfig(name=_free_name(config), networks=[own_address(config)])],
            storage=storage,
        ),
        [robot.login for robot in robots],
    )


def _free_name(config: Config) -> str:
    name = "demo"
    while name in {trunk.name for trunk in config.trunks}:
        name += " carrier"
    return name


def own_address(config: Config) -> str:
    """The address that the players call from: Zentrale's own, so that it also works without a network."""
    return LOOPBACK if config.sip.address in EVERYWHERE else config.sip.address


def reachable(address: str) -> tuple[str, int]:
    """Take "host:port" apart; "everywhere" is reached at the loopback."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return (LOOPBACK if host in EVERYWHERE else host), int(port)


def queues_for(config: Config, channel: Channel) -> list[QueueName]:
    def takes(queue: QueueConfig) -> bool:
        return channel in queue.channels

    return [queue.name for queue in config.queues if takes(queue)]


@contextmanager
def data_folder(config: Config, config_file: Path | None) -> Iterator[Path | None]:
    """The folder for what is played: a temporary one for the built-in configuration, None for the configured one.

    A configured folder is marked as the demo's.  Raises `InternalError` when it holds real contacts.
    """
    if config_file is None:
        with TemporaryDirectory(prefix="zentrale-demo-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    directory = Path(config.storage.directory)
    if (directory / "zentrale.db").exists() and not (directory / MARKER).exists():
        raise InternalError(
            f"storage.directory {directory} in {config_file} holds the data of a real Zentrale, and the demo would mix "
            "played contacts with it; give a copy of the file with another folder"
        )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / MARKER).write_text("All contacts in this folder were made by `zentrale demo`.\n")
    except OSError as error:
        raise InternalError(
            f"storage.directory {directory} can't be used: {(error.strerror or str(error)).lower()}; "
            "correct the path or its permissions"
        ) from error
    yield None
