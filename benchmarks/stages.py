"""Where the time of a call goes in the collector: each stage alone, on one core, without HTTP.

`python -m benchmarks.stages`. Postgres and the network are not in it; `make bench` has the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from psycopg import postgres
from psycopg._copy_base import BinaryFormatter  # noqa: PLC2701 - what COPY lays rows out with
from psycopg.adapt import Transformer

from benchmarks.load.calls import Mix, call_at
from benchmarks.load.json_bodies import ndjson_body
from benchmarks.load.otlp_bodies import otlp_body
from collector.pipeline.intake import accept
from collector.pipeline.request import RECORDS_A_PART
from collector.receivers import calls_json
from collector.receivers.otlp import traces
from collector.receivers.received import Reading, Received
from exporters.postgres.joining.keys import KeyColumns, keys_of
from exporters.postgres.rows import CALL_LAYOUT, Row, call_row
from exporters.postgres.tallies import Tally
from ledger.domain.dimensions import series_id
from ledger.pricing.book import PriceBook

_BODIES = 20
_CALLS_A_BODY = 512
_ROUNDS = 7
_HOUR_MICROSECONDS = 3_600_000_000

T = TypeVar("T")


def main() -> None:
    """Measure each stage over the same calls; the quickest of several rounds is shown."""
    mix = Mix(start_unix_seconds=int(time.time()) - 3 * 3600)
    calls_of = [
        [call_at(mix, body * _CALLS_A_BODY + place) for place in range(_CALLS_A_BODY)]
        for body in range(_BODIES)
    ]
    spans = [otlp_body(calls) for calls in calls_of]
    lines = [ndjson_body(calls) for calls in calls_of]
    print(f"{_BODIES} bodies of {_CALLS_A_BODY} calls; microseconds of one core a call\n")
    received = _stage(
        "decode OTLP protobuf",
        lambda: [part for body in spans for part in _parts(traces.read_protobuf(body))],
    )
    _stage(
        "decode NDJSON",
        lambda: [part for body in lines for part in _parts(calls_json.read_ndjson(body))],
    )
    now = datetime.now(UTC)
    accepted = _stage("validate", lambda: [accept(one, now) for one in received])
    calls = [call for one in accepted for call in one.calls]
    book = PriceBook()
    costs = _stage("price", lambda: [book.price(call) for call in calls])
    ids = [series_id(call.series).bytes for call in calls]
    rows = _stage("rows", lambda: [call_row(*one) for one in zip(calls, costs, ids, strict=True)])
    _stage("keys", lambda: KeyColumns.of([keys_of(call) for call in calls]))
    grids = {call.tenant: _HOUR_MICROSECONDS for call in calls}
    tally = _stage("measures", lambda: Tally.of(rows, grids))
    _stage("sums by rollup and series", lambda: (tally.rollup_rows(), tally.total_rows()))
    _stage("rows in COPY's binary form", lambda: _lay_out(rows))


def _stage(name: str, run: Callable[[], T]) -> T:
    seconds = []
    for _ in range(_ROUNDS):
        begun = time.thread_time()
        result = run()
        seconds.append(time.thread_time() - begun)
    print(f"{name:30}{min(seconds) / (_BODIES * _CALLS_A_BODY) * 1e6:6.1f}")
    return result


def _parts(readings: Iterator[Reading]) -> Iterator[Received]:
    position = 0
    while True:
        part = Received("")
        read = part.gather(readings, position, RECORDS_A_PART)
        if not read:
            return
        position += read
        yield part


def _lay_out(rows: Sequence[Row]) -> None:
    formatter: Any = BinaryFormatter(Transformer())
    types = [postgres.types[name].oid for name in CALL_LAYOUT]
    formatter.transformer.set_dumper_types(types, formatter.format)
    for row in rows:
        formatter.write_row(row)


if __name__ == "__main__":
    main()
