"""Sums made column by column are the sums made group by group."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from struct import iter_unpack
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporters.postgres.rows import Row, call_row
from exporters.postgres.sums import by_series, count, sum_rows
from exporters.postgres.tallies import Tally
from ledger.domain.calls import Cost, CostStatus
from ledger.domain.money import MAX_PICO_USD
from ledger.domain.usage import TOKEN_FIELDS, Usage
from tests.factories.calls import START, a_call

_GRIDS = {"acme": 3_600_000_000, "globex": 900_000_000}
_COUNTS = st.none() | st.integers(0, 1_000_000_000)
_FIELDS = st.sets(st.sampled_from(TOKEN_FIELDS))
_SECONDS = st.none() | st.floats(0, 604_800)


@st.composite
def _rows(draw: st.DrawFn) -> Row:
    pico = draw(st.none() | st.integers(0, 10**12) | st.just(MAX_PICO_USD))
    call = a_call(
        tenant=draw(st.sampled_from(sorted(_GRIDS))),
        started_at=START + timedelta(seconds=draw(st.integers(0, 10_000))),
        usage=Usage(
            **{name: draw(_COUNTS) for name in draw(st.sets(st.sampled_from(TOKEN_FIELDS)))}
        ),
        duration_seconds=draw(_SECONDS),
        time_to_first_token_seconds=draw(_SECONDS),
    )
    statuses: tuple[CostStatus, ...] = ("unpriced",) if pico is None else ("priced", "estimated")
    status = draw(st.sampled_from(statuses))
    return call_row(call, Cost(status, pico), draw(st.sampled_from((b"a" * 16, b"b" * 16))))


def _plain(rows: list[Row], key_length: int) -> dict[Any, Any]:
    """Rows by their key, with histograms as counts by bucket."""
    return {
        row[:key_length]: (list(row[key_length:-2]), _buckets(row[-2]), _buckets(row[-1]))
        for row in rows
    }


def _buckets(packed: bytes | None) -> Counter[int]:
    elements = iter_unpack(">iq", packed[20:]) if packed else ()
    return Counter({value >> 48: value & (1 << 48) - 1 for _, value in elements})


@given(st.lists(_rows(), max_size=40), st.integers(1, 4))
def test_columns_and_groups_add_up_alike(rows: list[Row], parts: int) -> None:
    expected = count(rows, _GRIDS)
    tally = Tally.together([Tally.of(rows[start::parts], _GRIDS) for start in range(parts)])

    assert _plain(tally.rollup_rows(), 3) == _plain(sum_rows(expected), 3)
    assert _plain(tally.total_rows(), 2) == _plain(sum_rows(by_series(expected)), 2)


@given(st.lists(_rows(), min_size=1, max_size=30), st.data())
def test_what_is_left_out_is_not_counted(rows: list[Row], data: st.DataObject) -> None:
    left_out = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    kept = [row for place, row in enumerate(rows) if place not in left_out]

    tally = Tally.of(rows, _GRIDS).without(left_out)

    assert _plain(tally.rollup_rows(), 3) == _plain(sum_rows(count(kept, _GRIDS)), 3)
