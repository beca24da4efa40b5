"""What keeps notices from people shows on /metrics, in the doctor's report and on the terminal."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.notices.delivering import Deliverer
from collector.cli import tollbook
from collector.doctor.ledger_checks import ledger_findings
from exporters.prometheus.notices import NoticeFigures
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from tests.integration.budgets.books import set_budget
from tests.integration.notices.notice_book import a_channel, a_token_budget, look, spend
from tests.servers.exposition import total
from tests.servers.in_process import InProcessClient
from tests.servers.notice_targets import Webhook

SECRET = "sEcReT-tOkEn-1234"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> None:
    for name in list(os.environ):
        if name.startswith("TOLLBOOK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOLLBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")


def run(*command: str, said: str | None = None) -> Result:
    return CliRunner().invoke(tollbook, ["budgets", "channels", *command], input=said)


def crossed(database: Database) -> datetime:
    """A minute ago two thresholds were crossed; returns ten minutes from now."""
    now = datetime.now(UTC)
    set_budget(database, a_token_budget(name="Chat", period="quarter"))
    spend(database, 85, now)
    look(database, now - timedelta(minutes=5))
    return now + timedelta(minutes=10)


def finding(reader: Reader) -> tuple[str, str]:
    found = {one.check: one for one in ledger_findings(reader)}["notices"]
    assert (found.state == "wrong") == bool(found.advice)
    return found.state, found.found


def test_metrics_are_there_from_the_start_and_count(
    client: InProcessClient,
    database: Database,
    reader: Reader,
    deliverer: Deliverer,
    hook: Webhook,
) -> None:
    text = client.get("/metrics").text
    for result in ("delivered", "failed", "given_up"):
        assert f'tollbook_notices_total{{result="{result}"}} 0' in text
    assert "tollbook_notices_waiting 0" in text
    crossed(database)
    a_channel(database, hook.url())
    deliverer.deliver()
    # What the exporter shows is some seconds old at most; a new one draws it at once.
    fresh = NoticeFigures(reader).text()
    assert total(fresh, "tollbook_notices_total", result="delivered") == 2


def test_the_doctor_finds_notices_without_a_channel(database: Database, reader: Reader) -> None:
    assert finding(reader) == ("ok", "none waits")
    crossed(database)
    state, found = finding(reader)
    assert (state, found) == ("wrong", "2 notices without a channel to go to")


def test_the_doctor_finds_a_channel_that_takes_nothing(
    database: Database, reader: Reader, deliverer: Deliverer, hook: Webhook
) -> None:
    hook.status = 500
    a_channel(database, hook.url(SECRET), name="team")
    crossed(database)
    deliverer.deliver()
    state, found = finding(reader)
    assert state == "wrong"
    assert found.startswith("team did not take 2 notices (")
    assert SECRET not in found
    hook.status = 200
    deliverer.deliver(datetime.now(UTC) + timedelta(minutes=1))
    assert finding(reader) == ("ok", "none waits")


def test_channels_are_set_tried_and_removed_on_the_terminal(hook: Webhook) -> None:
    added = run("add", "team", "--tenant", "acme", said=f"{hook.url(SECRET)}\n")
    assert added.exit_code == 0, added.output
    assert "json://127.0.0.1/..." in added.output
    listed = run("list")
    assert "team" in listed.output
    assert SECRET not in added.output + listed.output
    assert run("test", "team").exit_code == 0
    assert hook.titles == ["Tollbook: a test"]
    hook.status = 500
    tried = run("test")
    assert tried.exit_code == 1
    assert "did not take it" in tried.output
    assert SECRET not in tried.output
    assert run("remove", "team", "--tenant", "acme").exit_code == 0
    assert run("test", "team").exit_code == 1


def test_an_address_that_is_none_is_refused_without_being_repeated() -> None:
    result = run("add", "team", f"nonsense://{SECRET}")
    assert result.exit_code != 0
    assert SECRET not in result.output
    assert SECRET not in str(result.exception)


def test_a_setting_that_names_no_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLBOOK_NOTICE_URLS", f"json://host/a nonsense://{SECRET}")
    result = run("list")
    assert str(result.exception).startswith("TOLLBOOK_NOTICE_URLS: address 2: ")
    assert SECRET not in str(result.exception)
