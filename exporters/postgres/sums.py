"""What calls add up to: grouped here, so that the ledger only has to add finished sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import pack
from typing import Any

import psycopg
from psycopg import sql

from exporters.postgres.rows import (
    COST,
    COST_STATUS,
    DURATION,
    DURATION_BUCKET,
    FIRST_TOKEN,
    FIRST_TOKEN_BUCKET,
    FIRST_TOKENS,
    SERIES,
    STARTED_AT,
    TENANT,
    Row,
)
from ledger.domain.usage import TOKEN_FIELDS
from ledger.storage.tables import COUNTERS, HISTOGRAMS, MEASURES

ROLLUP_KEY = ("tenant", "starts_at", "series_id")
TOTAL_KEY = ("tenant", "series_id")

_LAYOUT_OF_KEYS = {"tenant": "text", "starts_at": "int8", "series_id": "bytea"}
_TYPE_OF_KEYS = {"tenant": "text", "starts_at": "timestamptz", "series_id": "uuid"}
_COST_PLACE = COUNTERS.index("cost_pico_usd")
_BIGINT_OID = 20


class Sums:
    """Counters in the order of COUNTERS, and calls by latency bucket; any may be negative."""

    __slots__ = ("counters", "histograms")

    def __init__(self, counters: list[int], histograms: tuple[Counter[int], Counter[int]]) -> None:
        self.counters = counters
        self.histograms = histograms

    def add(self, other: Sums, sign: int = 1) -> None:
        """Add another's figures, or take them away."""
        self.counters = [
            mine + sign * theirs for mine, theirs in zip(self.counters, other.counters, strict=True)
        ]
        for mine, theirs in zip(self.histograms, other.histograms, strict=True):
            for bucket, calls in theirs.items():
                mine[bucket] += sign * calls

    def parts(self) -> tuple[Sums, Sums]:
        """What was added and what was taken away, both as positive figures."""
        return (self._positive(1), self._positive(-1))

    def is_nothing(self) -> bool:
        """Whether nothing is to be added."""
        return not any(self.counters) and not any(any(h.values()) for h in self.histograms)

    def _positive(self, sign: int) -> Sums:
        kept = [
            Counter({bucket: sign * n for bucket, n in histogram.items() if sign * n > 0})
            for histogram in self.histograms
        ]
        return Sums([max(0, sign * value) for value in self.counters], (kept[0], kept[1]))


RollupSums = dict[tuple[str, int, bytes], Sums]
"""By tenant, start of the grid's interval (microseconds since 2000) and series."""
TotalSums = dict[tuple[str, bytes], Sums]


def count(rows: Iterable[Row], grid_microseconds: Mapping[str, int]) -> RollupSums:
    """Sums of call rows by tenant, interval of the tenant's grid, and series."""
    groups: defaultdict[tuple[str, int, bytes], list[Row]] = defaultdict(list)
    for row in rows:
        tenant, started_at = row[TENANT], row[STARTED_AT]
        starts_at = started_at - started_at % grid_microseconds[tenant]
        groups[tenant, starts_at, row[SERIES]].append(row)
    return {key: _sums(members) for key, members in groups.items()}


def _sums(rows: Sequence[Row]) -> Sums:
    columns = list(zip(*rows, strict=True))
    statuses = columns[COST_STATUS]
    counters = [
        len(rows),
        statuses.count("unpriced"),
        statuses.count("estimated"),
        sum(filter(None, columns[COST])),
        *(
            sum(filter(None, columns[place]))
            for place in range(FIRST_TOKENS, FIRST_TOKENS + len(TOKEN_FIELDS))
        ),
        sum(round(seconds * 1e6) for seconds in columns[DURATION] if seconds),
        sum(round(seconds * 1e6) for seconds in columns[FIRST_TOKEN] if seconds),
    ]
    histograms = (Counter(columns[DURATION_BUCKET]), Counter(columns[FIRST_TOKEN_BUCKET]))
    for histogram in histograms:
        histogram.pop(None, None)
    return Sums(counters, histograms)


def into(target: dict[Any, Sums], key: Any, sums: Sums, sign: int = 1) -> None:
    """Add to the sums under a key."""
    if key not in target:
        target[key] = Sums([0] * len(COUNTERS), (Counter(), Counter()))
    target[key].add(sums, sign)


def by_series(rollups: RollupSums) -> TotalSums:
    """The same sums without their intervals."""
    totals: TotalSums = {}
    for (tenant, _, series), sums in rollups.items():
        into(totals, (tenant, series), sums)
    return totals


def sum_rows(sums: Mapping[Any, Sums]) -> list[Row]:
    """Sums as rows of their table, without those that add nothing."""
    return [
        (*values, *one.counters, *(_packed(histogram) for histogram in one.histograms))
        for values, one in sums.items()
        if not one.is_nothing()
    ]


def add_rows(
    connection: psycopg.Connection[Any],
    table: str,
    key: tuple[str, ...],
    rows: Sequence[Row],
    *,
    settles: bool = False,
) -> None:
    """Add sums to the rows of rollups, totals or credits, making those that are missing.

    `settles` says that figures may be negative: then what a histogram holds is added up at once.
    Once a transaction for each table: what was staged stays until the commit.
    """
    if not rows:
        return
    stage = f"{table}_stage"
    columns = (*key, *MEASURES)
    connection.execute(_create(stage, key))
    with connection.cursor().copy(_copy(stage, columns)) as copy:
        copy.set_types(_layout(key))
        for row in rows:
            copy.write_row(row)
    connection.execute(_add(table, stage, key, settles=settles))


def _packed(histogram: Counter[int]) -> bytes | None:
    """A bigint[] in binary: bucket << 48 | calls, in the order of the buckets."""
    elements = [(bucket << 48) + n for bucket, n in sorted(histogram.items()) if n]
    if not elements:
        return None
    flat = [part for element in elements for part in (8, element)]
    return pack(f">iiIii{'iq' * len(elements)}", 1, 0, _BIGINT_OID, len(elements), 1, *flat)


@lru_cache
def _layout(key: tuple[str, ...]) -> list[str]:
    counters = ["int8"] * len(COUNTERS)
    counters[_COST_PLACE] = "numeric"
    return [*(_LAYOUT_OF_KEYS[name] for name in key), *counters, *("bytea" for _ in HISTOGRAMS)]


@lru_cache
def _create(stage: str, key: tuple[str, ...]) -> sql.Composed:
    types = dict.fromkeys(COUNTERS, "bigint") | dict.fromkeys(HISTOGRAMS, "bigint[]")
    types |= {"cost_pico_usd": "numeric"} | {name: _TYPE_OF_KEYS[name] for name in key}
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(types[name]))
        for name in (*key, *MEASURES)
    )
    return sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS").format(
        sql.Identifier(stage), columns
    )


@lru_cache
def _copy(stage: str, columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(stage), sql.SQL(", ").join(map(sql.Identifier, columns))
    )


@lru_cache
def _add(table: str, stage: str, key: tuple[str, ...], *, settles: bool) -> sql.Composed:
    name = sql.Identifier(table)
    merged = sql.SQL("{0} = merge_histograms({1}.{0}, excluded.{0})")
    if settles:
        merged = sql.SQL("{0} = compact_histogram({1}.{0} || excluded.{0})")
    added = [
        sql.SQL("{0} = {1}.{0} + excluded.{0}").format(sql.Identifier(counter), name)
        for counter in COUNTERS
    ] + [merged.format(sql.Identifier(histogram), name) for histogram in HISTOGRAMS]
    keys = sql.SQL(", ").join(map(sql.Identifier, key))
    columns = sql.SQL(", ").join(map(sql.Identifier, (*key, *MEASURES)))
    return sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {stage} ORDER BY {keys}"
        " ON CONFLICT ({keys}) DO UPDATE SET {added}"
    ).format(
        table=name, columns=columns, stage=sql.Identifier(stage), keys=keys,
        added=sql.SQL(", ").join(added),
    )  # fmt: skip
