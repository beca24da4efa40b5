from __future__ import annotations

from itertools import combinations

from ledger.domain.dimensions import SERIES_DIMENSIONS, Series, series_id
from tests.factories.calls import a_call

_PLAIN = Series(
    "openai", "gpt-4o-mini", "chat", "search", "api", "production", "eu-central-1", "v1", "ok"
)


def test_the_name_of_a_series_never_changes() -> None:
    """A changed name would split every rollup; only a migration may change this figure."""
    assert str(series_id(_PLAIN)) == "84575db0-577c-a8c9-377a-879338718ecc"


def test_every_dimension_is_part_of_the_name() -> None:
    names = {series_id(_PLAIN._replace(**{name: "x"})) for name in SERIES_DIMENSIONS}
    assert len(names | {series_id(_PLAIN)}) == len(SERIES_DIMENSIONS) + 1


def test_tricky_values_never_share_a_name() -> None:
    tricky = [
        Series("ab", "c", "", "", "", "", "", "", ""),
        Series("a", "bc", "", "", "", "", "", "", ""),
        Series("abc", "", "", "", "", "", "", "", ""),
        Series("", "abc", "", "", "", "", "", "", ""),
        Series("a\x00b", "c", "", "", "", "", "", "", ""),
        Series("a", "\x00bc", "", "", "", "", "", "", ""),
        Series("a,b", "c", "", "", "", "", "", "", ""),
        Series("a", "b,c", "", "", "", "", "", "", ""),
        Series("é", "", "", "", "", "", "", "", ""),
        Series("e\u0301", "", "", "", "", "", "", "", ""),
        Series("\x00\x00\x00\x01", "", "", "", "", "", "", "", ""),
        Series("", "", "", "", "", "", "", "", ""),
    ]
    for one, other in combinations(tricky, 2):
        assert series_id(one) != series_id(other)


def test_a_call_counts_under_the_values_it_was_sent_with() -> None:
    call = a_call(
        operation="chat",
        feature="search",
        service="api",
        environment="production",
        region="eu-central-1",
        prompt_version="v1",
    )
    assert call.series == _PLAIN
