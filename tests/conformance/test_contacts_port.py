"""One suite for the session's customer side as edges see it: `ContactService`, and the fake in edges' tests.

The fake is stricter in one thing: edges tell the end of a call once, so it fails when told twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.model.errors import NotFoundError
from gateway.model.events import EndCause
from gateway.model.ids import Channel
from tests.support.fake_contacts import FakeContacts
from tests.support.fake_media import FakeMediaPlane
from tests.support.session_world import CALLER, FakeLine, world


class Case:
    def __init__(self, contacts: Any, media: FakeMediaPlane) -> None:
        self.contacts = contacts
        self.line = FakeLine(media)

    async def open(self) -> str:
        queue = self.contacts.queue_for_number("100")
        return str(
            await self.contacts.open_call(self.line, channel=Channel.PHONE, queue=queue, customer=CALLER, called="100")
        )


@pytest.fixture(params=["fake", "session"])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    if request.param == "fake":
        yield Case(FakeContacts(), FakeMediaPlane())
        return
    async with world(tmp_path) as floor:
        yield Case(floor.contacts, floor.media)


async def test_a_number_that_nobody_answers_is_refused(case: Case) -> None:
    with pytest.raises(NotFoundError, match="999"):
        case.contacts.queue_for_number("999")


async def test_a_call_is_answered_and_gets_a_name(case: Case) -> None:
    assert await case.open()
    assert case.line.answered
    assert case.line.ended is None


async def test_a_caller_who_left_meanwhile_is_a_contact_all_the_same(case: Case) -> None:
    case.line.leave()
    assert await case.open()
    assert case.line.ended is None, "there is nobody left to say goodbye to"


async def test_digits_and_the_end_may_come_at_any_time_after(case: Case) -> None:
    await case.open()
    case.contacts.digit_received(case.line, "5", 100)
    case.line.leave()
    case.contacts.line_ended(case.line, EndCause.HUNG_UP)
    case.contacts.digit_received(case.line, "6", 100)
