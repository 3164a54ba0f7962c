"""The first tables: contacts with their timelines, transcripts and recordings, agents' states and passwords."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_accounts"),
    )
    op.create_table(
        "agent_states",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until_ns", sa.BigInteger()),
        sa.Column("contact", sa.String(length=36)),
        sa.PrimaryKeyConstraint("seq", name="pk_agent_states"),
    )
    op.create_index("ix_agent_states_agent_at_ns", "agent_states", ["agent", "at_ns"])
    op.create_table(
        "contacts",
        sa.Column("contact", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("customer_address", sa.Text(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.String(length=64)),
        sa.Column("answered_ns", sa.BigInteger()),
        sa.Column("waited_ms", sa.BigInteger()),
        sa.Column("talk_ms", sa.BigInteger()),
        sa.Column("ended_ns", sa.BigInteger()),
        sa.Column("ended_by", sa.String(length=16)),
        sa.Column("end_cause", sa.String(length=32)),
        sa.Column("outcome", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("contact", name="pk_contacts"),
    )
    op.create_index("ix_contacts_agent_opened_ns", "contacts", ["agent", "opened_ns"])
    op.create_index("ix_contacts_customer_address_opened_ns", "contacts", ["customer_address", "opened_ns"])
    op.create_index("ix_contacts_ended_ns", "contacts", ["ended_ns"])
    op.create_index("ix_contacts_opened_ns", "contacts", ["opened_ns"])
    op.create_table(
        "chat_lines",
        sa.Column("contact", sa.String(length=36), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.String(length=64)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contacts.contact"], name="fk_chat_lines_contact"),
        sa.PrimaryKeyConstraint("contact", "line", name="pk_chat_lines"),
    )
    op.create_table(
        "contact_events",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("contact", sa.String(length=36), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contacts.contact"], name="fk_contact_events_contact"),
        sa.PrimaryKeyConstraint("seq", name="pk_contact_events"),
    )
    op.create_index("ix_contact_events_contact_seq", "contact_events", ["contact", "seq"])
    op.create_table(
        "recordings",
        sa.Column("recording", sa.String(length=36), nullable=False),
        sa.Column("contact", sa.String(length=36), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contacts.contact"], name="fk_recordings_contact"),
        sa.PrimaryKeyConstraint("recording", name="pk_recordings"),
    )
    op.create_index("ix_recordings_contact_at_ns", "recordings", ["contact", "at_ns"])
