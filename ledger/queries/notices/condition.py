"""Whether notices reach people, for those who look after it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import text

from ledger.queries.reader import Reader

_COUNTS = text("""
    SELECT count(*) FILTER (WHERE delivered_at IS NOT NULL) AS delivered,
        coalesce(sum(failures), 0)::bigint AS failed,
        count(*) FILTER (WHERE given_up_at IS NOT NULL) AS given_up,
        count(*) FILTER (WHERE delivered_at IS NULL AND given_up_at IS NULL) AS waiting
    FROM notice_deliveries
""")
_UNTOLD = """
    FROM budget_notices AS notices
    WHERE closed_at IS NULL AND NOT EXISTS (
        SELECT FROM notice_deliveries AS told
        WHERE notices.budget_id = told.budget_id AND notices.scope_key = told.scope_key
            AND notices.armed_at = told.armed_at AND notices.threshold = told.threshold
    )
"""
_WITHOUT_CHANNEL = text(f"SELECT count(*) {_UNTOLD}")
_OLD_WITHOUT_CHANNEL = text(f"SELECT count(*) {_UNTOLD} AND crossed_at < :before")
_STUCK = text("""
    SELECT channel, count(*) AS waiting, (array_agg(last_error))[1] AS error
    FROM notice_deliveries
    JOIN budget_notices USING (budget_id, scope_key, armed_at, threshold)
    WHERE (delivered_at IS NULL AND given_up_at IS NULL AND crossed_at < :before)
        OR given_up_at > :recently
    GROUP BY channel ORDER BY channel LIMIT 5
""")

_PATIENCE = timedelta(minutes=2)
_REMEMBERED = timedelta(days=1)


class NoticeCounts(msgspec.Struct, frozen=True):
    """What became of notices so far; each is counted once for every channel of it."""

    delivered: int
    failed: int
    """Attempts."""
    given_up: int
    waiting: int
    """Those without any channel included."""


class Stuck(msgspec.Struct, frozen=True):
    """A channel that does not take its notices."""

    channel: str
    waiting: int
    error: str | None


class NoticeCondition(msgspec.Struct, frozen=True):
    """What keeps notices from people."""

    without_channel: int
    stuck: list[Stuck]


def notice_counts(reader: Reader) -> NoticeCounts:
    """What became of all notices. Raises LedgerUnavailable."""
    with reader.connection() as connection:
        counts = connection.execute(_COUNTS).one()
        without = int(connection.execute(_WITHOUT_CHANNEL).scalar_one())
    return NoticeCounts(
        int(counts.delivered), int(counts.failed), int(counts.given_up), counts.waiting + without
    )


def notice_condition(reader: Reader, at: datetime) -> NoticeCondition:
    """Notices that should have been told by now, and were not."""
    moments = {"before": at - _PATIENCE, "recently": at - _REMEMBERED}
    with reader.connection() as connection:
        without = connection.execute(_OLD_WITHOUT_CHANNEL, {"before": moments["before"]})
        return NoticeCondition(
            int(without.scalar_one()),
            [Stuck(*row) for row in connection.execute(_STUCK, moments)],
        )
