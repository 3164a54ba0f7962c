"""STUN as the plane reads and answers it, against the vectors of RFC 5769 and damaged messages of all kinds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.media._wire import answer_stun, parse_stun
from tests.support.media_peers import StunResponse, stun_request

# RFC 5769 2.1
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


def test_the_request_of_rfc_5769() -> None:
    message = parse_stun(REQUEST, PASSWORD)
    assert message == {
        "type": 1,
        "transaction": bytes.fromhex("b7e7a701bc34d686fa87dfae"),
        "username": b"evtj:h6vY",
        "authentic": True,
        "fingerprint": True,
        "use_candidate": False,
        "controlled": True,
        "controlling": False,
        "unknown": [],
    }


def test_another_password_does_not_fit() -> None:
    message = parse_stun(REQUEST, PASSWORD + b"x")
    assert message is not None
    assert not message["authentic"]


def test_an_ipv4_answer_has_the_address_of_rfc_5769() -> None:
    """2.2 maps 192.0.2.1 port 32853 for the same transaction."""
    answer = answer_stun(REQUEST, "192.0.2.1", 32853, PASSWORD)
    assert bytes.fromhex("0020000800 01a147e112a643".replace(" ", "")) in answer
    response = StunResponse.parse(answer, PASSWORD.decode())
    assert (response.kind, response.mapped) == (0x0101, ("192.0.2.1", 32853))


def test_an_ipv6_answer_has_the_address_of_rfc_5769() -> None:
    """2.3 maps 2001:db8:1234:5678:11:2233:4455:6677 port 32853."""
    answer = answer_stun(REQUEST, "2001:db8:1234:5678:11:2233:4455:6677", 32853, PASSWORD)
    assert bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9") in answer


def test_an_error_names_its_code() -> None:
    response = StunResponse.parse(answer_stun(REQUEST, "192.0.2.1", 1, None, 401, b"Unauthenticated"), None)
    assert (response.kind, response.error) == (0x0111, 401)
    assert 0x0008 not in response.attributes


@given(st.integers(0, len(REQUEST) - 1), st.integers(1, 255))
def test_no_damaged_octet_goes_unnoticed(at: int, change: int) -> None:
    damaged = REQUEST[:at] + bytes([REQUEST[at] ^ change]) + REQUEST[at + 1 :]
    message = parse_stun(damaged, PASSWORD)
    assert message is None or not (message["authentic"] and message["fingerprint"])


@given(st.binary(max_size=200), st.booleans())
def test_any_octets_are_a_message_or_none(body: bytes, framed: bool) -> None:
    if framed:
        body = body[: len(body) & ~3]
        body = b"\0\1" + len(body).to_bytes(2) + bytes.fromhex("2112a442") + bytes(12) + body
    parse_stun(body, PASSWORD)


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=100), st.booleans())
def test_what_our_own_writer_wrote_is_read(username: str, nominate: bool) -> None:
    message = parse_stun(stun_request(username, "secret", use_candidate=nominate), b"secret")
    assert message is not None
    assert message["username"] == username.encode()
    assert (message["authentic"], message["use_candidate"], message["controlling"]) == (True, nominate, True)


def test_attributes_behind_the_integrity_are_not_believed() -> None:
    good = stun_request("a:b", "secret")
    integrity_at = good.index(b"\x00\x08\x00\x14")
    extra = b"\x00\x25\x00\x00"
    body = good[20 : integrity_at + 24] + extra
    message = parse_stun(good[:2] + len(body).to_bytes(2) + good[4:20] + body, b"secret")
    assert message is not None
    assert not message["use_candidate"]
