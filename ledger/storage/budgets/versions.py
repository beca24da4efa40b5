"""Counting the changes of budgets, so that every process notices them."""

from __future__ import annotations

from sqlalchemy import Connection, text

BUDGETS = "budgets"
"""Under which changes of budgets are counted."""

_CHANGED = text("""
    INSERT INTO configuration_versions AS known (subject, version) VALUES (:subject, 1)
    ON CONFLICT (subject) DO UPDATE SET version = known.version + 1
""")
_VERSION = text(
    "SELECT coalesce(max(version), 0) FROM configuration_versions WHERE subject = :subject"
)


def count_change(connection: Connection) -> None:
    """Say that budgets changed. Until the commit nobody else can say so."""
    connection.execute(_CHANGED, {"subject": BUDGETS})


def version_now(connection: Connection) -> int:
    """How often budgets have changed."""
    return int(connection.execute(_VERSION, {"subject": BUDGETS}).scalar_one())
