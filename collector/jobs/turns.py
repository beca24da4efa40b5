"""A job is done by one process at a time, on however many machines jobs run."""

from __future__ import annotations

from sqlalchemy import Connection, text

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:job, 0))")


def is_ours(connection: Connection, job: str) -> bool:
    """Whether no other process is doing this job; until the transaction ends none will."""
    return bool(connection.execute(_LOCK, {"job": f"tollbook.{job}"}).scalar_one())
