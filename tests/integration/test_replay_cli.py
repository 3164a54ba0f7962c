"""``zentrale explain`` and ``zentrale replay`` as a person at the terminal has them, on journals in files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import OfferMade
from acd_core.journal import Encoder, Header, Reader
from acd_core.metrics import FORMULAS
from gateway.app.cli import main
from gateway.routing.segments import segment_name
from tests.support.journal_walk import Walk

S = 1_000_000_000
MORNING = 1_790_000_000 * S
BOTH = frozenset({"sales", "support"})

CONFIG = """
[[queues]]
name = "sales"
title = "Sales"
wrap_up_ms = 0

[[queues]]
name = "support"
title = "Support"
wrap_up_ms = 0

[[agents]]
login = "anna"
name = "Anna"
queues = ["sales"]

[[agents]]
login = "zoe"
name = "Zoe"
queues = ["sales"]
"""


class Scribe:
    """Tells a distributor what happens and journals it, a record for each event."""

    def __init__(
        self, run: str = "20260921T080000.000000Z", segment: int = 0, distributor: Distributor | None = None
    ) -> None:
        self.distributor = distributor or Distributor()
        self.encoder = Encoder()
        self.run = run
        self.segment = segment
        snapshot = self.distributor.snapshot() if segment else None
        header = Header(run, segment, MORNING, self.distributor.limits, software="test", snapshot=snapshot)
        self.parts = [self.encoder.begin(header)]
        self.places: list[int] = []
        """Offset of each record."""

    def at(self, second: float, event: ev.Event | None, *, change_offer: bool = False) -> OfferMade | None:
        now_ns = MORNING + int(second * S)
        handle = self.distributor
        decisions = handle.handle_timer(now_ns) if event is None else handle.handle(event, now_ns)
        offer = next((one for one in decisions if isinstance(one, OfferMade)), None)
        if change_offer:
            assert offer is not None
            decisions[decisions.index(offer)] = msgspec.structs.replace(offer, agent="somebody else")
        self.encoder.add(now_ns, event, decisions)
        self.places.append(sum(map(len, self.parts)))
        self.parts.append(self.encoder.take())
        return offer

    def save(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        path = folder / segment_name(self.run, self.segment)
        path.write_bytes(b"".join(self.parts))
        return path


def working_day(*, change_offer: bool = False, segment: int = 0) -> Scribe:
    scribe = Scribe(segment=segment)
    scribe.at(0, ev.QueueConfigured("sales", 20_000, 30_000))
    scribe.at(0, ev.QueueConfigured("support", 20_000, 30_000, frozenset({"technology"})))
    scribe.at(1, ev.AgentSignedIn("anna", BOTH, frozenset({"technology"})))
    scribe.at(1, ev.AgentSignedIn("ben", BOTH, frozenset()))
    scribe.at(1, ev.AgentSignedIn("carl", frozenset({"sales"}), frozenset()))
    scribe.at(2, ev.AgentReady("ben"))
    scribe.at(3, ev.AgentReady("anna"))
    first = scribe.at(60, ev.ContactArrived("first-contact", "sales"), change_offer=change_offer)
    assert first is not None
    scribe.at(63, ev.OfferAccepted(first.offer, "ben"))
    second = scribe.at(70, ev.ContactArrived("second-contact", "support", arrival_ns=MORNING + 62 * S))
    assert second is not None
    scribe.at(71, ev.ContactArrived("third-contact", "sales"))
    scribe.at(90, None)
    scribe.at(100, ev.AgentReady("anna"))
    again = scribe.distributor.agent("anna").offer
    assert again is not None
    scribe.at(101, ev.OfferAccepted(again, "anna"))
    scribe.at(110, ev.ContactAbandoned("third-contact"))
    scribe.at(130, ev.ContactEnded("first-contact"))
    scribe.at(140, ev.ContactEnded("second-contact"))
    return scribe


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_explain_tells_the_whole_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = working_day().save(tmp_path)
    code, out, err = run(capsys, "explain", "second-contact", "--journal", path)
    assert (code, err) == (0, "")
    story = [line.strip().split("  ", 1)[-1] for line in out.splitlines()]
    expected = [
        "Contact second-contact",
        "arrived in queue support (phone; its place counts from 8 s ago)",
        "offer 2 to anna, the only available agent",
        "passed over: 1 agent is in queue support without skill technology",
        "passed over: 1 agent is not in queue support",
        "offer 2 not answered in time by anna",
        "offer 3 to anna",
        "offer 3 accepted by anna",
        "is with anna",
        "the conversation is over",
        "anna is in wrap-up until",
        "Recomputed from the beginning of the run (17 events): every decision came out the same.",
    ]
    for line in expected:
        while story and not story[0].startswith(line):
            story.pop(0)
        assert story, f"missing, or not in its place: {line!r} in\n{out}"


def test_explain_finds_the_journal_by_the_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zentrale.toml").write_text(CONFIG)
    (tmp_path / "var").mkdir()
    working_day().save(tmp_path / "var" / "journal")
    code, out, _ = run(capsys, "explain", "third-contact", "--config", tmp_path / "zentrale.toml")
    assert code == 0
    assert "waits: nobody who may take it is free" in out
    assert "the customer left before an agent answered" in out


def test_without_the_beginning_of_the_run_the_snapshot_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    working_day(segment=4).save(tmp_path)
    code, out, _ = run(capsys, "explain", "first-contact", "--journal", tmp_path)
    assert code == 0
    assert "offer 1 to ben" in out
    assert "Recomputed from the snapshot of segment 4 (" in out
    assert "every decision came out the same" in out
    for more in ([], ["--reference"]):
        code, out, _ = run(capsys, "replay", tmp_path, *more)
        assert (code, "identical from the snapshot of segment 4 on: 17 events" in out) == (0, True)


def test_explain_says_when_it_comes_out_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    working_day(change_offer=True).save(tmp_path)
    code, out, _ = run(capsys, "explain", "first-contact", "--journal", tmp_path)
    assert code == 0
    assert "offer 1 to somebody else" in out
    assert "Recomputed, it comes out otherwise" in out


def restart() -> tuple[Scribe, Scribe]:
    """Anna has the chat when the process ends; it comes back, and gives up."""
    first, second = Scribe(), Scribe("20260921T090000.000000Z")
    first.at(0, ev.QueueConfigured("sales", 20_000, 0))
    first.at(1, ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
    first.at(2, ev.AgentReady("anna"))
    first.at(3, ev.ContactArrived("chat1", "sales", channel="chat"))
    first.at(4, ev.OfferAccepted(1, "anna"))
    second.at(3600, ev.QueueConfigured("sales", 20_000, 0))
    second.at(3601, ev.ContactArrived("chat1", "sales", channel="chat", arrival_ns=MORNING + 3 * S))
    second.at(3650, ev.ContactAbandoned("chat1"))
    return first, second


def told(out: str) -> list[str]:
    """The sentences, without times."""
    return [line[16:] for line in out.splitlines() if line.startswith("  ")]


def test_explain_tells_of_all_runs_that_a_chat_was_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for scribe in restart():
        scribe.save(tmp_path)
    code, out, err = run(capsys, "explain", "chat1", "--journal", tmp_path)
    assert (code, err) == (0, "")
    story = told(out)
    assert story[1].startswith("offer 1 to anna")
    assert story[3:5] == ["offer 1 accepted by anna", "is with anna"]
    assert story[5].startswith("restart: the run before is over, its last event was at ")
    assert story[6] == "arrived in queue sales (chat; its place counts from 59 min 58 s ago)"
    assert story[-1] == "the customer left before an agent answered"
    assert out.count("every decision came out the same") == 2
    assert "\nRun 20260921T090000.000000Z: Recomputed from the beginning of the run (3 events)" in out


def test_explain_says_why_a_contact_still_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As of the end of the journal, which is later than the contact's own last event."""
    scribe = Scribe()
    scribe.at(0, ev.QueueConfigured("sales", 20_000, 0))
    scribe.at(0, ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
    scribe.at(1, ev.ContactArrived("c1", "sales"))
    scribe.at(2, ev.ContactArrived("c2", "sales"))
    scribe.at(60, ev.AgentSignedIn("ben", frozenset({"sales"}), frozenset()))
    scribe.at(62, ev.AgentPaused("ben", "lunch"))
    scribe.save(tmp_path)
    code, out, _ = run(capsys, "explain", "c2", "--journal", tmp_path)
    assert code == 0
    assert told(out)[-2:] == [
        "the journal ends here: waits at place 2 of 2 in queue sales, 1 min 0 s by now",
        "  2 agents are paused",
    ]
    assert "Recomputed from the beginning of the run (6 events)" in out
    Scribe("20260922T080000.000000Z").save(tmp_path)
    _, out, _ = run(capsys, "explain", "c2", "--journal", tmp_path)
    assert told(out)[-3] == "the run ends here: waits at place 2 of 2 in queue sales, 1 min 0 s by now"
    assert told(out)[-1] == "no later run tells of it"


def test_explain_tells_where_a_contact_stood_when_the_journal_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Scribe()
    lost.at(0, ev.QueueConfigured("sales", 20_000, 0))
    lost.at(1, ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
    lost.at(2, ev.AgentReady("anna"))
    for number in range(3):
        lost.at(3, ev.ContactArrived(f"c{number}", "sales"))
    lost.at(4, ev.OfferAccepted(1, "anna"))
    lost.at(9, ev.ContactAbandoned("c2"))
    scribe = Scribe(segment=1, distributor=lost.distributor)
    scribe.at(20, ev.ContactEnded("c0"))
    scribe.save(tmp_path)
    _, out, _ = run(capsys, "explain", "c0", "--journal", tmp_path)
    assert told(out) == ["the journal begins here: is with anna, 6 s after it arrived", "the conversation is over"]
    _, out, _ = run(capsys, "explain", "c1", "--journal", tmp_path)
    assert told(out)[0] == "the journal begins here: waits in queue sales, 6 s after it arrived"
    assert told(out)[1].startswith("offer 2 to anna")


@pytest.mark.parametrize("contact", ["no-such-contact", "first"])
def test_explain_of_an_unknown_contact(tmp_path: Path, capsys: pytest.CaptureFixture[str], contact: str) -> None:
    working_day().save(tmp_path)
    code, out, err = run(capsys, "explain", contact, "--journal", tmp_path)
    assert (code, out) == (1, "")
    assert f"{contact!r} is not in the journal" in err


@pytest.mark.parametrize("more", [[], ["--verify"], ["--verify", "--reference"]])
def test_replay_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    working_day().save(tmp_path)
    code, out, _ = run(capsys, "replay", tmp_path, *more)
    assert code == 0
    assert "run 20260921T080000.000000Z: identical: 17 events" in out


def test_replay_names_the_first_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scribe = working_day(change_offer=True)
    path = scribe.save(tmp_path)
    code, out, _ = run(capsys, "replay", path, "--verify")
    assert code == 1
    assert f"NOT identical: {path.name}, offset {scribe.places[7]}, entry 0" in out
    assert "'somebody else'" in out
    assert "now it is OfferMade(offer=1, contact='first-contact', agent='ben'" in out


def test_replay_names_the_place_of_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scribe = working_day()
    path = scribe.save(tmp_path)
    data = bytearray(path.read_bytes())
    data[scribe.places[5] + 30] ^= 4
    path.write_bytes(data)
    code, out, _ = run(capsys, "replay", path)
    assert code == 1
    assert f"damaged: {path.name}, offset {scribe.places[5]}:" in out


def test_replay_cuts_a_torn_tail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = working_day().save(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    code, out, _ = run(capsys, "replay", path)
    assert code == 0
    assert "identical: 16 events" in out
    assert "not written wholly are cut" in out


def test_replay_of_a_copy_with_another_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a file is stands in its header."""
    working_day().save(tmp_path).rename(tmp_path / "copy.journal")
    code, out, _ = run(capsys, "replay", tmp_path / "copy.journal")
    assert (code, out.startswith("run copy.journal: identical: 17 events")) == (0, True)
    code, out, _ = run(capsys, "explain", "first-contact", "--journal", tmp_path / "copy.journal")
    assert (code, "every decision came out the same" in out) == (0, True)
    working_day(segment=4).save(tmp_path).rename(tmp_path / segment_name("20260921T080000.000000Z", 0))
    code, out, _ = run(capsys, "replay", tmp_path / segment_name("20260921T080000.000000Z", 0))
    assert (code, "identical from the snapshot of segment 4 on" in out) == (0, True)


def test_replay_of_several_runs_and_of_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "replay", tmp_path)
    assert (code, out) == (1, "")
    assert "there is no journal at" in err
    working_day().save(tmp_path)
    (tmp_path / segment_name("20260922T080000.000000Z", 3)).write_bytes(b"")
    (tmp_path / segment_name("20260923T080000.000000Z", 0)).write_bytes(b"")
    code, out, _ = run(capsys, "replay", tmp_path)
    assert code == 0
    assert "identical" in out.splitlines()[0]
    assert out.splitlines()[1:] == ["run 20260922T080000.000000Z: empty", "run 20260923T080000.000000Z: empty"]


def test_replay_under_another_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = working_day().save(tmp_path)
    (tmp_path / "other.toml").write_text(CONFIG)
    code, out, _ = run(capsys, "replay", path, "--with", tmp_path / "other.toml")
    assert code == 0
    assert "as it was" in out
    assert rows(out)["answered"]
    assert "waiting at the end" not in rows(out)
    assert "Agents who worked, but are not in the configuration: ben, carl." in out
    assert "Agents of the configuration who never worked in this time: zoe." in out
    code, out, _ = run(capsys, "replay", path, "--with", tmp_path / "other.toml", "--json")
    numbers = json.loads(out)
    assert numbers["was"]["all"]["counts"]["offered"] == numbers["other"]["all"]["counts"]["offered"] == 3
    assert numbers["was"]["all"]["counts"] == numbers["again"]["all"]["counts"]


def test_replay_reports_how_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = working_day().save(tmp_path)
    code, out, err = run(capsys, "replay", path, "--report")
    assert (code, err) == (0, "")
    table: dict[str, list[str]] = {}
    for line in out.splitlines():
        label, *cells = re.split(r"  +", line.strip())
        table.setdefault(label, cells)
    assert table["sales"][:8] == ["2", "1", "1 (50.0 %)", "-", "-", "3 s", "3 s", "50.0 % in 20 s"]
    assert table["support"][:3] == ["1", "1", "0 (0.0 %)"]
    assert table["All"][:3] == ["3", "2", "1 (33.3 %)"]
    assert table["given up, of answered and given up"] == ["50.0 %", "0.0 %", "33.3 %"]
    assert table["transferred in"] == ["0", "0", "0"]
    assert table["offers not answered"] == ["0", "1", "1"]
    for formula in FORMULAS.values():
        assert len(table[formula.words]) == 3
    assert "Agents: occupancy" in out
    code, out, _ = run(capsys, "replay", path, "--report", "--json")
    numbers = json.loads(out)
    assert numbers["all"]["counts"] == {"offered": 3, "answered": 2, "abandoned": 1, "overflowed": 0, "waiting": 0}
    assert numbers["from_s"] == MORNING / S
    assert numbers["until_s"] - numbers["from_s"] == 140


def test_replay_reports_by_the_objectives_that_the_journal_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the newest run, also where its first segment begins with a snapshot."""
    scribe = Scribe()
    scribe.at(0, ev.QueueConfigured("sales", 20_000, 0, order=ev.Order(objective_ms=5_000, target_permille=900)))
    scribe.at(1, ev.ContactArrived("c0", "sales"))
    scribe.save(tmp_path)
    _, out, _ = run(capsys, "replay", tmp_path, "--report")
    assert "- in 5 s" in out
    later = Scribe("20260922T080000.000000Z", segment=2, distributor=scribe.distributor)
    later.at(2, ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
    later.at(2, ev.AgentReady("anna"))
    later.at(3, ev.OfferAccepted(1, "anna"))
    later.save(tmp_path)
    _, out, err = run(capsys, "replay", tmp_path, "--report")
    assert "100.0 % in 5 s ok" in out
    assert "1 run is left out" in err


def test_replay_reports_what_is_empty_or_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "replay", tmp_path, "--report")[0] == 1
    (tmp_path / segment_name("20260922T080000.000000Z", 0)).write_bytes(b"")
    assert run(capsys, "replay", tmp_path, "--report") == (0, "Nothing has happened in this journal.\n", "")


def test_replay_judges_each_queue_by_its_own_objective(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = working_day().save(tmp_path)
    title, objective = 'title = "Sales"\n', "order = { objective_ms = 1_500, target_percent = 80 }"
    (tmp_path / "other.toml").write_text(CONFIG.replace(title, f"{title}{objective}\n"))
    code, out, _ = run(capsys, "replay", path, "--with", tmp_path / "other.toml")
    assert code == 0
    assert "queue sales (in time: within 1.5 s)" in out
    assert "queue support (in time: within 20 s)" in out
    code, out, _ = run(capsys, "replay", path, "--with", tmp_path / "other.toml", "--json")
    numbers = json.loads(out)
    for report in ("was", "again", "other"):
        sales = next(row for row in numbers[report]["queues"] if row["name"] == "sales")
        assert (sales["target_s"], sales["service_levels"]["of_answered"]) == (1.5, 0), "answered after 3 s"
    (tmp_path / "other.toml").write_text(CONFIG.replace("wrap_up_ms = 0", objective.replace("1_500", "4_000")))
    _, out, _ = run(capsys, "replay", path, "--with", tmp_path / "other.toml")
    assert "all queues (in time: within 4 s)" in out


def rows(out: str) -> dict[str, list[str]]:
    """Of the last queue, or all."""
    return {line[:34].strip(): line[34:].split() for line in out.splitlines() if line[:1] == " "}


def test_replay_of_a_journal_whose_first_segments_are_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who talked, waited and worked then is there in all columns."""
    (tmp_path / "other.toml").write_text(CONFIG)
    lost = Scribe()
    lost.at(0, ev.QueueConfigured("sales", 20_000, 0))
    lost.at(1, ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
    lost.at(2, ev.AgentReady("anna"))
    lost.at(3, ev.ContactArrived("c1", "sales"))
    lost.at(4, ev.OfferAccepted(1, "anna"))
    lost.at(5, ev.ContactArrived("c2", "sales"))
    scribe = Scribe(segment=1, distributor=lost.distributor)
    scribe.at(10, ev.ContactEnded("c1"))
    scribe.at(12, ev.OfferAccepted(2, "anna"))
    scribe.at(20, ev.ContactEnded("c2"))
    scribe.save(tmp_path / "journal")
    code, out, err = run(capsys, "replay", tmp_path / "journal", "--with", tmp_path / "other.toml")
    assert (code, err) == (0, "")
    assert rows(out)["offered"] == rows(out)["answered"] == ["1", "1", "1"]
    assert rows(out)["longest wait answered"] == ["7.0", "s"] * 3
    assert "occupancy of the agents                  86.7%         86.7%         86.7%" in out
    assert "never worked in this time: zoe." in out
    Scribe("20260920T080000.000000Z").save(tmp_path / "journal")
    code, _, err = run(capsys, "replay", tmp_path / "journal", "--with", tmp_path / "other.toml")
    assert (code, "the beginning of run 20260921T080000.000000Z is missing: 1 run is left out" in err) == (0, True)


def test_replay_counts_each_stay_of_a_chat_that_outlived_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.toml").write_text(CONFIG)
    for scribe in restart():
        scribe.save(tmp_path / "journal")
    code, out, _ = run(capsys, "replay", tmp_path / "journal", "--with", tmp_path / "other.toml")
    assert code == 0
    assert rows(out)["offered"] == ["2", "2", "2"]
    assert rows(out)["answered"] == rows(out)["abandoned"] == ["1", "1", "1"]


def test_replay_says_who_still_waits_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.toml").write_text(CONFIG)
    scribe = Scribe()
    scribe.at(0, ev.QueueConfigured("sales", 20_000, 0))
    for number in range(3):
        scribe.at(3 + number, ev.ContactArrived(f"c{number}", "sales"))
    scribe.at(100, ev.ContactAbandoned("c0"))
    scribe.save(tmp_path / "journal")
    code, out, _ = run(capsys, "replay", tmp_path / "journal", "--with", tmp_path / "other.toml")
    assert code == 0
    assert (rows(out)["abandoned"], rows(out)["waiting at the end"]) == (["1"] * 3, ["2"] * 3)


def test_replay_under_a_faulty_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = working_day().save(tmp_path)
    with pytest.raises(SystemExit) as caught:
        run(capsys, "replay", path, "--with", tmp_path / "missing.toml")
    assert caught.value.code == 2
    assert "there is no such file" in capsys.readouterr().err
    path.write_bytes(b"something else")
    (tmp_path / "other.toml").write_text(CONFIG)
    code, _, err = run(capsys, "replay", path, "--with", tmp_path / "other.toml")
    assert code == 1
    assert "not a journal" in err


def test_a_long_random_day_is_told_and_played_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever happens can be told and played; each contact of the walk has a story."""
    walk = Walk(Distributor, seed=11)
    walk.steps(1500)
    path = tmp_path / segment_name("walk", 0)
    path.write_bytes(walk.start + walk.take())
    assert Reader(path.read_bytes()).header is not None
    (tmp_path / "other.toml").write_text(CONFIG)
    for number in (1, 50, walk.arrived):
        code, out, _ = run(capsys, "explain", f"contact-{number}", "--journal", path)
        assert code == 0
        assert "arrived in queue" in out
        assert "every decision came out the same" in out
    code, out, _ = run(capsys, "replay", path, "--with", tmp_path / "other.toml", "--json")
    assert code == 0
    was = json.loads(out)["was"]["all"]["counts"]
    assert was["offered"] == was["answered"] + was["abandoned"] + was["overflowed"] + was["waiting"] > 200
