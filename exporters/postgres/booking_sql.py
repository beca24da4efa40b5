"""The one statement that books a stage: calls first, then everything that is counted from them.

Rows go in sorted by key, so that two processes that touch the same rows wait for each other
instead of deadlocking.
"""

# ruff: noqa: S608 - every name in these statements is this package's own

from __future__ import annotations

from exporters.postgres.stage import CALL_COLUMNS
from ledger.domain.usage import TOKEN_FIELDS
from ledger.storage.tables import COUNTERS, HISTOGRAMS, MEASURES

_CALL_KEY = "tenant, started_at, id"
_ROLLUP_KEY = "tenant, starts_at, series_id"
_TOTAL_KEY = "tenant, series_id"

_AGGREGATES: dict[str, str] = {
    "calls": "count(*)",
    "unpriced_calls": "count(*) FILTER (WHERE cost_status = 'unpriced')",
    "estimated_calls": "count(*) FILTER (WHERE cost_status = 'estimated')",
    "cost_pico_usd": "coalesce(sum(cost_pico_usd), 0)",
    **{name: f"coalesce(sum({name}), 0)::bigint" for name in TOKEN_FIELDS},
    "duration_microseconds": "coalesce(sum(round(duration_seconds * 1e6)), 0)::bigint",
    "time_to_first_token_microseconds": (
        "coalesce(sum(round(time_to_first_token_seconds * 1e6)), 0)::bigint"
    ),
}
_BUCKETS: dict[str, str] = {
    "duration_histogram": "duration_bucket",
    "time_to_first_token_histogram": "time_to_first_token_bucket",
}


def _counted(name: str, key: str) -> str:
    """Common table expressions ending in `name`: the measures of the booked calls by `key`."""
    sums = ", ".join(f"{_AGGREGATES[measure]} AS {measure}" for measure in COUNTERS)
    histograms = "".join(
        f"""
        {name}_{bucket} AS (
            SELECT {key}, array_agg(packed ORDER BY packed) AS {histogram}
            FROM (
                SELECT {key}, ({bucket}::bigint << 48) | count(*) AS packed
                FROM binned WHERE {bucket} IS NOT NULL GROUP BY {key}, {bucket}
            ) AS filled
            GROUP BY {key}
        ),"""
        for histogram, bucket in _BUCKETS.items()
    )
    joins = " ".join(f"LEFT JOIN {name}_{bucket} USING ({key})" for bucket in _BUCKETS.values())
    return f"""
        {name}_sums AS (SELECT {key}, {sums} FROM binned GROUP BY {key}),
        {histograms}
        {name} AS (SELECT {key}, {", ".join(MEASURES)} FROM {name}_sums {joins})"""


def _added(table: str, key: str) -> str:
    """Insert the counted rows of `table`, adding to those that exist."""
    sums = [f"{name} = {table}.{name} + excluded.{name}" for name in COUNTERS]
    merges = [f"{name} = merge_histograms({table}.{name}, excluded.{name})" for name in HISTOGRAMS]
    columns = f"{key}, {', '.join(MEASURES)}"
    return f"""
        added_{table} AS (
            INSERT INTO {table} ({columns})
            SELECT {columns} FROM new_{table} ORDER BY {key}
            ON CONFLICT ({key}) DO UPDATE SET {", ".join(sums + merges)}
        )"""


_COLUMNS = ", ".join(CALL_COLUMNS)

BOOK_STAGE = f"""
    WITH booked AS (
        INSERT INTO calls ({_COLUMNS})
        SELECT {_COLUMNS} FROM call_stage ORDER BY {_CALL_KEY}
        ON CONFLICT DO NOTHING
        RETURNING {_COLUMNS}
    ),
    binned AS (
        SELECT booked.*,
            date_bin(make_interval(secs => rollup_seconds), started_at, 'epoch') AS starts_at
        FROM booked JOIN tenants USING (tenant)
    ),
    {_counted("new_rollups", _ROLLUP_KEY)},
    {_counted("new_totals", _TOTAL_KEY)},
    {_added("rollups", _ROLLUP_KEY)},
    {_added("totals", _TOTAL_KEY)}
    SELECT request, count(*) FROM (
        SELECT min(request) AS request
        FROM booked JOIN call_stage USING ({_CALL_KEY})
        GROUP BY {_CALL_KEY}
    ) AS first_request
    GROUP BY request
"""
"""Answers with the number of calls booked for each request; the rest were there already."""

COUNT_RECORDS = """
    INSERT INTO ingest_totals (receiver, result, records)
    SELECT receiver, result, sum(records)
    FROM unnest(%(receivers)s::text[], %(results)s::text[], %(records)s::bigint[])
        AS counted (receiver, result, records)
    GROUP BY receiver, result
    ORDER BY receiver, result
    ON CONFLICT (receiver, result) DO UPDATE SET records = ingest_totals.records + excluded.records
"""
