"""Which accounts have used how much, of those that used enough to be of interest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Boolean, DateTime, Numeric, Uuid

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import Period
from ledger.domain.budgets.scope import ScopeKey

_AT_ONCE = 5000
_MOMENTS = ARRAY(DateTime(timezone=True))

_USED = text("""
    SELECT place, scope_key, used FROM (
        SELECT place, scope_key, least_used,
            CASE WHEN in_tokens THEN sum(tokens + provisional_tokens)
                ELSE sum(spent_pico_usd + provisional_pico_usd) END AS used
        FROM unnest(:budgets, :starts, :ends, :in_tokens, :least) WITH ORDINALITY
            AS wanted (budget_id, from_start, to_end, in_tokens, least_used, place)
        JOIN budget_sums USING (budget_id)
        WHERE starts_at >= from_start AND starts_at < to_end
        GROUP BY place, scope_key, in_tokens, least_used
    ) AS counted
    WHERE used >= least_used
""").bindparams(
    bindparam("budgets", type_=ARRAY(Uuid)),
    bindparam("starts", type_=_MOMENTS),
    bindparam("ends", type_=_MOMENTS),
    bindparam("in_tokens", type_=ARRAY(Boolean)),
    bindparam("least", type_=ARRAY(Numeric)),
)


class Wanted(NamedTuple):
    """A period of a budget, and from how much use on accounts are of interest."""

    budget: Budget
    period: Period
    least: Decimal
    """In the budget's unit."""


class Used(NamedTuple):
    """What one account had used, in its budget's unit."""

    budget: Budget
    scope_key: ScopeKey
    period: Period
    used: int


def used_at_least(connection: Connection, wanted: Sequence[Wanted]) -> Iterator[Used]:
    """All accounts that used at least so much; what settled reservations foretell is included."""
    for first in range(0, len(wanted), _AT_ONCE):
        some = wanted[first : first + _AT_ONCE]
        parameters = {
            "budgets": [one.budget.budget_id for one in some],
            "starts": [one.period.start for one in some],
            "ends": [one.period.end for one in some],
            "in_tokens": [one.budget.is_in_tokens for one in some],
            "least": [one.least for one in some],
        }
        for row in connection.execute(_USED, parameters):
            of = some[row.place - 1]
            yield Used(of.budget, row.scope_key, of.period, int(row.used))
