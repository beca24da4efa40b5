"""Holding what accounts say is held against the reservations that hold it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from ledger.storage.self_check import Off

_HELD = text("""
    WITH held AS (
        SELECT budget_id, scope_key, sum(pico_usd) AS pico_usd, sum(tokens) AS tokens
        FROM reservations JOIN reservation_holds USING (reservation_id)
        WHERE state = 'held' GROUP BY budget_id, scope_key
    )
    SELECT coalesce(sum(abs(coalesce(held_pico_usd, 0) - coalesce(pico_usd, 0))), 0),
        count(*) FILTER (WHERE coalesce(held_pico_usd, 0) <> coalesce(pico_usd, 0)
            OR coalesce(held_tokens, 0) <> coalesce(tokens, 0))
    FROM (SELECT * FROM budget_states WHERE held_pico_usd <> 0 OR held_tokens <> 0) AS states
    FULL JOIN held USING (budget_id, scope_key)
""")


def holds_off(connection: Connection) -> Off:
    """By how much accounts are off what reservations hold, and how many accounts are.

    It is one statement, so it sees one moment.
    """
    pico_usd, number = connection.execute(_HELD).one()
    return Off(int(pico_usd), number)
