"""What the session keeps of a call's sound."""

from __future__ import annotations

from pathlib import Path

from gateway.config.schema import AgentConfig, Config, NumberConfig, QueueConfig
from gateway.model import events as ev
from gateway.model.ids import LegId
from gateway.model.media import (
    AudioAlarm,
    AudioAlarmChanged,
    DtmfPolicy,
    LegClosed,
    LegStatistics,
    QualityMeasured,
)
from tests.support.session_world import ANNA, SUPPORT, world


def measured(leg: LegId, opinion: float, *, received: int = 500, lost: int = 0) -> QualityMeasured:
    return QualityMeasured(
        leg=leg,
        interval_ms=10_000,
        packets_received=received,
        packets_lost=lost,
        jitter_us=2000,
        round_trip_us=None,
        opinion=opinion,
        far_loss=None,
        far_opinion=None,
    )


async def test_each_side_s_opinion_is_kept_when_its_leg_has_closed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.ready(ANNA)
        line, contact, leg = await here.talk()
        for opinion, packets in ((4.4, 300), (2.4, 100)):
            here.media.report(measured(line.leg, opinion, received=packets))
        here.media.report(measured(leg, 4.2))
        assert here.of(ev.QualityRecorded) == []
        statistics = LegStatistics(
            packets_received=380, packets_lost=20, jitter_us=3000, round_trip_us=40_000, opinion=3.7
        )
        here.media.report(LegClosed(leg=line.leg, statistics=statistics))
        here.media.report(LegClosed(leg=leg, statistics=LegStatistics(packets_received=500, opinion=4.2)))
        customer, agent = here.of(ev.QualityRecorded)
        assert (customer.party, customer.opinion, customer.opinion_worst) == (ev.Party.CUSTOMER, 3.9, 2.4)
        assert (customer.loss_permille, customer.jitter_us, customer.round_trip_us) == (50, 3000, 40_000)
        assert (agent.party, agent.opinion, agent.round_trip_us) == (ev.Party.AGENT, 4.2, None)
        await here.session.flushed()
        record = await here.store.contact(contact)
        assert record is not None
        assert (record.customer_opinion, record.agent_opinion) == (3.9, 4.2)


async def test_a_leg_that_was_never_measured_leaves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        line, _ = await here.call()
        here.media.report(measured(line.leg, 4.4, received=0))
        here.leave(line)
        here.media.deliver()
        assert here.of(ev.QualityRecorded) == []


async def test_a_short_call_is_judged_as_a_whole(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        line, _ = await here.call()
        statistics = LegStatistics(packets_received=90, packets_lost=10, jitter_us=1000, opinion=3.5)
        here.media.report(LegClosed(leg=line.leg, statistics=statistics))
        (recorded,) = here.of(ev.QualityRecorded)
        assert (recorded.opinion, recorded.opinion_worst, recorded.loss_permille) == (3.5, 3.5, 100)


async def test_less_than_a_second_is_not_judged(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        line, _ = await here.call()
        here.media.report(LegClosed(leg=line.leg, statistics=LegStatistics(packets_received=49, opinion=4.4)))
        assert here.of(ev.QualityRecorded) == []


async def test_alarms_are_in_the_timeline(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.ready(ANNA)
        line, contact, _ = await here.talk()
        for active in (True, False):
            here.media.report(AudioAlarmChanged(leg=line.leg, alarm=AudioAlarm.ONE_WAY, active=active, after_ms=10_000))
        raised = here.last(ev.AudioAlarmRaised)
        assert (raised.contact, raised.party, raised.alarm, raised.after_ms) == (
            contact,
            ev.Party.CUSTOMER,
            "one_way",
            10_000,
        )
        assert here.last(ev.AudioAlarmEnded).alarm == "one_way"


async def test_the_queue_says_whether_digits_are_passed_or_blocked(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.ready(ANNA)
        line, _, _ = await here.talk()
        assert here.media.of(line.leg, "set_dtmf_policy") == [("set_dtmf_policy", line.leg, DtmfPolicy.TRANSLATE)]


async def test_a_queue_that_blocks_digits_blocks_them_for_the_conversation(tmp_path: Path) -> None:
    config = Config(
        queues=[QueueConfig(name=SUPPORT, title="Support", digits="block")],
        numbers=[NumberConfig(number="100", queue=SUPPORT)],
        agents=[AgentConfig(login=ANNA, name="Anna", queues=[SUPPORT])],
    )
    async with world(tmp_path, config) as here:
        here.ready(ANNA)
        line, contact = await here.call()
        assert here.media.of(line.leg, "set_dtmf_policy") == [], "while the caller waits, digits are anybody's"
        await here.agents.accept(ANNA, here.ringing(ANNA))
        here.agents.attach_leg(ANNA, contact, here.agent_leg())
        assert here.media.of(line.leg, "set_dtmf_policy") == [("set_dtmf_policy", line.leg, DtmfPolicy.BLOCK)]
