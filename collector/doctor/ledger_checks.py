"""Whether the ledger can be reached, is up to date, and agrees with itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from collector.counted import counted
from collector.doctor.findings import Finding, ok, unknown, wrong
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.ingest import RECEIVED, unbalanced_receivers
from ledger.domain.money import usd_text
from ledger.queries.condition import Server, dead_letters, last_self_checks, newest_day, server
from ledger.queries.notices.condition import notice_condition
from ledger.queries.reader import Reader
from ledger.queries.totals import ingest_counts
from ledger.storage.database import first_line
from ledger.storage.schema import newest_revision

_MOST_CLOCK_DIFFERENCE_SECONDS = 5.0
_OLDEST_SELF_CHECK = timedelta(minutes=10)
_JOBS_ADVICE = "see that `tollbook work` runs (part of `tollbook up`) and what its log says"


def ledger_findings(reader: Reader) -> Iterator[Finding]:
    """Everything about the ledger; what rests on something that is wrong is not looked at."""
    try:
        before = datetime.now(UTC)
        found = server(reader)
        after = datetime.now(UTC)
    except LedgerUnavailable as error:
        yield wrong("Postgres", str(error), "start the server, or correct TOLLBOOK_DATABASE_URL")
        yield from unknown_ledger()
        return
    except (SQLAlchemyError, psycopg.Error) as error:
        yield wrong("Postgres", first_line(error), "run `tollbook migrate`")
        yield from unknown_ledger()
        return
    yield ok("Postgres", f"answers; version {found.version}")
    yield _schema(found)
    yield clock_finding(found.clock, before, after)
    is_current = found.revision == newest_revision()
    for name, check in _CHECKS.items():
        yield check(reader) if is_current else unknown(name)


def unknown_ledger() -> Iterator[Finding]:
    """The lines of a ledger that cannot be asked."""
    for name in ("schema", "clock", *_CHECKS):
        yield unknown(name)


def _schema(found: Server) -> Finding:
    newest = newest_revision()
    if found.revision == newest:
        return ok("schema", f"{newest}, current")
    return wrong(
        "schema",
        f"{found.revision or 'none'}; this version of Tollbook works with {newest}",
        "run `tollbook migrate`; where the database is ahead, install that version here",
    )


def clock_finding(theirs: datetime, before: datetime, after: datetime) -> Finding:
    """How far a clock that was read between two moments of ours is off at least."""
    difference = max(theirs - after, before - theirs, timedelta(0)).total_seconds()
    if difference > _MOST_CLOCK_DIFFERENCE_SECONDS:
        return wrong(
            "clock",
            f"Postgres' clock is {difference:.0f} s off this machine's",
            "set both by NTP: calls would count in the wrong hour",
        )
    return ok("clock", "Postgres' and this machine's agree")


def _days_ahead(reader: Reader) -> Finding:
    newest = newest_day(reader)
    today = datetime.now(UTC).date()
    if newest is None or newest <= today:
        return wrong("days ahead", f"the newest day is {newest or 'not there'}", _JOBS_ADVICE)
    return ok("days ahead", f"{(newest - today).days}, up to {newest}")


def _self_checks(reader: Reader) -> Finding:
    checks = last_self_checks(reader)
    off = ", ".join(
        [
            *(f"{c.scope} by {usd_text(c.drift_pico_usd)} USD" for c in checks if c.drift_pico_usd),
            *(f"{c.scope} by {counted(c.records_off, 'record')}" for c in checks if c.records_off),
        ]
    )
    if off:
        return wrong(
            "self-check",
            f"the books do not agree: {off}",
            "keep a copy of the database as it is and report it: this is a fault of Tollbook's",
        )
    regular = [check.checked_at for check in checks if not check.takes_turns]
    if not regular:
        return wrong("self-check", "there was none yet", _JOBS_ADVICE)
    age = datetime.now(UTC) - min(regular)
    text = f"no drift; checked {age.total_seconds():.0f} s ago"
    return (
        ok("self-check", text)
        if age < _OLDEST_SELF_CHECK
        else wrong("self-check", text, _JOBS_ADVICE)
    )


def _accounting(reader: Reader) -> Finding:
    """Every record received is counted under exactly one result."""
    counts = ingest_counts(reader)
    off = unbalanced_receivers(counts)
    if off:
        return wrong(
            "accounting",
            "; ".join(f"{one.what} are {one.found} of {one.should_be} received" for one in off),
            "report it: records were lost or counted twice, a fault of Tollbook's",
        )
    received = sum(records for _, result, records in counts if result == RECEIVED)
    return ok("accounting", f"{counted(received, 'record')}, each with one result")


def _dead_letters(reader: Reader) -> Finding:
    count = dead_letters(reader)
    if count:
        return wrong(
            "dead letters",
            f"{counted(count, 'record')} failed after being acknowledged",
            "`tollbook dead-letters` lists them and replays them after a fix",
        )
    return ok("dead letters", "none")


def _notices(reader: Reader) -> Finding:
    found = notice_condition(reader, datetime.now(UTC))
    faults = [
        f"{one.channel} did not take {counted(one.waiting, 'notice')}"
        f" ({one.error or 'not tried yet'})"
        for one in found.stuck
    ]
    if found.without_channel:
        faults.append(f"{counted(found.without_channel, 'notice')} without a channel to go to")
    if faults:
        return wrong(
            "notices",
            "; ".join(faults),
            "`tollbook budgets channels` lists, sets and tests channels (docs/notices.md); see that"
            " `tollbook work` runs",
        )
    return ok("notices", "none waits")


_CHECKS: dict[str, Callable[[Reader], Finding]] = {
    "days ahead": _days_ahead,
    "self-check": _self_checks,
    "accounting": _accounting,
    "dead letters": _dead_letters,
    "notices": _notices,
}
