"""What was spent under budgets, by the quarter-hour: adding to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import psycopg

from ledger.domain.budgets.scope import ScopeKey

SumKey = tuple[UUID, ScopeKey, datetime]
"""A budget, the key of one of its values, and the start of a UTC quarter-hour."""

# In one order everywhere, so that transactions which add to the same rows wait and never lock up.
_ADD = """
    INSERT INTO budget_sums AS sums (budget_id, scope_key, starts_at, spent_pico_usd, tokens,
        calls, unpriced_calls, provisional_pico_usd, provisional_tokens)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::numeric[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::numeric[], %s::bigint[])
        AS added (budget_id, scope_key, starts_at)
    ORDER BY budget_id, scope_key, starts_at
    ON CONFLICT (budget_id, scope_key, starts_at) DO UPDATE SET
        spent_pico_usd = sums.spent_pico_usd + excluded.spent_pico_usd,
        tokens = sums.tokens + excluded.tokens,
        calls = sums.calls + excluded.calls,
        unpriced_calls = sums.unpriced_calls + excluded.unpriced_calls,
        provisional_pico_usd = sums.provisional_pico_usd + excluded.provisional_pico_usd,
        provisional_tokens = sums.provisional_tokens + excluded.provisional_tokens
"""


# What admission reads: the same by the day. Whoever adds to both adds to the sums first.
_ADD_TO_DAYS = """
    INSERT INTO budget_days AS days (budget_id, scope_key, day, used_pico_usd, used_tokens)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::numeric[], %s::bigint[])
        AS added (budget_id, scope_key, day)
    ORDER BY budget_id, scope_key, day
    ON CONFLICT (budget_id, scope_key, day) DO UPDATE SET
        used_pico_usd = days.used_pico_usd + excluded.used_pico_usd,
        used_tokens = days.used_tokens + excluded.used_tokens
"""


@dataclass(slots=True)
class Figures:
    """What is added to one quarter-hour; any may be negative."""

    spent_pico_usd: int = 0
    tokens: int = 0
    calls: int = 0
    unpriced_calls: int = 0
    provisional_pico_usd: int = 0
    provisional_tokens: int = 0


_figures = attrgetter(*Figures.__dataclass_fields__)


def add_to_sums(connection: psycopg.Connection[Any], added: Mapping[SumKey, Figures]) -> None:
    """Add figures to the sums; what is nothing leaves no row.

    Whoever also locks `budget_states` or `reservations` does so before.
    """
    rows = [(*key, *figures) for key, one in added.items() if any(figures := _figures(one))]
    if rows:
        ids, keys, starts, *counted = zip(*rows, strict=True)
        numbers = [_array(column) for column in counted]
        connection.execute(_ADD, (_repeating(ids), list(keys), _repeating(starts), *numbers))
        _add_to_days(connection, added)


def _add_to_days(connection: psycopg.Connection[Any], added: Mapping[SumKey, Figures]) -> None:
    days: dict[tuple[UUID, ScopeKey, date], list[int]] = {}
    for (budget_id, key, start), one in added.items():
        used = days.setdefault((budget_id, key, start.date()), [0, 0])
        used[0] += one.spent_pico_usd + one.provisional_pico_usd
        used[1] += one.tokens + one.provisional_tokens
    rows = [(*key, *used) for key, used in days.items() if any(used)]
    if rows:
        ids, keys, on, pico_usd, tokens = zip(*rows, strict=True)
        written = (_repeating(ids), list(keys), _repeating(on), _array(pico_usd), _array(tokens))
        connection.execute(_ADD_TO_DAYS, written)


def _array(values: Iterable[object]) -> str:
    """An array as Postgres writes it: the driver's own way takes as long as adding the rows."""
    return "{" + ",".join(map(str, values)) + "}"


def _repeating(values: Sequence[object]) -> str:
    written = {value: str(value) for value in set(values)}
    return _array(map(written.__getitem__, values))
