"""Runs migrations on the connection that `ledger.storage.schema` hands over."""

from __future__ import annotations

from alembic import context

from ledger.storage.afterwards_tables import outcomes
from ledger.storage.budgets.tables import budgets
from ledger.storage.joining_tables import call_keys
from ledger.storage.notices.tables import notice_channels
from ledger.storage.prices.tables import prices
from ledger.storage.revisions.revision_tables import repricings
from ledger.storage.tables import metadata

_TABLES = (budgets, call_keys, notice_channels, outcomes, prices, repricings)
assert {table.metadata for table in _TABLES} == {metadata}

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
