"""The notices there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Boolean, DateTime, Uuid

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import Period
from ledger.domain.budgets.scope import ScopeKey
from ledger.domain.notices.notice import Notice, NoticeKey
from ledger.storage.notices.tables import budget_notices, notice_deliveries

NoticeCursor = tuple[datetime, ScopeKey, datetime, Decimal]
"""When the last one was noticed, and what else orders them."""

_NAMES = Notice.__struct_fields__
_KEY = ("budget_id", "scope_key", "armed_at", "threshold")
_ORDER = tuple(
    budget_notices.c[name] for name in ("crossed_at", "scope_key", "armed_at", "threshold")
)

# Of rolling windows all that is not armed again counts, however long ago it was crossed.
_KNOWN = text(f"""
    SELECT {", ".join(_NAMES)}
    FROM unnest(:budgets, :starts, :rolling) AS wanted (budget_id, from_start, is_rolling)
    JOIN budget_notices USING (budget_id)
    WHERE period_end > from_start OR rearmed_at > from_start
        OR (is_rolling AND rearmed_at IS NULL)
""").bindparams(  # noqa: S608
    bindparam("budgets", type_=ARRAY(Uuid)),
    bindparam("starts", type_=ARRAY(DateTime(timezone=True))),
    bindparam("rolling", type_=ARRAY(Boolean)),
)


def known_notices(
    connection: Connection, wanted: Sequence[tuple[Budget, Period]]
) -> Mapping[tuple[UUID, ScopeKey], list[Notice]]:
    """By account the notices that decide about each budget's periods from one on."""
    rows = connection.execute(
        _KNOWN,
        {
            "budgets": [budget.budget_id for budget, _ in wanted],
            "starts": [period.start for _, period in wanted],
            "rolling": [budget.window_seconds is not None for budget, _ in wanted],
        },
    )
    found: defaultdict[tuple[UUID, ScopeKey], list[Notice]] = defaultdict(list)
    for row in rows:
        found[row.budget_id, row.scope_key].append(notice_of(row))
    return found


def notices_of_budget(
    connection: Connection,
    budget_id: UUID,
    *,
    before: NoticeCursor | None = None,
    limit: int = 100,
) -> list[Notice]:
    """A budget's notices, the latest first, those before a cursor."""
    statement = (
        select(*(budget_notices.c[name] for name in _NAMES))
        .where(budget_notices.c.budget_id == budget_id)
        .order_by(*(column.desc() for column in _ORDER))
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(tuple_(*_ORDER) < tuple_(*before))
    return [notice_of(row) for row in connection.execute(statement)]


def cursor_after(notice: Notice) -> NoticeCursor:
    """Where to go on after a notice."""
    return (notice.crossed_at, notice.scope_key, notice.armed_at, notice.threshold)


def deliveries_of(
    connection: Connection, notices: Sequence[Notice]
) -> Mapping[NoticeKey, list[dict[str, Any]]]:
    """What became of notices at each of their channels, by the names of the columns."""
    columns = [notice_deliveries.c[name] for name in _KEY]
    statement = (
        select(notice_deliveries)
        .where(tuple_(*columns).in_([tuple(one.key) for one in notices]))
        .order_by(notice_deliveries.c.channel, notice_deliveries.c.channel_id)
    )
    found: defaultdict[NoticeKey, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(statement).mappings() if notices else ():
        found[NoticeKey(*(row[name] for name in _KEY))].append(dict(row))
    return found


def notice_of(row: Any) -> Notice:
    """The notice that a row with its columns tells of."""
    values = {name: getattr(row, name) for name in _NAMES}
    return Notice(**{**values, "used": int(row.used), "allowed": int(row.allowed)})
