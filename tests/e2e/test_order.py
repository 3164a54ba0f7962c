"""Ten callers, two agents: each is served once, in the order of arrival, and both sides' books agree."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

from tests.support import sipp
from tests.support.chromium import chromium
from tests.support.pages import AgentDesk, agent_desk
from tests.support.sipp_scenario import Scenario
from tests.support.zentrale import zentrale

CALLERS = 10


async def serve(desk: AgentDesk, served: list[str]) -> None:
    """Take whatever rings, for ever."""
    while True:
        served.append(await desk.accept())
        await desk.sees_state("call", "talking")
        await desk.click("hang-up")
        await desk.sees_no("call")


async def test_ten_callers_are_served_once_each_in_order(tmp_path: Path) -> None:
    caller = '"Caller [call_number]" <sip:+493012[call_number]@[local_ip]:[local_port]>'
    scenario = Scenario("wait", caller=caller).invite().expect(200).ack().receive("BYE", timeout_ms=60_000)
    async with zentrale(tmp_path / "z", wrap_up_ms=0) as gateway, chromium() as browser:
        desks = [await agent_desk(browser, gateway, agent) for agent in ("anna", "ben")]
        served: list[str] = []
        agents = [asyncio.create_task(serve(desk, served)) for desk in desks]
        async with sipp.running(scenario, gateway.sip, calls=CALLERS, rate=20, limit=CALLERS, timeout_s=90) as carrier:
            await carrier.finished(within_s=90)
        for agent in agents:
            agent.cancel()
        await asyncio.gather(*agents, return_exceptions=True)
        await gateway.until_rows("SELECT 1 FROM contacts WHERE ended_ns IS NOT NULL", count=CALLERS)

        contacts = gateway.contacts()
        order = [contact["contact"] for contact in contacts]
        assert len(order) == CALLERS
        assert sorted(served) == sorted(order), "each was served once, none twice, none lost"
        offered = gateway.rows("SELECT contact FROM contact_events WHERE kind='ContactOffered' ORDER BY at_ns, seq")
        assert [row["contact"] for row in offered] == order, "in the order of arrival"
        numbers = [f"tel:+493012{number}" for number in range(1, CALLERS + 1)]
        assert [contact["customer_address"] for contact in contacts] == numbers, (
            "which is the order in which SIPp called"
        )
        assert {contact["agent"] for contact in contacts} == {"anna", "ben"}
        assert all(contact["answered_ns"] and contact["end_cause"] == "hung_up" for contact in contacts)
        statistics = carrier.statistics()
        assert int(statistics["OutgoingCall(C)"]) == len(contacts)
        assert int(statistics["SuccessfulCall(C)"]) == CALLERS
        assert int(statistics["FailedCall(C)"]) == 0
        # No agent ever had two at once.
        for agent in ("anna", "ben"):
            spans = sorted((c["answered_ns"], c["ended_ns"]) for c in contacts if c["agent"] == agent)
            assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
