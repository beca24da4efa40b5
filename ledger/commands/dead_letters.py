"""What becomes of dead letters: replayed, dropped, or kept with a new reason.

Each change and its count happen in one transaction, so that at any moment
dead letters = dead_lettered - replayed - dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import Connection, delete, text

from ledger.domain.dead_letters import LetterKey
from ledger.queries.records.refusals import RefusedFilter, matching
from ledger.storage.database import Database
from ledger.storage.tables import refused_records

End = Literal["replayed", "dropped"]

_REMOVE = text("""
    DELETE FROM refused_records
    WHERE kind = 'dead_lettered' AND tenant = :tenant AND received_at = :received_at
        AND record_id = :record_id
    RETURNING receiver
""")
_REMOVE_OVERFLOW = text("""
    DELETE FROM refused_records
    WHERE (tenant, received_at, record_id) IN (
        SELECT tenant, received_at, record_id FROM refused_records
        WHERE kind = 'dead_lettered' ORDER BY replayable, received_at, record_id
        LIMIT greatest(0, (
            SELECT count(*) FROM refused_records WHERE kind = 'dead_lettered'
        ) - :kept)
    )
    RETURNING receiver
""")
_COUNT = text("""
    INSERT INTO ingest_totals (receiver, result, records) VALUES (:receiver, :result, :records)
    ON CONFLICT (receiver, result) DO UPDATE SET records = ingest_totals.records + excluded.records
""")
_SAY_WHY = text("""
    UPDATE refused_records SET reason = :reason
    WHERE kind = 'dead_lettered' AND tenant = :tenant AND received_at = :received_at
        AND record_id = :record_id
""")


def remove_replayed(database: Database, letters: Iterable[LetterKey]) -> int:
    """Remove letters whose calls are booked; returns how many were still there."""
    with database.transaction("tollbook_ingest") as connection:
        receivers = [
            receiver
            for key in sorted(letters, key=lambda key: (key.tenant, key.received_at, key.record_id))
            for receiver in connection.execute(_REMOVE, _place(key)).scalars()
        ]
        _count(connection, "replayed", receivers)
    return len(receivers)


def drop_letters(database: Database, wanted: RefusedFilter) -> int:
    """Give up the letters that match; returns how many there were."""
    statement = (
        delete(refused_records)
        .where(matching("dead_lettered", wanted))
        .returning(refused_records.c.receiver)
    )
    with database.transaction("tollbook_ingest") as connection:
        receivers = connection.execute(statement).scalars().all()
        _count(connection, "dropped", receivers)
    return len(receivers)


def drop_overflow(connection: Connection, kept: int) -> int:
    """Give up letters beyond the number that is kept: those that cannot be replayed first."""
    receivers = connection.execute(_REMOVE_OVERFLOW, {"kept": kept}).scalars().all()
    _count(connection, "dropped", receivers)
    return len(receivers)


def note_reason(database: Database, key: LetterKey, reason: str) -> None:
    """Write down why a letter could not be booked this time either."""
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(_SAY_WHY, {**_place(key), "reason": reason.replace("\x00", "\ufffd")})


def _place(key: LetterKey) -> dict[str, object]:
    return {"tenant": key.tenant, "received_at": key.received_at, "record_id": key.record_id}


def _count(connection: Connection, end: End, receivers: Sequence[str]) -> None:
    for receiver, records in sorted(Counter(receivers).items()):
        connection.execute(_COUNT, {"receiver": receiver, "result": end, "records": records})
