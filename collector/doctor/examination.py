"""The whole examination, in the order in which one thing rests on another. It reads only."""

from __future__ import annotations

from collections.abc import Iterator

from collector.doctor.findings import Finding, ok, unknown, wrong
from collector.doctor.ledger_checks import ledger_findings, unknown_ledger
from collector.doctor.machine_checks import collector_findings, disk_finding, spool_findings
from collector.spool.spool import Spool
from ledger.access.principals import LOCAL_OPERATOR
from ledger.domain.errors import EmbeddedPostgresFailed, InvalidSetting
from ledger.queries.reader import Reader
from ledger.settings import Settings, load_settings
from ledger.storage.database import Database
from ledger.storage.embedded.server import EmbeddedPostgres


def examine() -> list[Finding]:
    """Look at everything once."""
    try:
        settings = load_settings()
    except InvalidSetting as error:
        advice = "correct it; docs/settings.md lists all settings"
        return [wrong("settings", str(error), advice), unknown("everything else")]
    ledger = list(_ledger(settings))
    is_there = all(finding.state == "ok" for finding in ledger if finding.check == "Postgres")
    return [
        ok("settings", "readable"),
        *ledger,
        *spool_findings(
            Spool(settings.spool_path, settings.spool_max_bytes), is_ledger_there=is_there
        ),
        disk_finding(settings.home),
        *collector_findings(settings.collector_bind),
    ]


def _ledger(settings: Settings) -> Iterator[Finding]:
    try:
        # The embedded server is only looked for: a doctor starts nothing.
        url = settings.database_url or EmbeddedPostgres(settings.home).url()
    except (EmbeddedPostgresFailed, OSError) as error:
        yield wrong(
            "Postgres", str(error), "start `tollbook up`, or set TOLLBOOK_DATABASE_URL to a server"
        )
        yield from unknown_ledger()
        return
    database = Database(url, max_connections=1)
    try:
        yield from ledger_findings(Reader(database, LOCAL_OPERATOR))
    finally:
        database.close()
