"""Time zones of tenants: which grid their rollups need so that days in their zone add up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

HOUR_SECONDS = 3600
QUARTER_HOUR_SECONDS = 900

_FIRST_YEAR = 2015
_LAST_YEAR = 2040


_NO_PLACES = frozenset(("Factory", "localtime", "posixrules"))


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Zones that Postgres knows too: none under `posix/` or `right/`, none of this machine."""
    return frozenset(available_timezones()) - _NO_PLACES


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises ValueError when there is none."""
    if name not in _names():
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin or UTC")
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def rollup_grid_seconds(zone_name: str) -> int:
    """3600, or 900 for zones whose offset from UTC is no whole number of hours (Asia/Kolkata)."""
    tz = zone(zone_name)
    for year in range(_FIRST_YEAR, _LAST_YEAR + 1):
        for month in range(1, 13):
            offset = datetime(year, month, 1, tzinfo=UTC).astimezone(tz).utcoffset()
            if offset is None or offset.total_seconds() % HOUR_SECONDS:
                return QUARTER_HOUR_SECONDS
    return HOUR_SECONDS
