"""The desk: one thread that decides whatever commands about reservations wait, together."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from uuid import UUID

from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from collector.admission.unverified import Unverified
from ledger.commands.reservations.group import BudgetsChanged, Group, HoldsExpired
from ledger.commands.reservations.locking import AccountsMade, Overtaken
from ledger.commands.reservations.sight import BudgetsInSight
from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.errors import LedgerUnavailable, Overloaded, TollbookError
from ledger.domain.reservations.commands import Answer, Command, Record, Release
from ledger.storage.database import Database

log = logging.getLogger(__name__)

_MOST_A_GROUP = 512
_MOST_WAITING = 20_000
_ATTEMPTS = 8
_DEADLINE_SECONDS = 0.7
"""Of one transaction: whoever waits for it has to be answered within a second."""
_RECORDING_SECONDS = 5.0
_PAUSE_SECONDS = 0.5
"""Between looks at a Postgres that is away, and at what else has to be done when nobody asks."""
_LOOK_SECONDS = 2.0
_CLASHES = (DeadlockDetected, SerializationFailure, UniqueViolation)

_Waiting = tuple[Command, "Future[Answer]"]


class Desk:
    """Admission of one process. Many may wait for it at the price of one transaction."""

    def __init__(self, database: Database, unverified: Unverified) -> None:
        self._database = database
        self._unverified = unverified
        self._sight = BudgetsInSight(database)
        self._made = AccountsMade()
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._abandoned: list[UUID] = []
        self._fault: LedgerUnavailable | None = None
        self._decided_at = float("-inf")
        self._looked_at = float("-inf")
        self._looks_around = False
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Also look around when nobody asks: for new budgets, for a Postgres that is back."""
        self._looks_around = True
        self._begin()

    def stop(self) -> None:
        """End; who still waits is not answered."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10.0)

    @property
    def known(self) -> KnownBudgets | None:
        """The budgets as they were last read; None when they never were."""
        return self._sight.known

    @property
    def fault(self) -> LedgerUnavailable | None:
        """Why nothing can be decided at the moment; None when Postgres is there."""
        return self._fault

    def has_decided_since(self, moment: float) -> bool:
        """Whether a transaction ended well since a moment of the monotonic clock."""
        return self._decided_at > moment

    def ask(self, command: Command) -> Future[Answer]:
        """Have a command decided.

        Raises, and the future ends with, LedgerUnavailable or Overloaded.
        """
        if self._queue.qsize() >= _MOST_WAITING:
            raise Overloaded
        if self._thread is None:
            self._begin()
        answer: Future[Answer] = Future()
        self._queue.put((command, answer))
        return answer

    def abandon(self, reservation_id: UUID) -> None:
        """Give back, as soon as that can be done, what nobody waits for any more."""
        self._abandoned.append(reservation_id)

    def _begin(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="admission", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._fault is not None:
                    self._look_for_ledger()
                else:
                    self._serve()
            except Exception:
                log.exception("admission failed; it goes on")
                time.sleep(_PAUSE_SECONDS)

    def _look_for_ledger(self) -> None:
        """Try to get to know the budgets; whoever asks meanwhile is told at once."""
        try:
            self._look()
        except LedgerUnavailable as error:
            self._is_away(error)
            self._wait_and_refuse(error)
        else:
            log.info("reservations are decided again")
            self._fault = None

    def _wait_and_refuse(self, error: LedgerUnavailable) -> None:
        until = time.monotonic() + _PAUSE_SECONDS
        while (left := until - time.monotonic()) > 0:
            try:
                _, answer = self._queue.get(timeout=left)
            except queue.Empty:
                return
            _end(answer, error)

    def _serve(self) -> None:
        group = self._take()
        try:
            if group:
                self._settle(group)
            if self._looks_around and time.monotonic() - self._looked_at > _LOOK_SECONDS:
                self._look()
        except LedgerUnavailable as error:
            self._is_away(error)

    def _look(self) -> None:
        """See which budgets there are, and record what was admitted without the ledger."""
        self._looked_at = time.monotonic()
        self._sight.refresh(deadline_seconds=_DEADLINE_SECONDS)
        self._record_unverified()

    def _take(self) -> list[_Waiting]:
        """Whatever waits and is still waited for; empty when nobody asked for a while."""
        try:
            waiting = [self._queue.get(timeout=_PAUSE_SECONDS if self._looks_around else None)]
        except queue.Empty:
            return []
        while len(waiting) < _MOST_A_GROUP:
            try:
                waiting.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return [one for one in waiting if one[1].set_running_or_notify_cancel()]

    def _settle(self, group: Sequence[_Waiting]) -> None:
        try:
            decided = self._decide([command for command, _ in group])
        except TollbookError as error:
            for _, answer in group:
                answer.set_exception(error)
            if isinstance(error, LedgerUnavailable):
                raise
            return
        except Exception as error:
            if len(group) == 1:
                log.exception("a reservation could not be decided")
                group[0][1].set_exception(error)
                return
            for one in group:
                self._settle([one])
            return
        self._decided_at = time.monotonic()
        for (_, answer), what in zip(group, decided, strict=True):
            answer.set_result(what)

    def _decide(
        self, commands: Sequence[Command], seconds: float = _DEADLINE_SECONDS
    ) -> list[Answer]:
        until = time.monotonic() + seconds
        expiring: set[UUID] = set()
        for _ in range(_ATTEMPTS):
            left = max(0.05, until - time.monotonic())
            try:
                return self._decide_once(commands, expiring, left)
            except HoldsExpired as expired:
                expiring = expired.due
            except BudgetsChanged:
                self._sight.refresh(deadline_seconds=left)
            except Overtaken:
                self._made.forget()
            except _CLASHES:
                continue
            except LedgerUnavailable as error:
                if not isinstance(error.__cause__, _CLASHES):
                    raise
        raise Overloaded

    def _decide_once(
        self, commands: Sequence[Command], expiring: set[UUID], seconds: float
    ) -> list[Answer]:
        known = self._sight.known
        if known is None:
            raise BudgetsChanged
        group = Group(commands, known, expiring)
        return group.decide(self._database, self._made, deadline_seconds=seconds)

    def _record_unverified(self) -> None:
        """Take down what was admitted without the ledger, and give back what nobody waits for."""
        while self._unverified.has_any():
            self._unverified.close()
            with self._unverified.next_file() as found:
                if found is None:
                    break
                self._record(*found)
        abandoned, self._abandoned = self._abandoned, []
        if abandoned:
            self._decide([Release(one) for one in abandoned], _RECORDING_SECONDS)

    def _record(self, path: Path, records: Sequence[Record]) -> None:
        try:
            for start in range(0, len(records), _MOST_A_GROUP):
                self._decide(records[start : start + _MOST_A_GROUP], _RECORDING_SECONDS)
        except TollbookError:
            raise
        except Exception:
            log.exception("admissions could not be recorded")
            self._unverified.set_aside(path)

    def _is_away(self, error: LedgerUnavailable) -> None:
        if self._looks_around:
            if self._fault is None:
                log.warning("no reservation can be decided: %s", error)
            self._fault = error
        self._made.forget()
        while not self._queue.empty():
            _end(self._queue.get()[1], error)


def _end(answer: Future[Answer], error: TollbookError) -> None:
    if answer.set_running_or_notify_cancel():
        answer.set_exception(error)
