"""Whether the books hold what was sent: a rate of calls that were lost or doubled means nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import psycopg

_SUMS = {
    "calls": "SELECT count(*), coalesce(sum(cost_pico_usd), 0), coalesce(sum(input_tokens), 0),"
    " coalesce(sum(output_tokens), 0) FROM current_calls",
    "rollups": "SELECT {measures} FROM rollups",
    "totals less credits": "SELECT {net_measures}"
    " FROM (SELECT {measures} FROM totals) AS t ({names}),"
    " (SELECT {measures} FROM credits) AS c ({names})",
}
_MEASURES = ("calls", "cost_pico_usd", "input_tokens", "output_tokens")


class Sums(NamedTuple):
    """What one place holds in all."""

    calls: int
    cost_pico_usd: Decimal
    input_tokens: int
    output_tokens: int


def sums_everywhere(connection: psycopg.Connection[tuple[int, ...]]) -> dict[str, Sums]:
    """The same sums of the calls, of the rollups, and of the totals without what was credited."""
    measures = ", ".join(f"coalesce(sum({name}), 0)" for name in _MEASURES)
    net = ", ".join(f"t.{name} - c.{name}" for name in _MEASURES)
    found = {}
    for place, query in _SUMS.items():
        text = query.format(measures=measures, net_measures=net, names=", ".join(_MEASURES))
        row = connection.execute(text.encode()).fetchone()
        assert row is not None
        found[place] = Sums(int(row[0]), Decimal(row[1]), int(row[2]), int(row[3]))
    return found


def check_books(url: str, expected_calls: int) -> int:
    """Raise RuntimeError unless every place holds exactly so many calls; returns rollup groups."""
    with psycopg.connect(url) as connection:
        everywhere = sums_everywhere(connection)
        groups = connection.execute("SELECT count(*) FROM rollups").fetchone()
    assert groups is not None
    if len(set(everywhere.values())) != 1 or everywhere["calls"].calls != expected_calls:
        raise RuntimeError(
            f"sent {expected_calls} different calls, but the books hold {everywhere}"
        )
    return int(groups[0])
