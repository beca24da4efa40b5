"""`tollbook doctor` finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from collector.cli import tollbook
from collector.jobs.upkeep import check_books, make_days_ahead
from ledger.storage.database import Database
from tests.servers.databases import TestServer
from tests.servers.processes import free_port


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("TOLLBOOK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOLLBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOLLBOOK_COLLECTOR_BIND", f"127.0.0.1:{free_port()}")


@pytest.fixture
def _ledger(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger in good order."""
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    make_days_ahead(database)
    check_books(database)


def examined() -> dict[str, dict[str, Any]]:
    """The findings by check; the exit status agrees with them."""
    result = CliRunner().invoke(tollbook, ["doctor", "--json"])
    report = json.loads(result.stdout)
    findings = {finding["check"]: finding for finding in report["checks"]}
    assert report["ok"] == all(finding["state"] == "ok" for finding in findings.values())
    assert result.exit_code == (0 if report["ok"] else 1)
    for finding in findings.values():
        assert (finding["state"] == "wrong") == bool(finding["advice"])
    return findings


def wrong(*, apart_from: str = "collector") -> set[str]:
    return {
        check
        for check, finding in examined().items()
        if finding["state"] == "wrong" and not check.startswith(apart_from)
    }


@pytest.mark.usefixtures("_ledger")
def test_an_installation_in_good_order_is_well(
    collector_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOLLBOOK_COLLECTOR_BIND", collector_url.removeprefix("http://"))
    findings = examined()
    assert {finding["state"] for finding in findings.values()} == {"ok"}
    assert set(findings) == {
        "settings", "Postgres", "schema", "clock", "days ahead", "self-check", "accounting",
        "dead letters", "notices", "spool", "spool: damaged", "spool: failed", "disk",
        "collector alive", "collector ready",
    }  # fmt: skip
    assert not (tmp_path / "home").exists()
    shown = CliRunner().invoke(tollbook, ["doctor"])
    assert (shown.exit_code, "WRONG" in shown.stdout) == (0, False)


@pytest.mark.usefixtures("_ledger")
def test_a_collector_that_does_not_run_is_wrong() -> None:
    assert wrong(apart_from="-") == {"collector alive", "collector ready"}
    shown = CliRunner().invoke(tollbook, ["doctor"])
    assert (shown.exit_code, shown.stdout.count("WRONG"), "->" in shown.stdout) == (1, 2, True)


def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLBOOK_COLOUR", "red")
    findings = examined()
    assert "TOLLBOOK_COLOUR" in findings["settings"]["found"]
    assert findings["everything else"]["state"] == "unknown"


def test_a_server_that_is_away_is_wrong_and_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", f"postgresql://127.0.0.1:{free_port()}/tollbook")
    findings = examined()
    assert findings["Postgres"]["state"] == "wrong"
    assert findings["schema"]["state"] == findings["dead letters"]["state"] == "unknown"
    assert findings["spool"]["state"] == findings["disk"]["state"] == "ok"


def test_an_embedded_server_that_does_not_run_is_not_started(tmp_path: Path) -> None:
    finding = examined()["Postgres"]
    assert "no embedded Postgres runs" in finding["found"]
    assert "tollbook up" in finding["advice"]
    assert not (tmp_path / "home").exists()


def test_a_database_without_the_schema_is_told_to_migrate(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.fresh_database(migrated=False) as url:
        monkeypatch.setenv("TOLLBOOK_DATABASE_URL", url)
        findings = examined()
    assert findings["schema"]["state"] == "wrong"
    assert "tollbook migrate" in findings["schema"]["advice"]
    assert findings["days ahead"]["state"] == "unknown"


def test_a_new_ledger_without_jobs_is_told_that_they_do_not_run(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    assert wrong() == {"days ahead", "self-check"}
    assert "tollbook work" in examined()["days ahead"]["advice"]


@pytest.mark.parametrize(
    ("check", "statement", "found"),
    [
        ("self-check", "UPDATE self_checks SET checked_at = now() - interval '1 hour'", "3600 s"),
        (
            "self-check",
            "UPDATE self_checks SET drift_pico_usd = 2500000000000 WHERE scope = 'today'",
            "today by 2.5 USD",
        ),
        (
            "self-check",
            "UPDATE self_checks SET records_off = 3 WHERE scope = 'today'",
            "today by 3 records",
        ),
        (
            "dead letters",
            "INSERT INTO refused_records (tenant, kind, receiver, position, path, reason)"
            " VALUES ('acme', 'dead_lettered', 'calls', 0, '', 'x')",
            "1 record failed after being acknowledged",
        ),
        (
            "accounting",
            "INSERT INTO ingest_totals VALUES"
            " ('calls', 'replayed', 4), ('', 'parted_later', 1),"
            " ('calls', 'received', 10), ('calls', 'booked', 8), ('calls', 'ignored', 1),"
            " ('logs', 'received', 5), ('logs', 'booked', 5), ('', 'joined_later', 2)",
            "calls: records with a result are 9 of 10 received",
        ),
    ],
)
@pytest.mark.usefixtures("_ledger")
def test_what_is_wrong_in_the_ledger_is_found(
    database_url: str, check: str, statement: str, found: str
) -> None:
    assert wrong() == set()
    with psycopg.connect(database_url) as connection:
        connection.execute(statement)
    assert wrong() == {check}
    assert found in examined()[check]["found"]


@pytest.mark.usefixtures("_ledger")
def test_parts_that_are_checked_in_turn_may_be_old(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO self_checks (scope, drift_pico_usd, checked_at)"
            " VALUES ('budget days 3', 0, now() - interval '50 minutes')"
        )
    assert wrong() == set()
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO self_checks (scope, drift_pico_usd, checked_at)"
            " VALUES ('holds', 0, now() - interval '50 minutes')"
        )
    assert wrong() == {"self-check"}
