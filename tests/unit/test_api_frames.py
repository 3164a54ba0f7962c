"""Frames: the pages' types are those of the server, and what a frame may not be is said with its place."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from gateway.api import frames as f
from gateway.api.agent_socket import DECODER as AGENT
from gateway.api.socket import FRAME_BYTES_MAX, bad_frame, encode, error_frame
from gateway.api.visitor_socket import DECODER as VISITOR
from gateway.config.schema import LimitsConfig, QueueConfig
from gateway.model.errors import CapacityError, InternalError, NotAllowedError, NotFoundError, PeerError

ROOT = Path(__file__).resolve().parents[2]


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_frames_ts", ROOT / "tools" / "make_frames_ts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_types_are_current() -> None:
    made = maker()
    assert made.TARGET.read_text() == made.make(), "run python tools/make_frames_ts.py"


@pytest.mark.parametrize(
    ("data", "where", "word"),
    [
        (b'{"type":"accept"}', "frame", "offer"),
        (b'{"type":"accept","offer":"x"}', "offer", "int"),
        (b'{"type":"write","contact":"c","text":"","key":1}', "text", "length"),
        (b'{"type":"no such"}', "type", "no such"),
        (b"{", "frame", "truncated"),
        (b"[]", "frame", "array"),
    ],
)
def test_a_bad_frame_is_named_with_its_place(data: bytes, where: str, word: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        AGENT.decode(data)
    frame = bad_frame(caught.value)
    assert frame.where == where
    assert word in frame.error
    assert frame.kind == "peer"
    assert frame.what_to_do


def longest(struct: type, field: str) -> int:
    """How much the configuration allows: of a text's characters, or of a number."""
    kind: Any = {f.name: f.type for f in inspect.type_info(struct).fields}[field]  # type: ignore[attr-defined]
    kind = getattr(kind, "item_type", kind)
    return int(kind.max_length if isinstance(kind, inspect.StrType) else kind.le)


def test_what_the_configuration_allows_fits_into_a_frame() -> None:
    outcome = f.Outcome(contact="c", outcome="o" * longest(QueueConfig, "outcomes"), note="")
    assert AGENT.decode(encode(outcome)) == outcome
    text = "\N{TELEPHONE RECEIVER}" * longest(LimitsConfig, "chat_line_chars_max")
    for line, decoder in ((f.Write(contact="c", text=text, key=1), AGENT), (f.VisitorWrite(text=text, key=1), VISITOR)):
        assert decoder.decode(encode(line)) == line
        assert len(encode(line)) <= FRAME_BYTES_MAX


def test_a_visitor_can_not_send_what_an_agent_may() -> None:
    with pytest.raises(msgspec.ValidationError):
        VISITOR.decode(b'{"type":"accept","offer":1}')


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PeerError("a"), "peer"),
        (NotFoundError("a"), "request"),
        (NotAllowedError("a"), "request"),
        (CapacityError("a", limit="limits.pages_max"), "capacity"),
    ],
)
def test_an_error_names_its_kind_the_request_and_the_contact(error: Exception, kind: str) -> None:
    frame = error_frame(error, f.Write(contact="c", text="hello", key=7))  # type: ignore[arg-type]
    assert (frame.kind, frame.error, frame.where, frame.contact, frame.key) == (kind, "a", "write", "c", 7)


def test_an_error_of_ours_shows_nothing_of_its_inside() -> None:
    frame = error_frame(InternalError("/etc/secret is broken"), f.Ready())
    assert "secret" not in frame.error
    assert frame.kind == "internal"


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_but_a_documented_error_comes_of_any_bytes(data: bytes) -> None:
    for decoder in (AGENT, VISITOR):
        try:
            decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            bad_frame(error)
