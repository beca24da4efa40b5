"""Bringing notices to their channels, each channel on its own: one that hangs holds up no other."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from uuid import UUID

from alerts.notices.sending import send
from alerts.notices.texts import composed
from ledger.commands.notices.deliveries import (
    Taken,
    close_notices,
    note_delivered,
    note_failed,
    route_notices,
    take_deliveries,
)
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.notices.notice import Channel
from ledger.queries.notices.channels import all_channels
from ledger.storage.database import Database

log = logging.getLogger(__name__)

_AT_ONCE = 8
_PATIENCE_SECONDS = 10.0
"""Channels that are slower go on beside the next round."""


class Deliverer:
    """Sends what waits; one for each process that runs jobs."""

    def __init__(
        self, database: Database, *, setting: Sequence[Channel] = (), public_url: str | None = None
    ) -> None:
        """`setting` are the channels of the settings, `public_url` where people see dashboards."""
        self._database = database
        self._setting = setting
        self._public_url = public_url
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="notices")
        self._busy: dict[UUID, Future[None]] = {}
        self._closing = threading.Event()

    def deliver(self, at: datetime | None = None) -> None:
        """Begin to send all that is due, and wait a while for it. Raises LedgerUnavailable."""
        if self._closing.is_set():
            return
        at = at or datetime.now(UTC)
        self._busy = {of: future for of, future in self._busy.items() if not future.done()}
        with self._database.transaction("tollbook_ingest") as connection:
            route_notices(connection, self._setting, at)
            taken = take_deliveries(connection, at, list(self._busy))
            channels = {one.channel_id: one for one in (*all_channels(connection), *self._setting)}
        for channel_id, ones in _by_channel(taken).items():
            self._busy[channel_id] = self._pool.submit(
                self._tell, channel_id, channels.get(channel_id), ones, at
            )
        wait(self._busy.values(), timeout=_PATIENCE_SECONDS)
        with self._database.transaction("tollbook_ingest") as connection:
            close_notices(connection, at)

    def close(self) -> None:
        """Wait for the messages that are being sent, and begin no other.

        What is left is taken up when its time is over, by whoever sends then.
        """
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)

    def _tell(
        self, channel_id: UUID, channel: Channel | None, taken: Sequence[Taken], at: datetime
    ) -> None:
        try:
            for ones in _by_budget(taken):
                if self._closing.is_set():
                    return
                self._tell_together(channel_id, channel, ones, at)
        except LedgerUnavailable as error:
            log.warning("whether notices were taken could not be noted; they are sent again: %s",
                        error)  # fmt: skip
        except Exception:
            log.exception("telling notices failed; it is tried again")

    def _tell_together(
        self, channel_id: UUID, channel: Channel | None, taken: Sequence[Taken], at: datetime
    ) -> None:
        notices = [one.notice for one in taken]
        if channel is None:
            error: str | None = "the channel was removed"
        else:
            error = send(channel.url, composed(taken[0].budget, notices, self._public_url))
        with self._database.transaction("tollbook_ingest") as connection:
            if error is None:
                note_delivered(connection, channel_id, notices, at)
                return
            note_failed(connection, channel_id, notices, error, at, for_good=channel is None)
        if channel is not None:
            log.warning("the notice channel %r of %r did not take a notice; it is tried again: %s",
                        channel.name, channel.tenant, error)  # fmt: skip


def _by_channel(taken: Sequence[Taken]) -> Mapping[UUID, list[Taken]]:
    found: defaultdict[UUID, list[Taken]] = defaultdict(list)
    for one in taken:
        found[one.channel_id].append(one)
    return found


def _by_budget(taken: Sequence[Taken]) -> list[list[Taken]]:
    found: defaultdict[UUID, list[Taken]] = defaultdict(list)
    for one in taken:
        found[one.budget.budget_id].append(one)
    return list(found.values())
