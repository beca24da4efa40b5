"""Writing down what happened to reservations: all of a group in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ledger.commands.reservations.locking import Driver
from ledger.domain.reservations.moment import Moment
from ledger.domain.reservations.reservation import Quantity, Reservation
from ledger.storage.budgets.arrays import columns

_NEW = """
    INSERT INTO reservations (reservation_id, tenant, created_at, expires_at, amount_pico_usd,
        amount_tokens, dimensions, state, settled_pico_usd, settled_tokens, settled_at,
        is_over_hold, admitted_without_ledger)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::numeric[], %s::bigint[], %s::jsonb[], %s::text[], %s::numeric[], %s::bigint[],
        %s::timestamptz[], %s::boolean[], %s::boolean[])
"""
_NEW_HOLDS = """
    INSERT INTO reservation_holds
        (reservation_id, budget_id, scope_key, pico_usd, tokens, provisional_in)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::numeric[], %s::bigint[],
        %s::timestamptz[])
"""
_CHANGED = """
    UPDATE reservations SET state = changed.state, settled_pico_usd = changed.pico_usd,
        settled_tokens = changed.tokens, settled_at = changed.settled_at,
        is_over_hold = changed.is_over_hold
    FROM unnest(%s::uuid[], %s::text[], %s::numeric[], %s::bigint[], %s::timestamptz[],
        %s::boolean[]) AS changed (id, state, pico_usd, tokens, settled_at, is_over_hold)
    WHERE reservation_id = changed.id
"""
_PROVISIONAL_IN = """
    UPDATE reservation_holds SET provisional_in = changed.provisional_in
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS changed (id, provisional_in)
    WHERE reservation_id = changed.id
"""
_HELD = """
    UPDATE budget_states AS state SET held_pico_usd = held_pico_usd + changed.pico_usd,
        held_tokens = held_tokens + changed.tokens
    FROM unnest(%s::uuid[], %s::text[], %s::numeric[], %s::bigint[])
        AS changed (budget_id, scope_key, pico_usd, tokens)
    WHERE state.budget_id = changed.budget_id AND state.scope_key = changed.scope_key
"""
_PROVISIONAL = """
    INSERT INTO budget_sums AS sums
        (budget_id, scope_key, starts_at, provisional_pico_usd, provisional_tokens)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::numeric[], %s::bigint[])
        AS added (budget_id, scope_key, starts_at, pico_usd, tokens)
    ORDER BY budget_id, scope_key, starts_at
    ON CONFLICT (budget_id, scope_key, starts_at) DO UPDATE SET
        provisional_pico_usd = sums.provisional_pico_usd + excluded.provisional_pico_usd,
        provisional_tokens = sums.provisional_tokens + excluded.provisional_tokens
"""
_PROVISIONAL_DAYS = """
    INSERT INTO budget_days AS days (budget_id, scope_key, day, used_pico_usd, used_tokens)
    SELECT budget_id, scope_key, (starts_at AT TIME ZONE 'UTC')::date, pico_usd, tokens
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::numeric[], %s::bigint[])
        AS added (budget_id, scope_key, starts_at, pico_usd, tokens)
    ORDER BY budget_id, scope_key
    ON CONFLICT (budget_id, scope_key, day) DO UPDATE SET
        used_pico_usd = days.used_pico_usd + excluded.used_pico_usd,
        used_tokens = days.used_tokens + excluded.used_tokens
"""
_NOTHING = Quantity()

_encode = msgspec.json.Encoder().encode


def write_changes(driver: Driver, moment: Moment) -> None:
    """Write what changed in a moment whose locks are held."""
    new, changed = list(moment.new.values()), list(moment.changed.values())
    held = [(bucket, by) for bucket, by in moment.held.items() if by != _NOTHING]
    with driver.pipeline():
        if held:
            rows = [(bucket.budget_id, bucket.scope_key, *by) for bucket, by in held]
            driver.execute(_HELD, columns(rows))
        if new:
            driver.execute(_NEW, columns([_row(one) for one in new]))
            _write_holds(driver, new)
        if changed:
            _write_changed(driver, changed)
        if moment.provisional:
            sums = [
                (bucket.budget_id, bucket.scope_key, starts_at, *by)
                for (bucket, starts_at), by in moment.provisional.items()
            ]
            driver.execute(_PROVISIONAL, columns(sums))
            driver.execute(_PROVISIONAL_DAYS, columns(sums))


def _write_holds(driver: Driver, new: Iterable[Reservation]) -> None:
    rows = [
        (one.reservation_id, bucket.budget_id, bucket.scope_key, *held, one.provisional_in)
        for one in new
        for bucket, held in one.holds.items()
    ]
    if rows:
        driver.execute(_NEW_HOLDS, columns(rows))


def _write_changed(driver: Driver, changed: Sequence[Reservation]) -> None:
    rows = [
        (one.reservation_id, one.state, *_settled(one), one.settled_at, one.is_over_hold)
        for one in changed
    ]
    driver.execute(_CHANGED, columns(rows))
    settled = [
        (one.reservation_id, one.provisional_in)
        for one in changed
        if one.provisional_in is not None and one.holds
    ]
    if settled:
        driver.execute(_PROVISIONAL_IN, columns(settled))


def _row(one: Reservation) -> tuple[object, ...]:
    return (
        one.reservation_id,
        one.tenant,
        one.created_at,
        one.expires_at,
        *one.amount,
        _encode(one.dimensions).decode(),
        one.state,
        *_settled(one),
        one.settled_at,
        one.is_over_hold,
        one.is_unverified,
    )


def _settled(one: Reservation) -> tuple[int | None, int | None]:
    return (None, None) if one.settled is None else one.settled
