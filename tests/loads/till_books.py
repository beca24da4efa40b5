"""Whether accounts of budgets agree with the reservations, to the last pico-dollar."""

from __future__ import annotations

from typing import Any

import psycopg

_HELD = """
    SELECT budget_id, scope_key, sum(held_pico_usd), sum(held_tokens) FROM (
        SELECT budget_id, scope_key, held_pico_usd, held_tokens FROM budget_states
        UNION ALL
        SELECT budget_id, scope_key, -pico_usd, -tokens
        FROM reservation_holds JOIN reservations USING (reservation_id) WHERE state = 'held'
    ) AS entries GROUP BY 1, 2 HAVING sum(held_pico_usd) <> 0 OR sum(held_tokens) <> 0
"""
_PROVISIONAL = """
    SELECT budget_id, scope_key, starts_at, sum(pico_usd), sum(tokens) FROM (
        SELECT budget_id, scope_key, starts_at, provisional_pico_usd AS pico_usd,
            provisional_tokens AS tokens FROM budget_sums
        UNION ALL
        SELECT budget_id, scope_key, provisional_in, -settled_pico_usd, -settled_tokens
        FROM reservation_holds JOIN reservations USING (reservation_id)
        WHERE state = 'settled'
    ) AS entries GROUP BY 1, 2, 3 HAVING sum(pico_usd) <> 0 OR sum(tokens) <> 0
"""


def off_by(database_url: str) -> list[Any]:
    """Where accounts hold, or count as settled, what no reservation does; or the other way."""
    with psycopg.connect(database_url) as connection:
        held = connection.execute(_HELD).fetchall()
        return held + connection.execute(_PROVISIONAL).fetchall()
