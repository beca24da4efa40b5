"""Runs migrations on the connection that `ledger.storage.schema` hands over."""

from __future__ import annotations

from alembic import context

from ledger.storage import afterwards_tables, joining_tables, price_tables
from ledger.storage.revisions import revision_tables
from ledger.storage.tables import metadata

assert joining_tables.call_keys.metadata is metadata
assert afterwards_tables.outcomes.metadata is metadata
assert price_tables.prices.metadata is metadata
assert revision_tables.repricings.metadata is metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
