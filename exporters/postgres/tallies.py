"""The sums of many new calls at once, column by column.

The same figures as `sums.count` gives one group after the other, at a fraction of the time where
most groups have few calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import pack
from typing import Any

import numpy as np
import numpy.typing as npt

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
from ledger.storage.tables import COUNTERS

Integers = npt.NDArray[np.int64]
RollupKey = tuple[str, int, bytes]

_LARGEST_SAFE_SUM = float(2**62)
_COST_PLACE = COUNTERS.index("cost_pico_usd")
_BUCKET_BITS = 16
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])
_BIGINT_OID = 20


class Tally:
    """The measures of calls, a row each, and the group that each counts in."""

    def __init__(
        self, keys: list[RollupKey], counters: Integers, buckets: tuple[Integers, Integers]
    ) -> None:
        self.keys = keys
        self.counters = counters
        self.buckets = buckets

    @classmethod
    def of(cls, rows: Sequence[Row], grid_microseconds: Mapping[str, int]) -> Tally:
        """Measure call rows; their groups are tenant, interval of its grid, and series."""
        if not rows:
            empty = np.zeros(0, dtype=np.int64)
            return cls(
                [], np.zeros((0, _COST_PLACE + 3 + len(TOKEN_FIELDS)), np.int64), (empty, empty)
            )
        columns = list(zip(*rows, strict=True))
        tenants, statuses = columns[TENANT], columns[COST_STATUS]
        started_at = np.array(columns[STARTED_AT], dtype=np.int64)
        grids = np.array([grid_microseconds[tenant] for tenant in tenants], dtype=np.int64)
        starts_at = (started_at - started_at % grids).tolist()
        counters = [
            np.ones(len(rows), dtype=np.int64),
            np.array([status == "unpriced" for status in statuses], dtype=np.int64),
            np.array([status == "estimated" for status in statuses], dtype=np.int64),
            _filled(columns[COST]),
            *(_filled(columns[FIRST_TOKENS + place]) for place in range(len(TOKEN_FIELDS))),
            _microseconds(columns[DURATION]),
            _microseconds(columns[FIRST_TOKEN]),
        ]
        buckets = (_places(columns[DURATION_BUCKET]), _places(columns[FIRST_TOKEN_BUCKET]))
        keys = list(zip(tenants, starts_at, columns[SERIES], strict=True))
        return cls(keys, np.stack(counters, axis=1), buckets)

    @classmethod
    def together(cls, parts: Sequence[Tally]) -> Tally:
        """Several tallies one after the other."""
        return cls(
            [key for part in parts for key in part.keys],
            np.concatenate([part.counters for part in parts]),
            (
                np.concatenate([part.buckets[0] for part in parts]),
                np.concatenate([part.buckets[1] for part in parts]),
            ),
        )

    def without(self, places: set[int]) -> Tally:
        """The tally of all but the calls at these places."""
        if not places:
            return self
        kept = np.ones(len(self.keys), dtype=np.bool_)
        kept[list(places)] = False
        return Tally(
            [key for place, key in enumerate(self.keys) if place not in places],
            self.counters[kept],
            (self.buckets[0][kept], self.buckets[1][kept]),
        )

    def rollup_rows(self) -> list[Row]:
        """Sums by tenant, interval and series, as rows of rollups."""
        return self._rows(self.keys)

    def total_rows(self) -> list[Row]:
        """Sums by tenant and series, as rows of totals."""
        return self._rows([(tenant, series) for tenant, _, series in self.keys])

    def _rows(self, keys: Sequence[tuple[Any, ...]]) -> list[Row]:
        numbers: dict[tuple[Any, ...], int] = {}
        groups = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
        if not numbers:
            return []
        sums = self._sums(groups)
        durations = _histograms(groups, self.buckets[0], len(numbers))
        first_tokens = _histograms(groups, self.buckets[1], len(numbers))
        return [
            (*key, *counters, duration, first_token)
            for key, counters, duration, first_token in zip(
                numbers, sums, durations, first_tokens, strict=True
            )
        ]

    def _sums(self, groups: Integers) -> list[list[int]]:
        order = np.argsort(groups, kind="stable")
        ordered: npt.NDArray[Any] = self.counters[order]
        if float(np.abs(ordered[:, _COST_PLACE]).sum(dtype=np.float64)) > _LARGEST_SAFE_SUM:
            ordered = ordered.astype(object)  # Python's integers know no overflow.
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        sums: list[list[int]] = np.add.reduceat(ordered, starts, axis=0).tolist()
        return sums


def _filled(column: Sequence[int | None]) -> Integers:
    if not any(column):
        return np.zeros(len(column), dtype=np.int64)
    return np.array([value or 0 for value in column], dtype=np.int64)


def _microseconds(column: Sequence[float | None]) -> Integers:
    seconds = np.array([value or 0.0 for value in column], dtype=np.float64)
    return np.rint(seconds * 1e6).astype(np.int64)


def _places(column: Sequence[int | None]) -> Integers:
    return np.array([-1 if value is None else value for value in column], dtype=np.int64)


def _histograms(groups: Integers, buckets: Integers, number: int) -> list[bytes | None]:
    """For each group a bigint[] in binary: bucket << 48 | calls, in the order of the buckets."""
    known = buckets >= 0
    cells = (groups[known] << _BUCKET_BITS) | buckets[known]
    cells, calls = np.unique(cells, return_counts=True)
    elements = np.empty(len(cells), dtype=_ELEMENT)
    elements["length"] = 8
    elements["value"] = ((cells & ((1 << _BUCKET_BITS) - 1)) << 48) | calls
    content = elements.tobytes()
    ends = np.searchsorted(cells >> _BUCKET_BITS, np.arange(number), side="right").tolist()
    histograms: list[bytes | None] = []
    start = 0
    for end in ends:
        size = end - start
        histograms.append(
            pack(">iiIii", 1, 0, _BIGINT_OID, size, 1)
            + content[start * _ELEMENT.itemsize : end * _ELEMENT.itemsize]
            if size
            else None
        )
        start = end
    return histograms
