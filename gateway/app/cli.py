"""The command ``zentrale``: parses its arguments and hands over.  Parts are imported when their command is used, so
that ``--version`` and mistyped commands answer at once."""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

EXIT_CONFIG = 2
EXIT_PIPE = 141
"""What a shell says of a command that SIGPIPE has ended; Python ignores the signal, and writing fails instead."""
DAYS_MAX = 1_000
"""As in a scenario."""
COUNT_MAX = 10_000
SECONDS_MAX = 3_600
"""Of a benchmark; for more there are no ports, or nobody waits."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 wrong use or configuration, 130 interrupted, 141
    nobody reads on)."""
    options = None
    try:
        try:
            options = _parser().parse_args(arguments)
            return int(options.run(options))
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, and not when Python ends and can do nothing but complain
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # A pipe may break anywhere in a server, and its traceback is wanted.
        if (options is not None and options.run is _serve) or not _drop_unread():
            raise
        return EXIT_PIPE


def _drop_unread() -> bool:
    """Whether the reader of standard output or error has gone (``| head``); what is still in its buffer goes nowhere,
    or Python would fail with it once more at its end."""
    gone = False
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a closed one is None
        poll = select.poll()
        poll.register(stream, 0)
        if poll.poll(0):
            gone = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    return gone


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zentrale",
        description="Self-hosted contact centre: telephone, browser calls and chat, one distributor.",
    )
    parser.add_argument("--version", action="version", version=f"zentrale {metadata.version('zentrale')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="run the gateway", description="Run the gateway until it is stopped.")
    _add_config(serve)
    serve.add_argument(
        "--announce",
        type=Path,
        metavar="FILE",
        help="write the addresses in use as JSON to FILE once everything is ready",
    )
    serve.set_defaults(run=_serve)

    demo = commands.add_parser(
        "demo",
        help="run the gateway with callers, visitors and agents that act by themselves",
        description="Run the gateway and play carrier, web visitors and agents, so that calls and chats flow at once.",
    )
    _add_config(demo)
    demo.add_argument("--minutes", type=float, metavar="N", help="end by itself after N minutes")
    demo.set_defaults(run=_demo)

    check = commands.add_parser("check", help="check a configuration file", description="Check a configuration file.")
    _add_config(check)
    check.set_defaults(run=_check)

    passwd = commands.add_parser(
        "passwd",
        help="set an agent's password",
        description="Make a new password for an agent and print it. Works while the gateway runs.",
    )
    passwd.add_argument("login", help="the agent's login as in the configuration")
    passwd.add_argument("--stdin", action="store_true", help="read the password from standard input instead")
    _add_config(passwd)
    passwd.set_defaults(run=_passwd)

    _add_simulate(commands)

    explain = commands.add_parser(
        "explain",
        help="print why a contact went to whom",
        description="Print every decision about a contact with its reasons, from the journal.",
    )
    explain.add_argument("contact", metavar="CONTACT", help="the contact's id, as the agent's page and the API show it")
    explain.add_argument(
        "--journal", type=Path, metavar="PATH", help="journal file or folder (default: that of the configuration)"
    )
    _add_config(explain)
    explain.set_defaults(run=_explain)

    replay = commands.add_parser(
        "replay",
        help="check that a journal's decisions come out again, print its metrics, or play it under other rules",
        description="Live a journal again. Without --report or --with it is verified.",
    )
    replay.add_argument("journal", type=Path, metavar="JOURNAL", help="journal file or folder (DIRECTORY/journal)")
    how = replay.add_mutually_exclusive_group()
    how.add_argument("--verify", action="store_true", help="hold every decision against what is written (the default)")
    how.add_argument(
        "--report", action="store_true", help="print how the days were: waits, service levels, handling, occupancy"
    )
    how.add_argument(
        "--with", dest="other", type=Path, metavar="CONFIG", help="compare service levels under this configuration"
    )
    replay.add_argument("--reference", action="store_true", help="verify with the plain-Python oracle (slow)")
    replay.add_argument("--json", action="store_true", help="print the report or the comparison as JSON")
    replay.set_defaults(run=_replay)

    bench = commands.add_parser("bench", help="measure", description="Measure a part of the gateway on this machine.")
    what = bench.add_subparsers(title="benchmarks", metavar="WHAT", required=True)
    _add_bench_media(what)
    acd = what.add_parser("acd", help="decisions of the distributor: time for each and ratio to the reference")
    acd.add_argument("--json", action="store_true", help="print JSON alone")
    acd.set_defaults(run=_bench_acd)
    handover = what.add_parser(
        "handover", help="freed agent to next offer in the whole gateway; CPU per waiting caller"
    )
    handover.add_argument("--callers", type=_count, default=200, metavar="N", help="callers waiting (default 200)")
    handover.add_argument("--agents", type=_count, default=20, metavar="N", help="agents at work (default 20)")
    handover.add_argument("--events", type=_count, default=300, metavar="N", help="handovers to time (default 300)")
    handover.add_argument(
        "--seconds", type=_seconds, default=20.0, metavar="S", help="how long the waiting is measured (default 20)"
    )
    handover.add_argument("--json", action="store_true", help="print JSON alone")
    handover.set_defaults(run=_bench_handover)
    return parser


def _add_bench_media(what: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from gateway.app.bench.media_parts import PARTS, PEERS, SECONDS

    media = what.add_parser("media", help="bridged calls through the media plane: loss, delay and CPU for each call")
    media.add_argument("--calls", type=_count, metavar="N", help="calls at once (default: the part's own number)")
    media.add_argument(
        "--seconds", type=_seconds, default=SECONDS, metavar="S", help=f"for each row and side (default {SECONDS:g})"
    )
    media.add_argument("--only", nargs="+", choices=PARTS, default=(), metavar="PART", help=f"of {', '.join(PARTS)}")
    media.add_argument(
        "--priority", choices=("nice", "realtime"), default="nice", help="of the threads in rows, and of the peer's"
    )
    media.add_argument("--against", choices=PEERS, help="measure this one by turns under the same load")
    media.add_argument("--json", action="store_true", help="print JSON alone")
    media.set_defaults(run=_bench_media)


def _add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="play a scenario with the real distributor: waiting, service levels, occupancy",
        description="Simulate days of a contact centre, as a scenario file describes it, with the real distributor.",
    )
    simulate.add_argument("scenario", type=Path, metavar="SCENARIO.toml", help="see docs/howto/simulate.md")
    simulate.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed, the same days (default 1)")
    simulate.add_argument("--days", type=_days, metavar="N", help="so many days instead of the scenario's")
    simulate.add_argument("--json", action="store_true", help="print JSON alone, with time series")
    simulate.add_argument("--svg", type=Path, metavar="FILE", help="draw waiting over the day into FILE")
    simulate.add_argument("--formulas", action="store_true", help="service level by each of the trade's formulas")
    simulate.add_argument("--estimates", action="store_true", help="also judge estimates of the waiting time")
    simulate.set_defaults(run=_simulate)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= DAYS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {DAYS_MAX:,}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= COUNT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {COUNT_MAX:,}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= SECONDS_MAX:  # nor is "nan"
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and up to {SECONDS_MAX:,}")
    return seconds


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file (default: the built-in one)")


def _load(path: Path | None, **named: str):  # type: ignore[no-untyped-def]  # Config, imported late
    from gateway.app.sounds import SHIPPED
    from gateway.config.errors import ConfigError
    from gateway.config.loader import load

    try:
        return load(path, sounds=SHIPPED, **named)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def _serve(options: argparse.Namespace) -> int:
    from gateway.app.serve import serve

    return serve(_load(options.config), config_file=options.config, announce=options.announce)


def _demo(options: argparse.Namespace) -> int:
    from gateway.app.demo.play import demo

    return demo(_load(options.config), config_file=options.config, minutes=options.minutes)


def _check(options: argparse.Namespace) -> int:
    from gateway.app.sounds import SHIPPED
    from gateway.config.check import check

    return check(options.config, sys.stdout, sounds=SHIPPED)


def _passwd(options: argparse.Namespace) -> int:
    from gateway.app.passwords import set_password

    return set_password(_load(options.config), options.login, from_stdin=options.stdin)


def _simulate(options: argparse.Namespace) -> int:
    from gateway.app.simulate import simulate

    return simulate(
        options.scenario,
        seed=options.seed,
        days=options.days,
        as_json=options.json,
        svg=options.svg,
        all_formulas=options.formulas,
        estimates=options.estimates,
    )


def _explain(options: argparse.Namespace) -> int:
    from gateway.app.explain import explain

    journal = options.journal
    if journal is None:
        journal = Path(_load(options.config).storage.directory) / "journal"
    return explain(options.contact, journal)


def _replay(options: argparse.Namespace) -> int:
    from gateway.app.replay import compare, verify
    from gateway.app.report import report

    if options.report:
        return report(options.journal, as_json=options.json)
    if options.other is None:
        return verify(options.journal, reference=options.reference)
    return compare(options.journal, _load(options.other, missing="check the path"), as_json=options.json)


def _bench_media(options: argparse.Namespace) -> int:
    from gateway.app.bench.media import run

    return run(
        calls=options.calls,
        seconds=options.seconds,
        only=options.only,
        against=options.against,
        priority=options.priority,
        as_json=options.json,
    )


def _bench_acd(options: argparse.Namespace) -> int:
    from acd_core.bench import main as bench

    return bench(["--json"] if options.json else [])


def _bench_handover(options: argparse.Namespace) -> int:
    from gateway.app.bench.handover import run

    return run(
        callers=options.callers,
        agents=options.agents,
        events=options.events,
        seconds=options.seconds,
        as_json=options.json,
    )
