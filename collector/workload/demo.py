"""The demo workload: thirty days of calls through the front door, then calls as they happen."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress, TaskID

from collector.workload.cast import CALLS_A_DAY
from collector.workload.progress import calls_progress
from collector.workload.schedule import calls_of_hour, hours_between
from collector.workload.sender import Sender, SendResult

_DAYS = 30
_BATCH = 2000
_LIVE_PAUSE_SECONDS = 1.0

_console = Console(stderr=True)


def send_demo(url: str) -> None:
    """Fill the last thirty days, then send each call when it is over, until stopped.

    Raises CollectorUnreachable.
    """
    sender = Sender(url)
    sender.wait_until_ready()
    filled_until = _fill(sender, datetime.now(UTC) - timedelta(days=_DAYS))
    _console.print("[green]30 days are booked.[/] Live calls keep arriving.")
    _send_live(sender, filled_until)


def _fill(sender: Sender, start: datetime) -> datetime:
    """Send everything that ended since `start`; returns the moment up to which that is complete."""
    now = datetime.now(UTC)
    booked_days = _booked_days(sender)
    with calls_progress(_console) as progress, ThreadPoolExecutor(max_workers=2) as senders:
        task = progress.add_task("Booking 30 days of calls", total=_DAYS * CALLS_A_DAY)
        waiting: list[bytes] = []
        sending = []
        for day in _days(start, now):
            records = [
                msgspec.json.encode(call.record)
                for hour in day
                for call in calls_of_hour(hour)
                if call.ended_at <= now
            ]
            if booked_days.get(day[0].date().isoformat()) == len(records):
                progress.advance(task, len(records))
                continue
            waiting += records
            while len(waiting) >= _BATCH:
                sending.append(senders.submit(sender.send, waiting[:_BATCH]))
                del waiting[:_BATCH]
            while len(sending) > 4:
                _account(progress, task, sending.pop(0).result())
        sending.append(senders.submit(sender.send, waiting))
        for sent in sending:
            _account(progress, task, sent.result())
        progress.update(task, total=progress.tasks[0].completed)
    return now


def _account(progress: Progress, task: TaskID, result: SendResult) -> None:
    progress.advance(task, result.booked + result.duplicate)


def _days(start: datetime, end: datetime) -> list[list[datetime]]:
    days: dict[str, list[datetime]] = {}
    for hour in hours_between(start, end):
        days.setdefault(hour.date().isoformat(), []).append(hour)
    return list(days.values())


def _booked_days(sender: Sender) -> dict[str, int]:
    """Demo calls that are booked already, by UTC day: a second start need not send them again."""
    answer: Any = sender.get("/v1/spend?interval=day&tz=UTC&service=assistant-api&service=indexer")
    return {row["start"][:10]: row["calls"] for row in answer["rows"]}


def _send_live(sender: Sender, sent_until: datetime) -> None:
    while True:
        time.sleep(_LIVE_PAUSE_SECONDS)
        now = datetime.now(UTC)
        # A call may end in a later hour than it started in.
        due = [
            msgspec.json.encode(call.record)
            for hour in hours_between(sent_until - timedelta(hours=1), now)
            for call in calls_of_hour(hour)
            if sent_until < call.ended_at <= now
        ]
        if due:
            sender.send(due)
        sent_until = now
