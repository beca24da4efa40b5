"""When each job runs."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from types import FrameType
from typing import Any

from apscheduler.schedulers.blocking import BlockingScheduler

from alerts.notices.addresses import channels_of_setting
from alerts.notices.delivering import Deliverer
from collector.jobs.accounting import check_accounting
from collector.jobs.budgets import check_budgets, fill_waiting_budgets
from collector.jobs.catalog_refresh import refresh_catalog
from collector.jobs.key_days import drop_old_keys, make_key_days_ahead
from collector.jobs.late_pricing import late_pricer_for, price_waiting_calls
from collector.jobs.notices import NoticeJobs
from collector.jobs.repricing import prices_known, work_on_repricings
from collector.jobs.reservations import (
    check_holds,
    expire_reservations,
    forget_reservations,
)
from collector.jobs.upkeep import (
    bound_dead_letters,
    check_books,
    make_days_ahead,
    prune_refused_records,
)
from exporters.postgres.revisions.repricer import Repricer
from ledger.domain.errors import LedgerUnavailable
from ledger.settings import Settings
from ledger.storage.database import Database

log = logging.getLogger(__name__)


def run_jobs(database: Database, settings: Settings) -> None:
    """Run the jobs on their schedules until SIGTERM or SIGINT."""
    scheduler = BlockingScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
    )
    # That a job still goes on when its next time comes is no news.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    now = datetime.now(UTC)
    join_window = timedelta(hours=settings.join_window_hours)
    deliverer = Deliverer(
        database,
        setting=channels_of_setting(settings.notice_urls),
        public_url=settings.public_url,
    )
    notices = NoticeJobs(deliverer)
    for job, every, arguments in (
        (make_days_ahead, {"hours": 1}, {}),
        (make_key_days_ahead, {"hours": 1}, {}),
        (drop_old_keys, {"hours": 1}, {"join_window": join_window}),
        (price_waiting_calls, {"seconds": 5}, {"late_pricer": late_pricer_for(database, settings)}),
        (refresh_catalog, {"hours": 1, "jitter": 600}, {"url": settings.catalog_url}),
        (expire_reservations, {"seconds": 5}, {}),
        (forget_reservations, {"minutes": 10}, {}),
        (check_holds, {"minutes": 1}, {}),
        (check_books, {"minutes": 1}, {}),
        (check_accounting, {"minutes": 1}, {}),
        (fill_waiting_budgets, {"minutes": 1}, {}),
        (check_budgets, {"minutes": 1}, {}),
        (notices.watch_budgets, {"seconds": 5}, {}),
        (notices.tell_notices, {"seconds": 5}, {}),
        (prune_refused_records, {"minutes": 10}, {"kept": settings.rejected_records_kept}),
        (bound_dead_letters, {"minutes": 10}, {"kept": settings.dead_letters_kept}),
        (work_on_repricings, {"seconds": 2}, {"repricer": Repricer(prices_known(database))}),
    ):
        scheduler.add_job(
            _unless_away(job),
            "interval",
            **every,
            args=[database],
            kwargs=arguments,
            next_run_time=now,
        )

    def stop(_number: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler.start()
    deliverer.close()


def _unless_away(job: Callable[..., object]) -> Callable[..., None]:
    """The job, which waits for its next time in one line of log while Postgres is away."""

    @wraps(job)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            job(*args, **kwargs)
        except LedgerUnavailable as error:
            log.warning("%s waits for its next time: %s", job.__name__, error)

    return run
