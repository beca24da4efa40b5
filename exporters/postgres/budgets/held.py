"""What reservations held for calls that are booked now is given back.

Locks are taken in the order that holds everywhere: states by budget and key, then reservations,
then sums. What was locked is read again afterwards, by a statement of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import psycopg

from ledger.domain.calls import Call
from ledger.storage.budgets.sums import Figures, SumKey

_LOCK_STATES = """
    SELECT FROM budget_states WHERE (budget_id, scope_key) IN (
        SELECT budget_id, scope_key FROM reservation_holds WHERE reservation_id = ANY(%s)
    )
    ORDER BY budget_id, scope_key FOR UPDATE
"""
_LOCK_RESERVATIONS = """
    SELECT reservation_id, tenant FROM reservations
    WHERE reservation_id = ANY(%s) AND state <> 'booked'
    ORDER BY reservation_id FOR UPDATE
"""
_GIVE_BACK = """
    UPDATE budget_states AS states
    SET held_pico_usd = states.held_pico_usd - given.pico_usd,
        held_tokens = states.held_tokens - given.tokens
    FROM (
        SELECT budget_id, scope_key, sum(pico_usd) AS pico_usd, sum(tokens)::bigint AS tokens
        FROM reservation_holds JOIN reservations USING (reservation_id)
        WHERE reservation_id = ANY(%s) AND state = 'held'
        GROUP BY budget_id, scope_key
    ) AS given
    WHERE (states.budget_id, states.scope_key) = (given.budget_id, given.scope_key)
"""
_PROVISIONAL = """
    UPDATE reservation_holds AS holds SET provisional_in = NULL
    FROM reservation_holds AS before JOIN reservations USING (reservation_id)
    WHERE holds.reservation_id = ANY(%s) AND before.provisional_in IS NOT NULL
        AND (before.reservation_id, before.budget_id, before.scope_key)
            = (holds.reservation_id, holds.budget_id, holds.scope_key)
    RETURNING before.budget_id, before.scope_key, before.provisional_in, settled_pico_usd,
        settled_tokens
"""
_BOOKED = "UPDATE reservations SET state = 'booked' WHERE reservation_id = ANY(%s)"


def give_back(connection: psycopg.Connection[Any], priced: Iterable[Call]) -> dict[SumKey, Figures]:
    """Give back what was held for these calls; returns what their real cost replaces in the sums.

    They have a price. A call without one replaces nothing: what its sender settled is the best that
    is known of it.
    """
    named = _named(priced)
    if not named:
        return {}
    ids = sorted(named)
    connection.execute(_LOCK_STATES, (ids,))
    ours = [
        reservation_id
        for reservation_id, tenant in connection.execute(_LOCK_RESERVATIONS, (ids,)).fetchall()
        if tenant in named[reservation_id]
    ]
    if not ours:
        return {}
    connection.execute(_GIVE_BACK, (ours,))
    replaced: defaultdict[SumKey, Figures] = defaultdict(Figures)
    for *key, pico_usd, tokens in connection.execute(_PROVISIONAL, (ours,)).fetchall():
        figures = replaced[key[0], key[1], key[2]]
        figures.provisional_pico_usd -= int(pico_usd or 0)
        figures.provisional_tokens -= tokens or 0
    connection.execute(_BOOKED, (ours,))
    return dict(replaced)


def _named(priced: Iterable[Call]) -> Mapping[UUID, set[str]]:
    """The reservations that calls name, and the tenants of those calls."""
    named: defaultdict[UUID, set[str]] = defaultdict(set)
    for call in priced:
        try:
            named[UUID(call.reservation_id)].add(call.tenant)
        except ValueError:
            continue
    return named
