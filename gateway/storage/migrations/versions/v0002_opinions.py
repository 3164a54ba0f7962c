"""How each side of a call sounded, in the contact's record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("customer_opinion", sa.Float()))
    op.add_column("contacts", sa.Column("agent_opinion", sa.Float()))
