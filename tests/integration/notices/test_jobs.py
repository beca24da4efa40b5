"""The jobs look every few seconds, one process at a time, and tell what they find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from alerts.notices.delivering import Deliverer
from collector.jobs.notices import NoticeJobs
from collector.jobs.turns import is_ours
from ledger.storage.database import Database
from tests.integration.budgets.books import set_budget
from tests.integration.notices.notice_book import a_channel, a_token_budget, spend, thresholds
from tests.servers.notice_targets import Webhook


def test_what_is_spent_now_is_told_in_the_next_round(
    database: Database, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    set_budget(database, a_token_budget(name="Chat", period="quarter"))
    jobs = NoticeJobs(deliverer)
    jobs.watch_budgets(database)
    spend(database, 100, datetime.now(UTC))
    NoticeJobs(deliverer).watch_budgets(database)
    jobs.tell_notices(database)
    assert hook.titles == ["Budget Chat: 50 %, 80 %, 100 % reached"]


def test_a_first_look_goes_back_over_what_passed_while_no_jobs_ran(
    database: Database, deliverer: Deliverer
) -> None:
    now = datetime.now(UTC)
    set_budget(database, a_token_budget(created_at=now - timedelta(days=9)))
    spend(database, 60, now - timedelta(days=2))
    NoticeJobs(deliverer).watch_budgets(database)
    assert thresholds(database) == ["0.5"]


def test_while_another_process_looks_ours_does_not(
    database: Database, deliverer: Deliverer
) -> None:
    set_budget(database, a_token_budget(period="quarter"))
    spend(database, 60, datetime.now(UTC))
    jobs = NoticeJobs(deliverer)
    with database.transaction("tollbook_ingest") as other:
        assert is_ours(other, "watch_budgets")
        jobs.watch_budgets(database)
        assert other.execute(text("SELECT count(*) FROM budget_notices")).scalar_one() == 0
    jobs.watch_budgets(database)
    assert thresholds(database) == ["0.5"]
