"""Whole calls between SIPp, as the trunk, and the SIP edge, over UDP and TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.model.clock import SystemClock
from gateway.model.events import EndCause
from gateway.sip.edge import SipEdge
from gateway.sip.stack import Timers
from tests.support import sipp
from tests.support.fake_contacts import FakeContacts
from tests.support.fake_plane import FakePlane
from tests.support.sipp_scenario import Scenario

LOOPBACK = TrunkConfig(name="loopback", networks=["127.0.0.1/32"])


async def test_call_ended_by_the_caller() -> None:
    plane, contacts = FakePlane(), FakeContacts()
    edge = SipEdge(SipConfig(port=0), [LOOPBACK], contacts, plane, LimitsConfig(), SystemClock())
    await edge.start()
    try:
        await sipp.run(Scenario("call").invite().expect(200, "RTP/AVP 8 101").ack().pause(100).bye(), edge.address)
        call = contacts.calls[0]
        assert call.ended is EndCause.HUNG_UP
        assert call.called == "100"
        assert call.customer.address == "tel:+4930123456"
        print(plane.peers)
    finally:
        await edge.stop()
