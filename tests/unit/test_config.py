"""The configuration: what a file may say, and the exact words for each mistake."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.check import check
from gateway.config.errors import ConfigError, Problem
from gateway.config.loader import default_text, load, parse
from gateway.model.ids import Channel

ROOT = Path(__file__).parents[2]

MINIMAL = """\
[[queues]]
name = "support"
title = "Support"
[[agents]]
login = "anna"
name = "Anna"
queues = ["support"]
"""


def problems(text: str, *, with_minimal: bool = True) -> list[str]:
    """The report for the text (followed by what every file needs), without the file's name."""
    with pytest.raises(ConfigError) as caught:
        parse(text + (MINIMAL if with_minimal else ""), file="z.toml")
    return [line.removeprefix("z.toml:") for line in str(caught.value).splitlines()]


def test_built_in_configuration_serves_this_machine() -> None:
    config = load(None)
    assert [queue.name for queue in config.queues] == ["support", "sales"]
    assert {number.number: number.queue for number in config.numbers} == {"100": "support", "200": "sales"}
    assert {agent.login: agent.queues for agent in config.agents} == {
        "anna": ["support", "sales"],
        "ben": ["support", "sales"],
    }
    assert config.trunks[0].networks == ["127.0.0.0/8"]
    assert config.storage.directory == "var"


def test_minimal_file_gets_the_defaults() -> None:
    config = parse(MINIMAL, file="z.toml")
    queue = config.queues[0]
    assert queue.channels == [Channel.PHONE, Channel.WEB_CALL, Channel.CHAT]
    assert (queue.offer_ms, queue.wrap_up_ms, queue.reconnect_ms, queue.record) == (20000, 30000, 10000, True)
    assert config.sip.port == 5060
    assert config.media.rtp_ports == (20000, 23999)
    assert config.trunks == []


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    file = tmp_path / "z.toml"
    file.write_text('[media]\nsounds = "sounds"\n[storage]\ndirectory = "/var/lib/zentrale"\n' + MINIMAL)
    config = load(file)
    assert config.media.sounds == str(tmp_path / "sounds")
    assert config.storage.directory == "/var/lib/zentrale"
    file.write_text(MINIMAL)
    assert load(file).storage.directory == str(tmp_path / "var")


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ('[sip]\nadress = "::1"\n', '2: sip.adress: unknown key; did you mean "address"?'),
        (
            "[server]\nturbo = 1\n",
            "2: server.turbo: unknown key; remove it; known here are name",
        ),
        (
            "[quues]\n",
            "1: quues: unknown key; remove it; known here are server, sip, trunks, media, turn, web, storage, ",
        ),
        ('[sip]\nport = "5060"\n', '2: sip.port: must be a whole number, not the text "5060"; write it without quotes'),
        (
            "[sip]\nport = 1.5\n",
            "2: sip.port: must be a whole number, not the number 1.5; write digits only, without quotes",
        ),
        ("[web]\nport = 70000\n", "2: web.port: 70000 is too large; use a number from 0 to 65535"),
        (
            "[limits]\n# none\ncalls_max = 0\n",
            "3: limits.calls_max: 0 is too small; use a number from 1 to 20000",
        ),
        (
            '[sip]\nstrangers = "silense"\n',
            '2: sip.strangers: "silense" is not one of "forbid", "silence"; did you mean "silence"?',
        ),
        (
            '[web]\ncookie_secure = "yes"\n',
            '2: web.cookie_secure: must be true or false, not the text "yes"; write true or false without quotes',
        ),
        (
            "[server]\nname = 2024-01-01\n",
            "2: server.name: must be text, not the date or time 2024-01-01; put it in quotes",
        ),
        ('[server]\nname = ""\n', "2: server.name: is empty; write at least one character"),
        (f'[server]\nname = "{"x" * 201}"\n', "2: server.name: has 201 characters; use at most 200"),
        ("sip = 5060\n", "1: sip: must be a table, not the number 5060; write [sip]"),
        (
            '[trunks]\nname = "a"\n',
            "1: trunks: must be a list of tables, not a table; write [[trunks]] with two brackets, once for each",
        ),
        (
            '[sip]\naddress = "localhost"\n',
            '2: sip.address: "localhost" is not an IP address; write it in numbers, such as "127.0.0.1"',
        ),
        (
            '[media]\naddresses = ["192.0.2.1", "localhost"]\n',
            '2: media.addresses[1]: "localhost" is not an IP address; write it in numbers, such as "127.0.0.1"',
        ),
        (
            '[media]\naddress = "192.0.2.1"\naddresses = ["192.0.2.1"]\n',
            "2: media.address: addresses is there, too; write all of them into addresses",
        ),
        (
            '[media]\naddresses = ["192.0.2.1"]\npublic_addresses = ["203.0.113.1", "2001:db8::1"]\n',
            '3: media.public_addresses[1]: "2001:db8::1" has no address of media.addresses behind it; '
            "add the machine's own IPv6 address there, or take this one away",
        ),
        (
            '[turn]\nurls = ["turn:t.example"]\nsecret = "short"\n',
            "3: turn.secret: has 5 characters; the relays of turn.urls need one that can't be guessed; "
            "write coturn's static-auth-secret, 16 characters or more",
        ),
        (
            "[turn]\nrelay_only = true\n",
            '2: turn.relay_only: there is no relay; add a "turn:" address to turn.urls',
        ),
        (
            '[media]\npublic_address = "::"\n',
            '2: media.public_address: "::" can\'t be told to the other side; write the address that others reach',
        ),
        (
            "[media]\nrtp_ports = [20001, 20100]\n",
            "2: media.rtp_ports: 20001 to 20100 is not whole port pairs; begin with an even port, end with an odd one",
        ),
        (
            "[media]\nrtp_ports = [30000, 20001]\n",
            "2: media.rtp_ports: 30000 to 20001 is not a range; use two ports from 1024 to 65535, lower one first",
        ),
        ("[media]\nrtp_ports = [20000]\n", "2: media.rtp_ports: has 1 entries; give 2"),
        (
            "[media]\nrtp_ports = 20000\n",
            "2: media.rtp_ports: must be a list, not the number 20000; put it in brackets: [ ... ]",
        ),
        ('[media]\nsounds = "/no/such"\n', "2: media.sounds: there is no folder /no/such; make it or correct the path"),
        ("[web]\nport = 5060\n", "2: web.port: 5060 is the SIP port, too; choose another"),
        ("[sip]\nport = 20500\n", "2: sip.port: 20500 lies within media.rtp_ports; choose another"),
        (
            "[media]\nwebrtc_port = 65535\nthreads = 2\n",
            "2: media.webrtc_port: 65535 leaves no ports for 2 threads; use at most 65534",
        ),
        ("[media]\nwebrtc_port = 20000\n", "2: media.webrtc_port: 20000 lies within media.rtp_ports; choose another"),
        (
            '[[trunks]]\nname = "t"\nnetworks = ["192.0.2.1/24"]\n',
            '3: trunks[0].networks[0]: "192.0.2.1/24" is not a network; did you mean "192.0.2.0/24"?',
        ),
        (
            '[[trunks]]\nname = "t"\nnetworks = [\n  "::1",\n  "carrier.example",\n]\n',
            '5: trunks[0].networks[1]: "carrier.example" is not a network; write address/bits, such as "192.0.2.0/24"',
        ),
        ('[[trunks]]\nname = "t"\nnetworks = []\n', "3: trunks[0].networks: is empty; give at least 1"),
        ('[[trunks]]\nname = "t"\n', '1: trunks[0].networks: missing; add networks = ["..."]'),
        (
            '[[trunks]]\nname = "t"\nnetworks = ["::1"]\n[[trunks]]\nname = "u"\nnetworks = ["::1/128"]\n',
            '6: trunks[1].networks[0]: "::1/128" belongs to trunk "t" already; give each network to one trunk',
        ),
        (
            '[[numbers]]\nnumber = "1"\nqueue = "suport"\n',
            '3: numbers[0].queue: there is no queue "suport"; did you mean "support"?',
        ),
        (
            '[[numbers]]\nnumber = "1"\nqueue = "x"\n',
            '3: numbers[0].queue: there is no queue "x"; use one of "support"',
        ),
        (
            '[[numbers]]\nnumber = "1"\nqueue = "support"\n[[numbers]]\nnumber = "1"\nqueue = "support"\n',
            '5: numbers[1].number: "1" is taken by numbers[0]; choose another',
        ),
        (
            '[[numbers]]\nnumber = "030 12"\nqueue = "support"\n',
            '2: numbers[0].number: "030 12" has characters that are not allowed here; '
            "use digits, letters and * # . _ - only, with a + in front if the carrier sends it",
        ),
    ],
)
def test_single_mistake(text: str, report: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith(report)
    if not report.endswith(", "):
        assert found[0] == report


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (
            "",
            [
                "1: queues: missing; add at least one [[queues]]",
                "1: agents: missing; add at least one [[agents]]",
            ],
        ),
        (
            MINIMAL + '[[queues]]\nname = "chat"\ntitle = "C"\nchannels = ["chat", "chat"]\n'
            '[[numbers]]\nnumber = "1"\nqueue = "chat"\n',
            [
                '11: queues[1].channels[1]: "chat" is listed twice; remove one',
                '14: numbers[0].queue: queue "chat" takes no calls; add "phone" to its channels',
            ],
        ),
        (
            MINIMAL + MINIMAL,
            [
                '9: queues[1].name: "support" is taken by queues[0]; choose another',
                '12: agents[1].login: "anna" is taken by agents[0]; choose another',
            ],
        ),
        (  # a queue whose name is faulty still counts: only what is wrong by itself is reported
            '[[queues]]\nname = "my queue"\ntitle = "Q"\n'
            '[[agents]]\nlogin = "a"\nname = "A"\nqueues = ["my queue", 5]\n',
            [
                '2: queues[0].name: "my queue" has characters that are not allowed here; '
                "use letters, digits and _ . - only",
                "7: agents[0].queues[1]: must be text, not the number 5; put it in quotes",
                '7: agents[0].queues[0]: "my queue" has characters that are not allowed here; '
                "use letters, digits and _ . - only",
            ],
        ),
    ],
)
def test_whole_file(text: str, report: list[str]) -> None:
    assert sorted(problems(text, with_minimal=False)) == sorted(report)


def test_all_mistakes_are_reported_in_the_order_of_the_file() -> None:
    text = """\
[sip]
port = "x"            # first
adress = "127.0.0.1"  # second

[media]
rtp_ports = [1, 2]    # third

[[numbers]]
number = "1"
queue = "sale"        # fourth, and the queue is missing a title: fifth

[[queues]]
name = "sales"

[[agents]]
login = "anna"
name = "Anna"
queues = ["sales"]
skills = ["a b"]      # sixth
"""
    assert [line.split(":")[0] for line in problems(text, with_minimal=False)] == ["2", "3", "6", "10", "12", "19"]


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (
            "[sip]\nport 5060\n",
            "2: not TOML: Expected '=' after a key in a key/value pair; "
            "a line is a [table], a key = value, or a # comment",
        ),
        (
            "[sip]\nport = 1\nport = 2\n",
            "3: not TOML: Cannot overwrite a value; the key stands there twice: remove one",
        ),
        (
            "[sip]\nstrangers = silence\n",
            "2: not TOML: Invalid value; text stands in quotes, true and false in small letters",
        ),
        ("a = [\n1,\n", "2: not TOML: Invalid value; text stands in quotes, true and false in small letters"),
    ],
)
def test_syntax_mistake(text: str, report: str) -> None:
    assert problems(text, with_minimal=False) == [report]


@pytest.mark.parametrize(
    "text",
    [
        "sip.port = 'x'\n",
        "sip = { port = 'x' }\n",
        "[sip]\n'port' = 'x'\n",
        '[sip]\n"\\u0070ort" = "x"\n',
        "sip.address = '::1'\nsip.port = 'x'\n",
    ],
)
def test_each_way_to_write_a_key_is_located(text: str) -> None:
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "'x'" in line or '"x"' in line)
    assert problems(text)[0].startswith(f"{line}: sip.port: ")


def test_list_of_inline_tables_is_located() -> None:
    text = 'numbers = [\n  { number = "1", queue = "support" },\n  # more\n  { number = "2", queue = "x" },\n]\n'
    assert problems(text) == ['4: numbers[1].queue: there is no queue "x"; use one of "support"']


def test_unreadable_files(tmp_path: Path) -> None:
    def report(path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load(path)
        return str(caught.value).replace(str(tmp_path), "")

    assert report(tmp_path / "z.toml") == "/z.toml: there is no such file; check the path, or leave --config out"
    assert report(tmp_path) == ": can't be read: is a directory; check the path and its permissions"
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[server]\nname = "Z\xfcrich"\n')
    assert report(latin) == "/latin.toml:2: is not UTF-8 text; save it as UTF-8"
    deep = tmp_path / "deep.toml"
    deep.write_text("a = " + "[" * 100_000)
    assert report(deep) == "/deep.toml: has too many brackets in each other; a configuration needs no more than three"


def test_byte_order_mark_of_windows_editors_is_harmless(tmp_path: Path) -> None:
    file = tmp_path / "z.toml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load(file).queues[0].name == "support"


def test_check_prints_the_verdict(tmp_path: Path) -> None:
    out = io.StringIO()
    assert check(None, out) == 0
    assert out.getvalue() == "default.toml (built in): in order: 1 trunk, 2 queues, 2 numbers, 2 agents\n"
    file = tmp_path / "z.toml"
    file.write_text("[sip]\nport = 65536\n" + MINIMAL)
    out = io.StringIO()
    assert check(file, out) == 1
    assert out.getvalue() == (
        f"{file}:2: sip.port: 65536 is too large; use a number from 0 to 65535\n1 problem found\n"
    )


def test_a_sound_that_is_not_there_is_found_before_a_caller_misses_it(tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    own = tmp_path / "own"
    for path in (shipped / "greeting.wav", shipped / "music.wav", own / "waltz.wav"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    file = tmp_path / "z.toml"
    queue = 'title = "Support"\ngreeting = "welcome"\nmusic = "waltz"\n'
    file.write_text(MINIMAL.replace('title = "Support"\n', queue))
    out = io.StringIO()
    assert check(file, out, sounds=shipped) == 1
    tones = '"busy", "call_waiting", "congestion"'
    advice = f'folder media.sounds, or use one of {tones}, "greeting", "music", "ringback"'
    assert out.getvalue().replace(str(file), "z.toml").splitlines() == [
        f'z.toml:4: queues[0].greeting: there is no sound "welcome"; put welcome.wav or welcome.opus into the {advice}',
        f'z.toml:5: queues[0].music: there is no sound "waltz"; put waltz.wav or waltz.opus into the {advice}',
        "2 problems found",
    ]
    (own / "welcome.opus").touch()
    queue += 'playlist = ["busy", "music", "polka"]\n'
    file.write_text('[media]\nsounds = "own"\n' + MINIMAL.replace('title = "Support"\n', queue))
    out = io.StringIO()
    assert check(file, out, sounds=shipped) == 1
    assert 'queues[0].playlist[2]: there is no sound "polka"' in out.getvalue()
    (own / "polka.ogg").touch()
    assert check(file, io.StringIO(), sounds=shipped) == 0


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("announce_position_every_ms = 9999", "announce_position_every_ms: 9999 ms is less than an announcement takes"),
        ("announce_wait = true\nhandle_ms = 60000", "announce_wait: the waiting time is told with the position"),
        ("announce_wait = true\nannounce_position_every_ms = 30000", "announce_wait: the waiting time goes by the"),
        ('announce_language = "fr"', "announce_language: "),
    ],
)
def test_announcements_that_can_not_be_are_explained(tmp_path: Path, settings: str, complaint: str) -> None:
    file = tmp_path / "z.toml"
    file.write_text(MINIMAL.replace('title = "Support"\n', f'title = "Support"\n{settings}\n'))
    out = io.StringIO()
    assert check(file, out) == 1
    assert complaint in out.getvalue()


JUNK = st.recursive(
    st.sampled_from(['"x"', "1", "-1", "true", "1.5", "2024-01-01", '""']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda item: f"{{ name = {item} }}")
    ),
    max_leaves=5,
)
KEYS = st.sampled_from(
    [
        "server.name",
        "sip",
        "sip.port",
        "sip.address",
        "sip.strangers",
        "trunks",
        "media.rtp_ports",
        "media.webrtc_port",
        "media.public_address",
        "web.port",
        "storage.directory",
        "limits.calls_max",
        "numbers",
        "limits",
        "nonsense",
    ]
)


@given(st.dictionaries(KEYS, JUNK, max_size=6))
def test_no_file_gives_anything_but_a_configuration_or_a_report(settings: dict[str, str]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in settings.items()) + MINIMAL
    found: list[Problem] = []
    try:
        parse(text, file="z.toml")
    except ConfigError as error:
        found = error.problems
        assert found, "an error without a reason"
    assert all(problem.line and problem.advice != "see the configuration reference" for problem in found)


def test_reference_page_is_up_to_date() -> None:
    tool = _tool("make_config_reference")
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    assert tool.render() == page, "run: python tools/make_config_reference.py"


def test_built_in_configuration_is_what_the_howto_says() -> None:
    assert "zentrale check --config" in default_text()


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
