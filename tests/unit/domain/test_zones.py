from __future__ import annotations

import pytest

from ledger.domain.zones import rollup_grid_seconds, zone


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("UTC", 3600),
        ("Europe/Berlin", 3600),
        ("America/New_York", 3600),
        ("Asia/Kolkata", 900),
        ("Asia/Kathmandu", 900),
        ("Australia/Lord_Howe", 900),
    ],
)
def test_the_grid_is_a_quarter_hour_where_the_offset_is_fractional(name: str, seconds: int) -> None:
    assert rollup_grid_seconds(name) == seconds


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../etc/passwd", "Europe", "a\x00b", "x" * 300]
)
def test_what_is_no_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no IANA time zone"):
        zone(name)


def test_a_zone_is_known_by_its_iana_name() -> None:
    assert zone("Europe/Berlin").key == "Europe/Berlin"
