"""The grammar of session descriptions: what is read, what is refused with which line, and that print loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol.sdp import (
    Attribute,
    Connection,
    MediaDescription,
    Origin,
    SdpError,
    SessionDescription,
    Timing,
    parse,
    print_description,
)
from gateway.protocol.sdp import text as sdp_text
from tests.support.sdp_samples import ALL, sample

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"


def test_every_line_of_the_rfc_8866_example_is_kept():
    # RFC 8866 section 5.
    example = (
        "v=0\r\n"
        "o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n"
        "s=Call to John Smith\r\n"
        "i=SDP Offer #1\r\n"
        "u=http://www.jdoe.example.com/home.html\r\n"
        "e=Jane Doe <jane@jdoe.example.com>\r\n"
        "p=+1 617 555-6011\r\n"
        "c=IN IP4 198.51.100.1\r\n"
        "t=0 0\r\n"
        "m=audio 49170 RTP/AVP 0\r\n"
        "m=audio 49180 RTP/AVP 0\r\n"
        "m=video 51372 RTP/AVP 99\r\n"
        "c=IN IP6 2001:db8::2\r\n"
        "a=rtpmap:99 h263-1998/90000\r\n"
    )
    description = parse(example)
    assert print_description(description) == example
    assert description.origin.username == "jdoe"
    assert [media.port for media in description.media] == [49170, 49180, 51372]
    assert description.connection_of(description.media[2]) == Connection(address_type="IP6", address="2001:db8::2")
    assert description.connection_of(description.media[0]) == Connection(address="198.51.100.1")


@pytest.mark.parametrize("name", ALL)
def test_samples_are_read_and_survive_printing(name: str):
    description = parse(sample(name))
    assert parse(print_description(description)) == description
    assert description.media[0].kind == "audio"
    # Only the order of session lines may differ from the original, nothing may be missing.
    assert sorted(print_description(description).split()) == sorted(sample(name).split())


def test_lone_linefeeds_and_blank_lines_at_the_end_are_taken():
    description = parse(HEAD.replace("\r\n", "\n") + "m=audio 4000/2 RTP/AVP 0\n\r\n\n")
    assert description.media[0].port_count == 2


def test_missing_time_line_means_now():
    assert parse("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n").timings == (Timing(),)


def test_direction_comes_from_the_section_then_the_session():
    offer = parse(HEAD + "a=sendonly\r\nm=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\na=recvonly\r\n")
    assert [offer.direction_of(media) for media in offer.media] == ["sendonly", "recvonly"]
    assert parse(HEAD).direction_of(offer.media[0]) == "sendrecv"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", None, "empty"),
        ("\r\n\r\n", None, "empty"),
        ("o=- 1 1 IN IP4 192.0.2.1\r\n", 1, "begins with 'v=0'"),
        ("v=1\r\n", 1, "begins with 'v=0'"),
        ("v=0\r\ns=-\r\n", None, "no 'o='"),
        ("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", None, "no 's='"),
        ("v=0\r\no=- x 1 IN IP4 192.0.2.1\r\ns=-\r\n", 2, "must be numbers"),
        ("v=0\r\no=- 1 1 IN IP4\r\ns=-\r\n", 2, "o= needs"),
        (HEAD + "c=IN IP4\r\n", 5, "c= needs"),
        (HEAD + "t=0\r\n", 5, "t= needs"),
        (HEAD + "t=0 x\r\n", 5, "time is not a number"),
        (HEAD.replace("t=0 0\r\n", "r=1 2 3\r\nt=0 0\r\n"), 4, "without a t="),
        (HEAD + "s=again\r\n", 5, "second 's='"),
        (HEAD + "v=0\r\n", 5, "'v=' is unknown or not allowed"),
        (HEAD + "x=1\r\n", 5, "'x=' is unknown"),
        (HEAD + "nonsense\r\n", 5, "not of the form"),
        (HEAD + "\r\nm=audio 1 RTP/AVP 0\r\n", 5, "not of the form"),
        (HEAD + "a=b\rc\r\n", 5, "CR or NUL"),
        (HEAD + "a=b\0c\r\n", 5, "CR or NUL"),
        (HEAD + "a=:x\r\n", 5, "bad attribute name"),
        (HEAD + "m=audio 1 RTP/AVP\r\n", 5, "m= needs"),
        (HEAD + "m=audio 65536 RTP/AVP 0\r\n", 5, "port is not a number"),
        (HEAD + "m=audio -1 RTP/AVP 0\r\n", 5, "port is not a number"),
        (HEAD + "m=audio 1_0 RTP/AVP 0\r\n", 5, "port is not a number"),
        (HEAD + "m=audio ١ RTP/AVP 0\r\n", 5, "port is not a number"),
        (HEAD + "m=audio 1/ RTP/AVP 0\r\n", 5, "number of ports"),
        (HEAD + 'm=aud"io 1 RTP/AVP 0\r\n', 5, "bad kind or protocol"),
        (HEAD + "m=audio 1 RTP//AVP 0\r\n", 5, "bad kind or protocol"),
        (HEAD + "m=audio 1 RTP/AVP 0;1\r\n", 5, "bad format"),
        (HEAD + "m=audio 1 RTP/AVP 0\r\nt=0 0\r\n", 6, "'t=' is unknown or not allowed"),
        (HEAD + "m=audio 1 RTP/AVP 0\r\ni=a\r\ni=b\r\n", 7, "second 'i='"),
    ],
)
def test_faults_are_told_with_their_line(text: str, line: int | None, what: str):
    with pytest.raises(SdpError) as caught:
        parse(text)
    assert caught.value.line == line
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "a=" + "x" * sdp_text.TEXT_CHARS_MAX,
        HEAD + "a=x\r\n" * sdp_text.LINES_MAX,
        HEAD + "a=" + "x" * sdp_text.LINE_CHARS_MAX + "\r\n",
        HEAD + "m=audio 1 RTP/AVP 0\r\n" * (sdp_text.MEDIA_MAX + 1),
        HEAD + "a=x\r\n" * (sdp_text.ATTRIBUTES_MAX + 1),
        HEAD + "m=audio 1 RTP/AVP" + " 0" * (sdp_text.FORMATS_MAX + 1) + "\r\n",
    ],
)
def test_everything_has_a_limit(text: str):
    with pytest.raises(SdpError, match=r"longer than|more than"):
        parse(text)


words = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
tokens = st.text(st.sampled_from("abcXYZ019-.+_"), min_size=1, max_size=10)
values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=40)
ports = st.integers(0, 65_535)
numbers = st.integers(0, 2**64 - 1).map(str)
attributes = st.lists(st.builds(Attribute, tokens, st.none() | values), max_size=5).map(tuple)
connections = st.builds(Connection, network_type=tokens, address_type=tokens, address=words)
optional = st.none() | values
some = st.lists(values, max_size=2).map(tuple)
timings = st.builds(Timing, start=st.integers(0, 2**64 - 1), stop=st.integers(0, 2**64 - 1), repeats=some)
media = st.builds(
    MediaDescription,
    kind=tokens,
    port=ports,
    port_count=st.none() | ports,
    protocol=st.lists(tokens, min_size=1, max_size=3).map("/".join),
    formats=st.lists(tokens, min_size=1, max_size=4).map(tuple),
    title=optional,
    connections=st.lists(connections, max_size=2).map(tuple),
    bandwidths=some,
    key=optional,
    attributes=attributes,
)
descriptions = st.builds(
    SessionDescription,
    origin=st.builds(
        Origin,
        username=words,
        session_id=numbers,
        version=numbers,
        network_type=words,
        address_type=words,
        address=words,
    ),
    name=values,
    information=optional,
    uri=optional,
    emails=some,
    phones=some,
    connection=st.none() | connections,
    bandwidths=some,
    timings=st.lists(timings, min_size=1, max_size=3).map(tuple),
    zones=optional,
    key=optional,
    attributes=attributes,
    media=st.lists(media, max_size=3).map(tuple),
)


@given(descriptions)
def test_what_is_printed_reads_back_the_same(description: SessionDescription):
    text = print_description(description)
    assert parse(text) == description
    assert print_description(parse(text)) == text
