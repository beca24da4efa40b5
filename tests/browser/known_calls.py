"""The calls of a ledger whose figures can be worked out by hand.

Prices of the catalog, in dollars for a million tokens: gpt-4o 2.50 in and 10 out, gpt-4o-mini 0.15
in; gpt-9-mini is unknown to it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.factories.calls import a_record

LONG_NAME = "northwind-trading-company-of-the-greater-pacific-region-0001"
HTML_NAME = "<b>x</b>"

MILLION = 1_000_000

# (days ago, dollars, tenant, model, input tokens, output tokens, seconds, status)
_CALLS = (
    (0, "3.00", "acme", "gpt-4o", 400_000, 200_000, 1.0, "ok"),
    (0, "10.00", HTML_NAME, "gpt-4o", 4 * MILLION, 0, 4.0, "ok"),
    (0, "0.00000075", LONG_NAME, "gpt-4o-mini", 5, 0, 4.0, "ok"),
    (0, "0", "acme", "gpt-4o-mini", 0, 0, 4.0, "error"),
    (3, "5.00", "globex", "gpt-4o", 2 * MILLION, 0, 1.0, "ok"),
    (20, "1.50", "globex", "gpt-4o-mini", 10 * MILLION, 0, 1.0, "ok"),
    (20, "0", "acme", "gpt-9-mini", 1000, 100, 1.0, "ok"),
    (45, "5.00", "globex", "gpt-4o", 2 * MILLION, 0, 1.0, "ok"),
    (70, "10.00", "globex", "gpt-4o", 4 * MILLION, 0, 1.0, "ok"),
)


def known_records(now: datetime) -> list[dict[str, Any]]:
    """The calls as records of POST /v1/calls."""
    return [
        a_record(
            tenant=tenant,
            started_at=(now - timedelta(days=days)).isoformat(),
            model=model,
            usage={"input_tokens": input_tokens, "output_tokens": output_tokens},
            duration_seconds=seconds,
            status=status,
        )
        for days, _, tenant, model, input_tokens, output_tokens, seconds, status in _CALLS
    ]


def spent_since(start: datetime, now: datetime) -> Decimal:
    """What the calls from `start` on have cost, in dollars."""
    return sum(
        (Decimal(usd) for days, usd, *_ in _CALLS if now - timedelta(days=days) >= start),
        Decimal(0),
    )


def month_start(now: datetime) -> datetime:
    """The first of the month, in UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
