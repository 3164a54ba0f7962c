"""Alembic runs this for each migration; the connection comes from `gateway.storage.migrate`, in a transaction that
Alembic leaves to it."""

from __future__ import annotations

from alembic import context

from gateway.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
