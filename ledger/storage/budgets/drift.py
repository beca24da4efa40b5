"""Holding what budgets counted against the calls that count under them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from ledger.domain.budgets.budget import Budget
from ledger.storage.budgets.recount import recounted
from ledger.storage.budgets.stored import read_budgets, standing
from ledger.storage.budgets.tables import budgets
from ledger.storage.self_check import Off

_COUNTED = text("""
    SELECT budget_id, scope_key, starts_at, spent_pico_usd, tokens, calls, unpriced_calls
    FROM budget_sums
    WHERE budget_id = ANY(:budgets) AND starts_at >= :start AND starts_at < :end
""").bindparams(bindparam("budgets", type_=ARRAY(Uuid)))

_Difference = list[int]
"""Pico-dollars, tokens, calls and unpriced calls."""


def budgets_off(connection: Connection, start: datetime, end: datetime) -> Off:
    """By how much the sums of filled budgets are off what their calls give, between two hours.

    The transaction sees one moment of the ledger (REPEATABLE READ), or bookings look like drift.
    """
    filled = read_budgets(connection, standing().where(budgets.c.filled_at.is_not(None)))
    differences = _differences(connection, filled, start, end) if filled else []
    return Off(
        pico_usd=sum(abs(pico_usd) for pico_usd, _, _, _ in differences),
        calls=sum(
            # Tokens that are off without a call are one call that was counted wrongly.
            abs(calls) + abs(unpriced) or bool(tokens)
            for _, tokens, calls, unpriced in differences
        ),
    )


def _differences(
    connection: Connection, filled: Sequence[Budget], start: datetime, end: datetime
) -> list[_Difference]:
    found: defaultdict[tuple[UUID, str, datetime], _Difference] = defaultdict(lambda: [0, 0, 0, 0])
    for key, figures in recounted(connection, filled, start, end):
        _into(
            found[key],
            (figures.spent_pico_usd, figures.tokens, figures.calls, figures.unpriced_calls),
            1,
        )
    ids = [budget.budget_id for budget in filled]
    counted = connection.execute(_COUNTED, {"budgets": ids, "start": start, "end": end})
    for budget_id, scope_key, starts_at, *sums in counted:
        _into(found[budget_id, scope_key, starts_at], [int(value) for value in sums], -1)
    return list(found.values())


def _into(difference: _Difference, figures: Sequence[int], sign: int) -> None:
    for place, value in enumerate(figures):
        difference[place] += sign * value
