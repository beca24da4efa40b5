"""Time zones of tenants: which grid their rollups need so that days in their zone add up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HOUR_SECONDS = 3600
QUARTER_HOUR_SECONDS = 900

_FIRST_YEAR = 2015
_LAST_YEAR = 2040


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin or UTC") from error


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
