"""The tables.  ``contact_events`` and ``agent_states`` are what happened and only grow; ``contacts``, ``chat_lines``
and ``recordings`` are projections of it that `gateway.storage.projection` keeps.

Times are nanoseconds since the Unix epoch.  A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column of exactly this type."""


def _contact(*, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(
        "contact", String(36), ForeignKey("contacts.contact"), nullable=nullable, primary_key=primary_key, index=False
    )


contacts = Table(
    "contacts",
    metadata,
    Column("contact", String(36), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("customer_address", Text, nullable=False),
    Column("customer_name", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("opened_ns", BigInteger, nullable=False),
    Column("agent", String(64)),
    Column("answered_ns", BigInteger),
    Column("waited_ms", BigInteger),  # from opened to answered, or to the end if nobody answered
    Column("talk_ms", BigInteger),  # from answered to the end
    Column("ended_ns", BigInteger),
    Column("ended_by", String(16)),
    Column("end_cause", String(32)),
    Column("outcome", Text),
    Column("note", Text),
    Column("customer_opinion", Float),  # mean opinion score of each side's sound, as it came
    Column("agent_opinion", Float),
    Index(None, "opened_ns"),
    Index(None, "agent", "opened_ns"),
    Index(None, "customer_address", "opened_ns"),
    Index(None, "ended_ns"),
)

contact_events = Table(
    "contact_events",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),  # order over all contacts
    _contact(),
    Column("at_ns", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("event", Text, nullable=False),  # the whole event as JSON
    Index(None, "contact", "seq"),
)

chat_lines = Table(
    "chat_lines",
    metadata,
    _contact(primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("author", String(16), nullable=False),
    Column("agent", String(64)),
    Column("text", Text, nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    Column("recording", String(36), primary_key=True),
    _contact(),
    Column("agent", String(64), nullable=False),
    Column("path", Text, nullable=False),  # relative to the recordings folder
    Column("at_ns", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Index(None, "contact", "at_ns"),
)

agent_states = Table(
    "agent_states",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("agent", String(64), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_ns", BigInteger),
    Column("contact", String(36)),
    Index(None, "agent", "at_ns"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("agent", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),  # argon2id in PHC string format
    Column("changed_ns", BigInteger, nullable=False),
)
