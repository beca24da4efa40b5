"""What was spent: money, tokens, calls and latency over time, by any rollup dimension.

Whole hours are read from rollups; the ragged ends of a range that does not start or end on the
hour are read from the calls themselves, so that every range is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import text

from ledger.domain.dimensions import DIMENSIONS
from ledger.domain.latency import seconds_at
from ledger.domain.usage import TOKEN_FIELDS
from ledger.domain.zones import HOUR_SECONDS, rollup_grid_seconds, zone
from ledger.queries.reader import Reader
from ledger.queries.revisions.as_of import CALLS_AS_OF, refuse_unbounded

Interval = Literal["hour", "day", "week", "month"]
INTERVALS: tuple[Interval, ...] = ("hour", "day", "week", "month")

_SUMMED = ("calls", "unpriced_calls", "estimated_calls", "cost_pico_usd", *TOKEN_FIELDS)
_PERCENTILES = {"p50_seconds": 0.50, "p95_seconds": 0.95, "p99_seconds": 0.99}


@dataclass(frozen=True, kw_only=True)
class SpendQuestion:
    """Which calls to sum, and by what."""

    start: datetime | None = None
    """Aware; None: since the first call."""
    end: datetime | None = None
    """Aware and exclusive; None: to the last call."""
    time_zone: str = "UTC"
    interval: Interval | None = None
    group_by: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Accepted values by dimension."""
    percentiles: bool = True
    limit: int = 10_000
    offset: int = 0
    as_of: datetime | None = None
    """As the entries booked until then say, for one tenant and at most 31 days."""


@dataclass(frozen=True, kw_only=True)
class SpendRow:
    """One group: money in 1e-12 USD, token counts by type, latencies within 5 %."""

    group: dict[str, str]
    start: datetime | None
    """Start of the interval, in the question's zone."""
    calls: int
    errors: int
    unpriced_calls: int
    estimated_calls: int
    cost_pico_usd: Decimal
    tokens: dict[str, int]
    seconds: dict[str, float | None]


def spend(reader: Reader, question: SpendQuestion) -> list[SpendRow]:
    """Answer the question, ordered by time and group; at most `limit` rows from `offset` on.

    Raises InvalidQuestion for too large a one with `as_of`.
    """
    statement, parameters = _statement(question)
    with reader.connection() as connection:
        rows = connection.execute(text(statement), parameters).mappings()
        return [_row(row, question) for row in rows]


def _statement(question: SpendQuestion) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {
        "zone": question.time_zone,
        "limit": question.limit,
        "offset": question.offset,
    }
    keys = [_key_expression(name) + f" AS {name}" for name in question.group_by]
    names = list(question.group_by)
    if question.interval is not None:
        keys.insert(0, f"date_trunc('{question.interval}', at, :zone) AS start")
        names.insert(0, "start")
    conditions = _filters(question, parameters)
    facts = " UNION ALL ".join(_facts(question, parameters))
    grouping = ", ".join(str(i + 1) for i in range(len(names)))
    selected = "".join(f"{key}, " for key in keys)
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in _SUMMED)
    statement = f"""
        WITH facts (tenant, at, series_id, {", ".join(_SUMMED)}, histogram)
            AS NOT MATERIALIZED ({facts}),
        grouped AS (
            SELECT {selected}{sums},
                coalesce(sum(calls) FILTER (WHERE status = 'error'), 0) AS errors
            FROM facts JOIN series USING (tenant, series_id) {conditions}
            {f"GROUP BY {grouping}" if names else ""}
        )
        {_with_percentiles(question, selected, names, conditions)}
        {f"ORDER BY {', '.join(names)}" if names else ""}
        LIMIT :limit OFFSET :offset
    """  # noqa: S608 - names come from this module's own tables, values are bound
    return statement, parameters


def _with_percentiles(
    question: SpendQuestion, selected: str, names: list[str], conditions: str
) -> str:
    if not question.percentiles:
        return "SELECT * FROM grouped"
    keys = "".join(f"{name}, " for name in names)
    partition = f"PARTITION BY {', '.join(names)}" if names else ""
    picks = ", ".join(
        f"min(bucket + greatest(0, {share} * everything - reached + filled) / filled)"
        f" FILTER (WHERE reached >= {share} * everything) AS {name}"
        for name, share in _PERCENTILES.items()
    )
    using = f"USING ({', '.join(names)})" if names else "ON true"
    return f"""
        , buckets AS (
            SELECT {selected}packed >> 48 AS bucket, sum(packed & 281474976710655) AS filled
            FROM facts JOIN series USING (tenant, series_id), unnest(histogram) AS packed
            {conditions}
            GROUP BY {", ".join(str(i + 1) for i in range(len(names) + 1))}
        ),
        ranked AS (
            SELECT {keys}bucket, filled,
                sum(filled) OVER ({partition} ORDER BY bucket) AS reached,
                sum(filled) OVER ({partition}) AS everything
            FROM buckets
        ),
        percentiles AS (
            SELECT {keys}{picks} FROM ranked {f"GROUP BY {', '.join(names)}" if names else ""}
        )
        SELECT * FROM grouped LEFT JOIN percentiles {using}
    """  # noqa: S608 - names come from this module's own tables, values are bound


def _key_expression(dimension: str) -> str:
    return "facts.tenant" if dimension == "tenant" else f"series.{dimension}"


def _filters(question: SpendQuestion, parameters: dict[str, Any]) -> str:
    conditions = []
    for dimension, values in question.filters.items():
        if dimension not in DIMENSIONS:
            raise ValueError(f"{dimension} is no dimension")
        parameters[f"only_{dimension}"] = list(values)
        conditions.append(f"{_key_expression(dimension)} = ANY(:only_{dimension})")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _facts(question: SpendQuestion, parameters: dict[str, Any]) -> Iterator[str]:
    """The selects that together hold each call of the range once."""
    if question.as_of is not None:
        tenants = question.filters.get("tenant", ())
        refuse_unbounded(tenants, question.start, question.end, question.time_zone)
        parameters["as_of"] = question.as_of
        yield _calls_between(question.start, question.end, "all", parameters, CALLS_AS_OF)
        return
    if question.interval and rollup_grid_seconds(question.time_zone) != HOUR_SECONDS:
        yield _calls_between(question.start, question.end, "all", parameters)
        return
    first_hour = None if question.start is None else _hour_from(question.start)
    last_hour = None if question.end is None else _hour_until(question.end)
    if first_hour is not None and last_hour is not None and first_hour > last_hour:
        yield _calls_between(question.start, question.end, "all", parameters)
        return
    yield _rollups_between(first_hour, last_hour, parameters)
    if question.start is not None and first_hour != question.start:
        yield _calls_between(question.start, first_hour, "head", parameters)
    if question.end is not None and last_hour != question.end:
        yield _calls_between(last_hour, question.end, "tail", parameters)


def _rollups_between(
    start: datetime | None, end: datetime | None, parameters: dict[str, Any]
) -> str:
    where = _between("starts_at", start, end, "hours", parameters)
    return f"""
        SELECT tenant, starts_at, series_id, {", ".join(_SUMMED)}, duration_histogram
        FROM rollups WHERE calls <> 0{where}"""  # noqa: S608 - see above


def _calls_between(
    start: datetime | None,
    end: datetime | None,
    prefix: str,
    parameters: dict[str, Any],
    source: str = "current_calls",
) -> str:
    where = _between("started_at", start, end, prefix, parameters)
    tokens = ", ".join(f"coalesce({name}, 0)" for name in TOKEN_FIELDS)
    return f"""
        SELECT tenant, started_at, series_id, 1, (cost_status = 'unpriced')::int,
            (cost_status = 'estimated')::int, coalesce(cost_pico_usd, 0), {tokens},
            CASE WHEN duration_bucket IS NOT NULL
                THEN ARRAY[(duration_bucket::bigint << 48) | 1] END
        FROM {source} AS calls_then WHERE true{where}"""  # noqa: S608 - see above


def _between(
    column: str,
    start: datetime | None,
    end: datetime | None,
    prefix: str,
    parameters: dict[str, Any],
) -> str:
    conditions = []
    if start is not None:
        parameters[f"{prefix}_start"] = start
        conditions.append(f"{column} >= :{prefix}_start")
    if end is not None:
        parameters[f"{prefix}_end"] = end
        conditions.append(f"{column} < :{prefix}_end")
    return "".join(f" AND {condition}" for condition in conditions)


def _hour_until(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hour_from(moment: datetime) -> datetime:
    hour = _hour_until(moment)
    return hour if hour == moment else hour + timedelta(hours=1)


def _row(row: Mapping[Any, Any], question: SpendQuestion) -> SpendRow:
    return SpendRow(
        group={name: row[name] for name in question.group_by},
        start=row["start"].astimezone(zone(question.time_zone)) if question.interval else None,
        calls=int(row["calls"]),
        errors=int(row["errors"]),
        unpriced_calls=int(row["unpriced_calls"]),
        estimated_calls=int(row["estimated_calls"]),
        cost_pico_usd=Decimal(row["cost_pico_usd"]),
        tokens={name: int(row[name]) for name in TOKEN_FIELDS},
        seconds={
            name: None if row.get(name) is None else seconds_at(float(row[name]))
            for name in _PERCENTILES
            if question.percentiles
        },
    )
