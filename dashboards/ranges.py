"""The time ranges people choose from, and what each is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger.queries.spend import Interval


@dataclass(frozen=True, kw_only=True)
class Range:
    """A range up to now, and the same stretch right before it."""

    key: str
    label: str
    start: datetime
    now: datetime
    previous_start: datetime
    previous_end: datetime
    interval: Interval


LABELS: dict[str, str] = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
DEFAULT = "30d"


def resolve(key: str | None, now: datetime, tz: ZoneInfo) -> Range:
    """The range of that name as of `now` (aware); an unknown name means the default."""
    key = key if key in LABELS else DEFAULT
    local = now.astimezone(tz)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if key == "24h":
        return _last_day(now, tz)
    days = 7 if key == "7d" else 30
    start = midnight - timedelta(days=days - 1)
    length = timedelta(days=days)
    return Range(
        key=key,
        label=LABELS[key],
        start=start,
        now=now,
        previous_start=start - length,
        previous_end=local - length,
        interval="day" if key == "30d" else "hour",
    )


def _last_day(now: datetime, tz: ZoneInfo) -> Range:
    """The running hour and the 23 before it, in absolute time: a clock may jump in between."""
    hour = now.astimezone(tz).replace(minute=0, second=0, microsecond=0)
    start = hour.astimezone(UTC) - timedelta(hours=23)
    day = timedelta(days=1)
    return Range(
        key="24h",
        label=LABELS["24h"],
        start=start.astimezone(tz),
        now=now,
        previous_start=(start - day).astimezone(tz),
        previous_end=(now - day).astimezone(tz),
        interval="hour",
    )


def today(now: datetime, tz: ZoneInfo) -> Range:
    """Midnight until now, against yesterday until the same time."""
    local = now.astimezone(tz)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    return Range(
        key="today",
        label="Today",
        start=start,
        now=now,
        previous_start=start - day,
        previous_end=local - day,
        interval="hour",
    )


def this_month(now: datetime, tz: ZoneInfo) -> Range:
    """The first until now, against the same stretch of last month (at most to its end)."""
    local = now.astimezone(tz)
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    previous_start = (start - timedelta(days=1)).replace(day=1)
    return Range(
        key="month",
        label="This month",
        start=start,
        now=now,
        previous_start=previous_start,
        previous_end=min(previous_start + (local - start), start),
        interval="day",
    )


def interval_starts(of: Range) -> list[datetime]:
    """Every interval of the range by its beginning, in the range's zone; the last is running."""
    starts = []
    start = of.start
    while start <= of.now:
        starts.append(start)
        start = _next_start(start, of.interval)
    return starts


def _next_start(start: datetime, interval: Interval) -> datetime:
    if interval == "hour":
        # In absolute time: a zone's clock jumps twice a year.
        return (start.astimezone(UTC) + timedelta(hours=1)).astimezone(start.tzinfo)
    return start + timedelta(days=1)
