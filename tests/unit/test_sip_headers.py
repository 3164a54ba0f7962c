"""Headers of a SIP request, and who it says calls."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.errors import PeerError
from gateway.model.events import Customer
from gateway.sip.headers import read_name_address, read_request, split_list
from gateway.sip.identity import ANONYMOUS, NAME_CHARS_MAX, called_number, caller, read_uri


def request(*headers: str, uri: str = "sip:100@example.org") -> str:
    return "\r\n".join([f"INVITE {uri} SIP/2.0", *headers, "", "v=0\r\n"])


def who(*headers: str) -> Customer:
    return caller(read_request(request(*headers)))


def test_request_is_split() -> None:
    parsed = read_request(request("f: <sip:a@b>", "Subject: one\r\n  two", "P-Asserted-Identity: <tel:+1>"))
    assert (parsed.method, parsed.uri) == ("INVITE", "sip:100@example.org")
    assert parsed.first("from") == "<sip:a@b>"
    assert parsed.first("subject") == "one two"
    assert parsed.first("absent") is None
    assert parsed.body == "v=0\r\n"


@pytest.mark.parametrize("text", ["", "INVITE", "INVITE sip:a@b", "INVITE  sip:a@b SIP/2.0 x", "a b HTTP/1.1\r\n\r\n"])
def test_no_request(text: str) -> None:
    with pytest.raises(PeerError):
        read_request(text)


def test_too_many_headers() -> None:
    with pytest.raises(PeerError, match="more than"):
        read_request(request(*["X: 1"] * 1000))


def test_list_is_split_outside_quotes_and_brackets() -> None:
    value = '"A, \\"B\\"" <sip:a@b;x=1,2>, <tel:+1>,c'
    assert split_list(value) == ['"A, \\"B\\"" <sip:a@b;x=1,2>', "<tel:+1>", "c"]


@pytest.mark.parametrize(
    ("value", "name", "uri"),
    [
        ('"Anna \\"A\\" Berg" <sip:anna@example.org>;tag=1', 'Anna "A" Berg', "sip:anna@example.org"),
        ("Anna Berg <sip:anna@example.org>", "Anna Berg", "sip:anna@example.org"),
        ("<tel:+4930;phone-context=x>", "", "tel:+4930;phone-context=x"),
        ("sip:anna@example.org;tag=9", "", "sip:anna@example.org"),
    ],
)
def test_name_address(value: str, name: str, uri: str) -> None:
    found = read_name_address(value)
    assert found is not None
    assert (found.name, found.uri) == (name, uri)


def test_no_name_address() -> None:
    assert read_name_address("nonsense") is None


@pytest.mark.parametrize(
    ("uri", "user", "host"),
    [
        ("sip:+49-30.123(456)@Carrier.Example:5080;user=phone", "+4930123456", "carrier.example"),
        ("sips:anna.b@example.org", "anna.b", "example.org"),
        ("sip:+4930123;npdi;rn=1@example.org", "+4930123", "example.org"),
        ("sip:anna:secret@example.org", "anna", "example.org"),
        ("sip:%61nna@[2001:db8::1]:5060", "anna", "[2001:db8::1]"),
        ("tel:+49-30-123456;ext=9", "+4930123456", ""),
        ("sip:example.org", "", "example.org"),
    ],
)
def test_uri(uri: str, user: str, host: str) -> None:
    found = read_uri(uri)
    assert found is not None
    assert (found.user, found.host) == (user, host)


@pytest.mark.parametrize("uri", ["", "mailto:a@b", "sip:", "sip:a@", "sip:a@<>", "http://x"])
def test_no_uri(uri: str) -> None:
    assert read_uri(uri) is None


def test_called_number() -> None:
    assert called_number("sip:+49(30)100@example.org;user=phone") == "+4930100"
    assert called_number("tel:100") == "100"
    assert called_number("sip:hotline@example.org") == "hotline"
    for bad in ("sip:example.org", "sip:" + "1" * 200 + "@x", "urn:service:sos", "sip:%20@x"):
        with pytest.raises(PeerError):
            called_number(bad)


@pytest.mark.parametrize(
    ("headers", "address", "name"),
    [
        (['From: "Anna" <sip:+4930123456@c.example>;tag=1'], "tel:+4930123456", "Anna"),
        (["From: <sip:004930123456@c.example>"], "tel:+4930123456", "+4930123456"),
        (["From: <sip:030123456@C.example:5070>"], "sip:030123456@c.example", "030123456"),
        (["From: <sip:anna@example.org>"], "sip:anna@example.org", "anna"),
        (["From: <tel:+4930123456>"], "tel:+4930123456", "+4930123456"),
        (['From: "Anna" <sip:x@y>', "P-Asserted-Identity: <sip:+49301@c>"], "tel:+49301", "Anna"),
        (["From: <sip:x@y>", 'P-Asserted-Identity: "A, B" <sip:a@c>, <tel:+49301>'], "tel:+49301", "+49301"),
        (["From: <sip:x@y>", "P-Asserted-Identity: broken", "P-Asserted-Identity: <sip:a@c>"], "sip:a@c", "a"),
    ],
)
def test_caller(headers: list[str], address: str, name: str) -> None:
    assert who(*headers) == Customer(address=address, name=name)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["From: nonsense"],
        ["From: <sip:anonymous@anonymous.invalid>"],
        ["From: <sip:c.example>"],
        ["From: <sip:+4930@c>", "Privacy: none;id"],
        ["From: <sip:+4930@c>", "P-Asserted-Identity: <tel:+4930>", "Privacy: user"],
    ],
)
def test_anonymous(headers: list[str]) -> None:
    assert who(*headers) == ANONYMOUS


def test_privacy_none_hides_nothing() -> None:
    assert who("From: <sip:+4930123@c>", "Privacy: none").address == "tel:+4930123"


def test_names_are_made_fit_for_logs() -> None:
    customer = who(f'From: "a\x1b[31m\u202e{"b" * 500}" <sip:a%0Ab@c>')
    assert customer.name.isprintable()
    assert len(customer.name) <= NAME_CHARS_MAX
    assert customer.address.isprintable()


@given(st.text(max_size=400))
def test_any_text_as_header_is_read_or_refused(text: str) -> None:
    """Documented errors only, whatever the trunk sends."""
    try:
        customer = caller(read_request(request(f"From: {text}", f"P-Asserted-Identity: {text}", uri="sip:1@x")))
    except PeerError:
        return
    assert customer.name
    assert customer.name.isprintable()
    assert customer.address.partition(":")[0] in ("tel", "sip")


@given(st.text(max_size=200))
def test_any_text_as_uri_is_read_or_refused(text: str) -> None:
    for uri in (text, f"sip:{text}", f"tel:{text}", f"sip:{text}@example.org"):
        with contextlib.suppress(PeerError):
            assert called_number(uri)
