"""Keys in session descriptions (RFC 4568): which lines are taken, which are left out and why, offer and answer."""

from __future__ import annotations

import base64
import secrets
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from gateway.protocol.sdp import KEY_OCTETS, NoSrtpError, SdpError, SrtpTerms, accept_answer, answer_audio, parse
from gateway.protocol.sdp.audio import offer_audio
from gateway.protocol.sdp.crypto import SUITES, read_crypto

Use = Literal["no", "optional", "required"]

HEAD = "v=0\r\no=- 7 9 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
KEY_30 = base64.b64encode(bytes(range(30))).decode()
KEY_28 = base64.b64encode(bytes(range(28))).decode()
OWN = {suite: secrets.token_bytes(octets) for suite, octets in KEY_OCTETS.items()}
CODECS = (Codec.PCMA,)


def terms(use: Use, suites: tuple[str, ...] = SUITES) -> SrtpTerms:
    return SrtpTerms(use=use, suites=suites, own_key=OWN.__getitem__)


def offered(*crypto: str, protocol: str = "RTP/SAVP") -> str:
    lines = "".join(f"a=crypto:{line}\r\n" for line in crypto)
    return f"{HEAD}m=audio 4000 {protocol} 8\r\n{lines}"


def answer(offer: str, use: Use = "optional", suites: tuple[str, ...] = SUITES) -> tuple[str, RtpPeer]:
    return answer_audio(
        parse(offer), address="192.0.2.9", port=20_000, codecs=CODECS, session_id=1, srtp=terms(use, suites)
    )


def test_a_line_is_answered_with_its_tag_its_suite_and_our_key():
    text, peer = answer(offered(f"7 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}"))
    own = base64.b64encode(OWN["AES_CM_128_HMAC_SHA1_80"]).decode()
    assert "m=audio 20000 RTP/SAVP 8\r\n" in text
    assert f"a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{own}\r\n" in text
    assert peer.srtp is not None
    assert peer.srtp.profile == "AES_CM_128_HMAC_SHA1_80"
    assert (peer.srtp.send, peer.srtp.receive) == (OWN["AES_CM_128_HMAC_SHA1_80"], bytes(range(30)))


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_is_taken(suite: str):
    key = base64.b64encode(bytes(KEY_OCTETS[suite])).decode()
    _, peer = answer(offered(f"1 {suite} inline:{key}"), "required")
    assert peer.srtp is not None
    assert peer.srtp.profile == suite
    assert peer.srtp.receive == bytes(KEY_OCTETS[suite])


def test_the_offerer_s_order_decides():
    lines = (f"1 AES_CM_128_HMAC_SHA1_32 inline:{KEY_30}", f"2 AEAD_AES_128_GCM inline:{KEY_28}")
    assert answer(offered(*lines))[1].srtp.profile == "AES_CM_128_HMAC_SHA1_32"  # type: ignore[union-attr]
    assert answer(offered(*lines), suites=("AEAD_AES_128_GCM",))[1].srtp.profile == "AEAD_AES_128_GCM"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1 AES_CM_128_HMAC_SHA1_80", "not of the form"),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY_30}", "unknown suite F8_128_HMAC_SHA1_80"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_28}", "has 28 octets, the suite wants 30"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:%%%%", "not base64"),
        (f"1 AES_CM_128_HMAC_SHA1_80 uri:{KEY_30}", "not 'inline'"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}|2^20|1:4", "MKI"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}|1:4", "MKI"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}|2^10", "lifetime"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}|2^49", "lifetime"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}|often", "lifetime"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30};inline:{KEY_30}", "several keys"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30} UNENCRYPTED_SRTP", "UNENCRYPTED_SRTP"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30} KDR=1", "KDR"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline: {KEY_30}", "session parameter of unknown name"),
        (f"1 {KEY_30} AES_CM_128_HMAC_SHA1_80", "unknown suite"),
    ],
)
def test_what_can_t_be_used_is_refused_with_its_reason_and_without_its_key(line: str, reason: str):
    with pytest.raises(NoSrtpError, match=reason) as refusal:
        answer(offered(line))
    assert KEY_30[:12] not in str(refusal.value)
    assert KEY_28[:12] not in str(refusal.value)


@pytest.mark.parametrize("rest", ["|2^20", "|2^48", "|1048576", " WSH=64", " -KDR=1", ""])
def test_what_changes_nothing_is_taken(rest: str):
    key, _, parameters = rest.partition(" ")
    assert answer(offered(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}{key} {parameters}"))[1].srtp is not None


def test_an_unusable_line_leaves_the_next_one_standing():
    _, peer = answer(
        offered(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}|1:4", f"2 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}")
    )
    assert peer.srtp is not None


def test_a_tag_that_comes_twice_counts_once():
    lines, reasons = read_crypto(
        parse(offered(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}", f"1 AEAD_AES_128_GCM inline:{KEY_28}")).media[0]
    )
    assert [line.suite for line in lines] == ["AES_CM_128_HMAC_SHA1_80"]
    assert "twice" in reasons[0]


@pytest.mark.parametrize(
    ("use", "protocol", "crypto", "outcome"),
    [
        ("no", "RTP/AVP", False, "clear"),
        ("no", "RTP/AVP", True, "clear"),
        ("no", "RTP/SAVP", True, "refused"),
        ("optional", "RTP/AVP", False, "clear"),
        ("optional", "RTP/AVP", True, "srtp"),
        ("optional", "RTP/SAVP", True, "srtp"),
        ("optional", "RTP/SAVPF", True, "srtp"),
        ("optional", "RTP/SAVP", False, "refused"),
        ("required", "RTP/AVP", False, "refused"),
        ("required", "RTP/AVP", True, "srtp"),
        ("required", "RTP/SAVP", True, "srtp"),
        ("required", "UDP/TLS/RTP/SAVP", True, "refused"),
    ],
)
def test_what_the_trunk_wants_decides(use: Use, protocol: str, crypto: bool, outcome: str):
    offer = offered(*([f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}"] if crypto else []), protocol=protocol)
    if outcome == "refused":
        with pytest.raises(SdpError):
            answer(offer, use)
        return
    text, peer = answer(offer, use)
    assert (peer.srtp is not None) == (outcome == "srtp") == ("a=crypto" in text)
    assert f" {protocol} " in text


def test_of_two_sections_the_one_with_srtp_is_taken_and_the_other_refused():
    offer = (
        f"{HEAD}m=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/SAVP 8\r\n"
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}\r\n"
    )
    text, peer = answer(offer)
    assert peer.port == 4002
    assert "m=audio 0 RTP/AVP 8" in text
    assert "m=audio 20000 RTP/SAVP 8" in text
    assert answer(offer, "no")[1].port == 4000


def offer(use: Use) -> str:
    return offer_audio(address="192.0.2.9", port=20_000, codecs=CODECS, session_id=1, srtp=terms(use))


def test_our_offer_names_all_suites_and_the_answer_picks_one():
    assert "m=audio 20000 RTP/SAVP 8 101" in offer("required")
    assert "m=audio 20000 RTP/AVP 8 101" in offer("optional")
    assert "a=crypto" not in offer("no")
    assert [line.split()[1] for line in offer("required").split("\r\n") if line.startswith("a=crypto")] == list(SUITES)
    peer = accept_answer(
        parse(offered(f"2 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}")), codecs=CODECS, srtp=terms("required")
    )
    assert peer.srtp is not None
    assert (peer.srtp.send, peer.srtp.receive) == (OWN["AES_CM_128_HMAC_SHA1_80"], bytes(range(30)))


@pytest.mark.parametrize(
    "answered",
    [
        offered(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}"),  # tag 1 was another suite
        offered(f"9 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}"),
        offered(f"2 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}", f"1 AEAD_AES_128_GCM inline:{KEY_28}"),
        offered(),
        offered(protocol="RTP/AVP"),
    ],
)
def test_an_answer_that_does_not_fit_our_offer_is_refused(answered: str):
    with pytest.raises(NoSrtpError):
        accept_answer(parse(answered), codecs=CODECS, srtp=terms("required"))


def test_an_optional_offer_may_be_answered_in_clear():
    peer = accept_answer(parse(offered(protocol="RTP/AVP")), codecs=CODECS, srtp=terms("optional"))
    assert peer.srtp is None


def test_keys_are_in_no_repr():
    _, peer = answer(offered(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_30}"))
    for thing in (peer, peer.srtp, read_crypto(parse(offered(f"1 AEAD_AES_128_GCM inline:{KEY_28}")).media[0])):
        assert "\\x01" not in repr(thing)


def test_ports_of_rtcp():
    plain = HEAD + "m=audio 4000 RTP/AVP 8\r\n"
    assert answer(plain)[1].rtcp_port is None
    assert answer(plain + "a=rtcp:4010\r\n")[1].rtcp_port == 4010
    assert answer(plain + "a=rtcp:4010 IN IP4 192.0.2.7\r\n")[1].rtcp_port == 4010
    assert answer(plain + "a=rtcp:99999\r\n")[1].rtcp_port is None
    text, peer = answer(plain + "a=rtcp-mux\r\n")
    assert peer.rtcp_mux
    assert "a=rtcp-mux" in text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=80), max_size=6))
def test_any_line_is_taken_or_left_out(lines: list[str]):
    usable, reasons = read_crypto(parse(offered(*lines)).media[0])
    assert len(usable) + len(reasons) == len(lines)
