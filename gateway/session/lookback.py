"""What earlier contacts of the same customer mean for this one: the agent who knows them, the channel that failed them.

The database is asked while a caller hears the greeting; a caller who is through it sooner, or a database that is slow
or broken, means a contact without such favours, never one that waits for them.
"""

from __future__ import annotations

import asyncio
import logging

from gateway.model.clock import MS
from gateway.model.errors import ZentraleError
from gateway.model.ports import ContactRecord, Store
from gateway.session.contact import Contact
from gateway.session.floor import Floor

log = logging.getLogger(__name__)

CONTACTS_MAX = 20
"""How many of the customer's contacts are looked at, the newest."""
LIMIT_S = 0.5
HOUR_NS = 3_600_000 * MS
NOBODY = ".invalid"
"""How addresses of callers end who do not want to be known (RFC 3323 4.1.1.3, RFC 2606): they are not one customer."""


class LookBack:
    def __init__(self, floor: Floor, store: Store) -> None:
        self._floor = floor
        self._store = store

    async def __call__(self, contact: Contact) -> None:
        """Note `Contact.preferred` and `Contact.bonus_ms`.  Never raises for what the database does."""
        queue = contact.queue
        if not queue.last_agent_hours and not queue.other_channel_hours:
            return
        if contact.customer.address.endswith(NOBODY):
            return
        try:
            async with asyncio.timeout(LIMIT_S):
                records = await self._store.contacts(customer_address=contact.customer.address, limit=CONTACTS_MAX + 1)
        except (ZentraleError, TimeoutError) as error:
            log.warning("the history of contact %s can't be read: %s", contact.id, error or "it takes too long")
            return
        self._note(contact, [record for record in records if record.contact != contact.id])

    def _note(self, contact: Contact, records: list[ContactRecord]) -> None:
        queue, now_ns = contact.queue, self._floor.clock.now_ns()
        for record in records:
            age_ns = now_ns - (record.ended_ns or record.opened_ns)
            spoke = record.agent is not None and record.answered_ns is not None
            if contact.preferred is None and spoke and within(queue.last_agent_hours, age_ns):
                seat = self._floor.seats.get(record.agent) if record.agent is not None else None
                if seat is not None and queue.name in seat.config.queues:
                    contact.preferred = record.agent
            if record.channel is not contact.channel and within(queue.other_channel_hours, age_ns):
                contact.bonus_ms = queue.other_channel_bonus_ms


def within(hours: int, age_ns: int) -> bool:
    return bool(hours) and age_ns <= hours * HOUR_NS
