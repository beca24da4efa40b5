"""Noting which accounts of budgets reached which thresholds, each of them once.

Nothing is remembered between two looks but the notices themselves: what is read are the sums that
bookings keep. Spending only grows within a period, so a crossing is seen by whichever look is next,
and a look goes back over the periods that have ended since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Numeric, Text, Uuid

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.limits import limit_of
from ledger.domain.budgets.periods import Period
from ledger.domain.budgets.scope import ScopeKey
from ledger.domain.notices.crossings import Look, find_crossings, periods_to_look_at
from ledger.domain.notices.notice import Notice
from ledger.queries.budgets.standings import standings_in
from ledger.queries.notices.notices import known_notices
from ledger.queries.notices.usage import Used, Wanted, used_at_least
from ledger.storage.budgets.stored import read_budgets, standing

_Account = tuple[UUID, ScopeKey]
_Looks = dict[Period, Look]

_MOMENTS = ARRAY(DateTime(timezone=True))
_COLUMNS = {
    "budget_id": ARRAY(Uuid),
    "scope_key": ARRAY(Text),
    "armed_at": _MOMENTS,
    "threshold": ARRAY(Numeric),
    "period_start": _MOMENTS,
    "period_end": _MOMENTS,
    "used": ARRAY(Numeric),
    "allowed": ARRAY(Numeric),
    "crossed_at": _MOMENTS,
}
_KEY = ("budget_id", "scope_key", "armed_at", "threshold")

# Whoever sees a crossing first notes it; all others find it noted.
_NOTE = text(f"""
    INSERT INTO budget_notices ({", ".join(_COLUMNS)})
    SELECT * FROM unnest({", ".join(f":{name}" for name in _COLUMNS)})
    ON CONFLICT ({", ".join(_KEY)}) DO NOTHING
""").bindparams(*(bindparam(name, type_=kind) for name, kind in _COLUMNS.items()))  # noqa: S608

_REARM = text(f"""
    UPDATE budget_notices AS known SET rearmed_at = again.rearmed_at
    FROM unnest({", ".join(f":{name}" for name in _KEY)}, :rearmed_at)
        AS again (budget_id, scope_key, armed_at, threshold, rearmed_at)
    WHERE known.budget_id = again.budget_id AND known.scope_key = again.scope_key
        AND known.armed_at = again.armed_at AND known.threshold = again.threshold
""").bindparams(  # noqa: S608
    *(bindparam(name, type_=_COLUMNS[name]) for name in _KEY),
    bindparam("rearmed_at", type_=_MOMENTS),
)


def note_crossings(connection: Connection, *, since: datetime, at: datetime) -> int:
    """Note what was crossed in present periods and in those that ended since then.

    Returns how many notices there are more. One process looks at a time.
    """
    periods: dict[UUID, list[Period]] = {}
    budgets: dict[UUID, Budget] = {}
    for budget in read_budgets(connection, standing()):
        found = periods_to_look_at(budget, since, at) if budget.thresholds else []
        if found:
            budgets[budget.budget_id], periods[budget.budget_id] = budget, found
    if not budgets:
        return 0
    looks = _looks(connection, budgets, periods, at)
    known = known_notices(connection, [(budgets[of], found[0]) for of, found in periods.items()])
    crossed: list[Notice] = []
    rearmed: list[Notice] = []
    for account in looks.keys() | known.keys():
        budget_id, scope_key = account
        budget, seen = budgets[budget_id], looks.get(account, {})
        in_order = [seen.get(one) or _unused(budget, one) for one in periods[budget_id]]
        new = find_crossings(budget, scope_key, in_order, known.get(account, ()), at)
        crossed += new.crossed
        rearmed += new.rearmed
    noted = _note(connection, crossed)
    _rearm(connection, rearmed)
    return noted


def _looks(
    connection: Connection,
    budgets: Mapping[UUID, Budget],
    periods: Mapping[UUID, Sequence[Period]],
    at: datetime,
) -> Mapping[_Account, _Looks]:
    """What accounts had used; those that are left out have reached nothing."""
    wanted = [
        Wanted(budgets[of], period, _least(budgets[of], period))
        for of, found in periods.items()
        for period in found
    ]
    looks: defaultdict[_Account, _Looks] = defaultdict(dict)
    carrying = []
    for used in used_at_least(connection, wanted):
        if used.budget.rollover_cap_pico_usd is not None:
            carrying.append(used)
            continue
        limit = limit_of(used.budget, used.period)
        looks[used.budget.budget_id, used.scope_key][used.period] = Look(
            used.period, used.used, limit
        )
    for one, limit in _with_limits(connection, carrying, at):
        looks[one.budget.budget_id, one.scope_key][one.period] = Look(one.period, one.used, limit)
    return looks


def _least(budget: Budget, period: Period) -> Decimal:
    """From where on an account can have reached a threshold; unknown where amounts carry over."""
    if budget.rollover_cap_pico_usd is not None:
        return Decimal(0)
    return min(budget.thresholds) * limit_of(budget, period)


def _with_limits(
    connection: Connection, used: Sequence[Used], at: datetime
) -> Iterable[tuple[Used, int]]:
    accounts = [((one.budget, one.scope_key), one.period) for one in used]
    found = standings_in(connection, accounts, at)
    return [(one, that.limit) for one, that in zip(used, found, strict=True)]


def _unused(budget: Budget, period: Period) -> Look:
    return Look(period, 0, budget.amount_until(period.end))


def _note(connection: Connection, notices: Sequence[Notice]) -> int:
    if not notices:
        return 0
    rows = {name: [getattr(one, name) for one in notices] for name in _COLUMNS}
    return connection.execute(_NOTE, rows).rowcount


def _rearm(connection: Connection, notices: Sequence[Notice]) -> None:
    if notices:
        rows: dict[str, Any] = {
            name: [getattr(one, name) for one in notices] for name in (*_KEY, "rearmed_at")
        }
        connection.execute(_REARM, rows)
