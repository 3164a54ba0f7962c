"""Sign-in cookies, token buckets and names typed by strangers."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from gateway.api.limits import Bucket, Buckets
from gateway.api.sessions import Sessions
from gateway.chat.visitors import clean_name
from gateway.model.clock import SECOND
from gateway.model.ids import AgentId
from tests.support.session_world import HandClock

ANNA = AgentId("anna")


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_read_back_also_by_the_next_process() -> None:
    clock = HandClock()
    session, cookie = Sessions(b"k" * 32, clock, hours=1).start(ANNA)
    assert Sessions(b"k" * 32, clock, hours=1).read(cookie) == session


def test_a_session_ends_by_time() -> None:
    clock = HandClock()
    sessions = Sessions(b"k" * 32, clock, hours=1)
    _, cookie = sessions.start(ANNA)
    clock.ns += 3600 * SECOND - 1
    assert sessions.read(cookie) is not None
    clock.ns += 1
    assert sessions.read(cookie) is None


def test_a_session_ends_by_signing_out_and_no_other_with_it() -> None:
    sessions = Sessions(b"k" * 32, HandClock(), hours=1)
    first, first_cookie = sessions.start(ANNA)
    _, second_cookie = sessions.start(ANNA)
    sessions.end(first)
    assert sessions.read(first_cookie) is None
    assert sessions.read(second_cookie) is not None


def test_a_cookie_of_another_key_or_a_changed_one_is_worth_nothing() -> None:
    clock = HandClock()
    sessions = Sessions(b"k" * 32, clock, hours=1)
    _, cookie = sessions.start(ANNA)
    assert Sessions(b"j" * 32, clock, hours=1).read(cookie) is None
    for index in range(len(cookie)):
        changed = cookie[:index] + ("A" if cookie[index] != "A" else "B") + cookie[index + 1 :]
        assert sessions.read(changed) is None
    assert sessions.read(cookie + "\n") is None
    assert sessions.read(None) is None
    assert sessions.read("ü" * 10) is None
    assert sessions.read(cookie) is not None


def test_another_spelling_of_a_cookie_is_worth_nothing() -> None:
    """The bits of base64's last letter that carry nothing are looked at, too, whatever the letter is this time."""
    sessions = Sessions(b"k" * 32, HandClock(), hours=1)
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    for _ in range(8):
        _, cookie = sessions.start(ANNA)
        body = cookie.rstrip("=")
        unused = alphabet[alphabet.index(body[-1]) + 1]
        assert len(body) < len(cookie)
        assert sessions.read(body[:-1] + unused + cookie[len(body) :]) is None


@given(st.text(max_size=200))
def test_any_cookie_is_only_refused(cookie: str) -> None:
    assert Sessions(b"k" * 32, HandClock(), hours=1).read(cookie) is None


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    clock = Seconds()
    bucket = Bucket(per_second=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s == 1
    clock.now += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.now += 1000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_buckets_keep_keys_apart_and_forget_the_oldest() -> None:
    buckets = Buckets(per_minute=1, keys_max=2, clock=Seconds())
    assert buckets.take("a")
    assert not buckets.take("a")
    assert buckets.take("b")
    assert buckets.take("c")
    assert buckets.take("a"), "forgotten in favour of newer ones, so it begins anew"
    assert not buckets.take("c")


def test_a_stranger_s_name_is_one_plain_line() -> None:
    assert clean_name("  Vera\n\tKlein \x00\u202e ") == "Vera Klein"
    assert len(clean_name("x" * 500)) == 80
