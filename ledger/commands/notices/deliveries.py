"""Telling notices to their channels: each to each at least once, however often it takes.

Whoever sends takes deliveries first, for so long that it is done by then; if it dies, they come up
again afterwards. A delivery is done when the channel took it, and given up after some days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Numeric, Text, Uuid

from ledger.domain.budgets.budget import Budget
from ledger.domain.notices.notice import (
    FIRST_PAUSE,
    GIVEN_UP_AFTER,
    LONGEST_PAUSE,
    Channel,
    Notice,
    NoticeKey,
)
from ledger.queries.notices.notices import notice_of
from ledger.storage.budgets.stored import all_ever, read_budgets
from ledger.storage.budgets.tables import budgets

TAKEN_FOR = timedelta(minutes=5)
"""How long whoever took deliveries has to send them."""

_MOST_A_CHANNEL = 200
_NOBODY_TOLD_AFTER = timedelta(hours=1)

_UUIDS = ARRAY(Uuid)
_SAME = (
    "notices.budget_id = told.budget_id AND notices.scope_key = told.scope_key"
    " AND notices.armed_at = told.armed_at AND notices.threshold = told.threshold"
)

# The first that there are: the budget's own channels, its tenant's, the operator's, the setting's.
_ROUTE = text(f"""
    INSERT INTO notice_deliveries
        (budget_id, scope_key, armed_at, threshold, channel_id, channel, next_attempt_at)
    SELECT notices.budget_id, scope_key, armed_at, threshold, chosen.channel_id, chosen.name, :at
    FROM budget_notices AS notices JOIN budgets USING (budget_id)
    CROSS JOIN LATERAL (
        SELECT channel_id, name, rank, min(rank) OVER () AS first FROM (
            SELECT channel_id, name, CASE WHEN channel_id = ANY(budgets.channels) THEN 1
                WHEN tenant = budgets.tenant THEN 2 ELSE 3 END AS rank
            FROM notice_channels
            WHERE ended_at IS NULL
                AND (channel_id = ANY(budgets.channels) OR tenant IN (budgets.tenant, '*'))
            UNION ALL
            SELECT set_id, set_name, 4 FROM unnest(:ids, :names) AS setting (set_id, set_name)
        ) AS there
    ) AS chosen
    WHERE closed_at IS NULL AND rank = first
        AND NOT EXISTS (SELECT FROM notice_deliveries AS told WHERE {_SAME})
    ON CONFLICT DO NOTHING
""").bindparams(  # noqa: S608
    bindparam("ids", type_=_UUIDS), bindparam("names", type_=ARRAY(Text))
)

# Whoever waits for a row that another one takes finds that it is not due any more.
_TAKE = text("""
    UPDATE notice_deliveries AS told SET attempts = attempts + 1, next_attempt_at = :until
    FROM (
        SELECT budget_id, scope_key, armed_at, threshold, channel_id, row_number() OVER (
            PARTITION BY channel_id ORDER BY next_attempt_at, armed_at, budget_id, scope_key
        ) AS place
        FROM notice_deliveries
        WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= :at
            AND channel_id <> ALL(:busy)
    ) AS due
    WHERE place <= :most AND told.budget_id = due.budget_id AND told.scope_key = due.scope_key
        AND told.armed_at = due.armed_at AND told.threshold = due.threshold
        AND told.channel_id = due.channel_id AND told.next_attempt_at <= :at
        AND told.delivered_at IS NULL AND told.given_up_at IS NULL
    RETURNING told.channel_id, told.budget_id, told.scope_key, told.armed_at, told.threshold
""").bindparams(bindparam("busy", type_=_UUIDS))

_KEYS = (
    bindparam("budgets", type_=_UUIDS),
    bindparam("scope_keys", type_=ARRAY(Text)),
    bindparam("armed_at", type_=ARRAY(DateTime(timezone=True))),
    bindparam("thresholds", type_=ARRAY(Numeric)),
)
_NAMED = (
    "unnest(:budgets, :scope_keys, :armed_at, :thresholds)"
    " AS told (budget_id, scope_key, armed_at, threshold)"
)
_NOTICES = text(
    f"SELECT notices.* FROM {_NAMED} JOIN budget_notices AS notices ON {_SAME}"  # noqa: S608
).bindparams(*_KEYS)

_DELIVERED = text(f"""
    UPDATE notice_deliveries AS notices SET delivered_at = :at, last_error = NULL
    FROM {_NAMED} WHERE {_SAME} AND channel_id = :channel AND delivered_at IS NULL
""").bindparams(*_KEYS)  # noqa: S608

_FAILED = text(f"""
    UPDATE notice_deliveries AS notices SET failures = failures + 1, last_error = :error,
        next_attempt_at = CAST(:at AS timestamptz)
            + least(CAST(:first AS interval) * power(2, least(failures, 20)),
                CAST(:longest AS interval)),
        given_up_at = CASE WHEN :forgotten OR CAST(:at AS timestamptz)
            > CAST(:give_up_after AS interval) + (
            SELECT crossed_at FROM budget_notices AS told WHERE {_SAME}
        ) THEN CAST(:at AS timestamptz) END
    FROM {_NAMED} WHERE {_SAME} AND channel_id = :channel AND delivered_at IS NULL
""").bindparams(*_KEYS)  # noqa: S608

_CLOSE = text(f"""
    UPDATE budget_notices AS notices SET closed_at = :at
    WHERE closed_at IS NULL AND CASE
        WHEN EXISTS (SELECT FROM notice_deliveries AS told WHERE {_SAME})
        THEN NOT EXISTS (
            SELECT FROM notice_deliveries AS told
            WHERE {_SAME} AND delivered_at IS NULL AND given_up_at IS NULL
        )
        ELSE greatest(period_end, crossed_at) < :too_old
    END
""")  # noqa: S608


class Taken(NamedTuple):
    """A notice that is to be told to one channel now."""

    channel_id: UUID
    notice: Notice
    budget: Budget


def route_notices(connection: Connection, setting: Sequence[Channel], at: datetime) -> None:
    """Lay out to which channels each new notice goes; `setting` names those of the settings.

    A notice without any waits until one is set, at most until its period is over.
    """
    channels = {
        "ids": [channel.channel_id for channel in setting],
        "names": [channel.name for channel in setting],
    }
    connection.execute(_ROUTE, {**channels, "at": at})


def take_deliveries(connection: Connection, at: datetime, busy: Sequence[UUID] = ()) -> list[Taken]:
    """What is to be sent now, but for channels that are busy; nobody else sends it meanwhile."""
    rows = connection.execute(
        _TAKE, {"at": at, "until": at + TAKEN_FOR, "busy": list(busy), "most": _MOST_A_CHANNEL}
    ).all()
    keys = sorted({NoticeKey(*row[1:]) for row in rows})
    if not keys:
        return []
    notices = {
        notice.key: notice
        for notice in map(notice_of, connection.execute(_NOTICES, _parameters(keys)))
    }
    wanted = all_ever().where(budgets.c.budget_id.in_({key.budget_id for key in keys}))
    known = {budget.budget_id: budget for budget in read_budgets(connection, wanted)}
    return [
        Taken(row.channel_id, notices[key], known[row.budget_id])
        for row in rows
        if (key := NoticeKey(*row[1:])) in notices
    ]


def note_delivered(
    connection: Connection, channel_id: UUID, notices: Sequence[Notice], at: datetime
) -> None:
    """The channel took these notices."""
    keys = _parameters([notice.key for notice in notices])
    connection.execute(_DELIVERED, {**keys, "channel": channel_id, "at": at})


def note_failed(
    connection: Connection,
    channel_id: UUID,
    notices: Sequence[Notice],
    error: str,
    at: datetime,
    *,
    for_good: bool = False,
) -> None:
    """The channel did not take these notices; they are tried again, unless it is for good."""
    parameters: dict[str, Any] = {
        **_parameters([notice.key for notice in notices]),
        "channel": channel_id,
        "error": error,
        "at": at,
        "first": FIRST_PAUSE,
        "longest": LONGEST_PAUSE,
        "give_up_after": GIVEN_UP_AFTER,
        "forgotten": for_good,
    }
    connection.execute(_FAILED, parameters)


def close_notices(connection: Connection, at: datetime) -> None:
    """Be done with notices that were told to all, and with those that nobody is to be told."""
    connection.execute(_CLOSE, {"at": at, "too_old": at - _NOBODY_TOLD_AFTER})


def _parameters(keys: Sequence[NoticeKey]) -> dict[str, Any]:
    return {
        "budgets": [key.budget_id for key in keys],
        "scope_keys": [key.scope_key for key in keys],
        "armed_at": [key.armed_at for key in keys],
        "thresholds": [key.threshold for key in keys],
    }
