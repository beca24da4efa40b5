"""When each job runs."""

from __future__ import annotations

import logging
import signal
from datetime import UTC, datetime, timedelta
from types import FrameType

from apscheduler.schedulers.blocking import BlockingScheduler

from collector.jobs.accounting import check_accounting
from collector.jobs.key_days import drop_old_keys, make_key_days_ahead
from collector.jobs.upkeep import (
    bound_dead_letters,
    check_books,
    make_days_ahead,
    prune_refused_records,
)
from ledger.settings import Settings
from ledger.storage.database import Database

log = logging.getLogger(__name__)


def run_jobs(database: Database, settings: Settings) -> None:
    """Run the jobs on their schedules until SIGTERM or SIGINT."""
    scheduler = BlockingScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
    )
    now = datetime.now(UTC)
    scheduler.add_job(make_days_ahead, "interval", hours=1, args=[database], next_run_time=now)
    scheduler.add_job(make_key_days_ahead, "interval", hours=1, args=[database], next_run_time=now)
    scheduler.add_job(
        drop_old_keys,
        "interval",
        hours=1,
        args=[database],
        kwargs={"join_window": timedelta(hours=settings.join_window_hours)},
        next_run_time=now,
    )
    scheduler.add_job(check_books, "interval", minutes=1, args=[database], next_run_time=now)
    scheduler.add_job(check_accounting, "interval", minutes=1, args=[database], next_run_time=now)
    scheduler.add_job(
        prune_refused_records,
        "interval",
        minutes=10,
        args=[database],
        kwargs={"kept": settings.rejected_records_kept},
    )
    scheduler.add_job(
        bound_dead_letters,
        "interval",
        minutes=10,
        args=[database],
        kwargs={"kept": settings.dead_letters_kept},
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler.start()
