"""What becomes of the files of a spool: booked, dead-lettered, set aside, or left for later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from collector.receivers.accepted import Accepted
from collector.spool.names import FileName
from collector.spool.spool import Spool
from exporters.postgres.batches import Mark
from exporters.postgres.spool_marks import SpoolMarks, marked_file, spool_mark
from ledger.domain.errors import LedgerUnavailable, TollbookError

log = logging.getLogger(__name__)

_ATTEMPTS = 3
"""How often a request is booked alone before an unexpected error counts as final."""


class Spooled(msgspec.Struct, frozen=True):
    """A request read back from the spool."""

    accepted: Accepted
    mark: Mark
    """Written in the transaction that books the request: while it stands, so does the request."""


Book = Callable[[Sequence[Spooled]], object]
"""Books requests with their marks, in one transaction or several.

When it returns all are booked. When it raises, none may still be on its way.
"""

DeadLetter = Callable[[Spooled, str], object]
"""Keeps a request that cannot be booked, with its mark, in one transaction; the text is why."""


class _File(msgspec.Struct):
    name: FileName
    requests: list[Spooled]
    fault: str | None
    failed: list[Accepted] = []
    waits: bool = False
    """Some of it can only be booked later."""


class Settling:
    """Settles files one group after the other. A fault in one never holds up those behind it."""

    def __init__(
        self, spool: Spool, marks: SpoolMarks, book: Book, dead_letter: DeadLetter | None
    ) -> None:
        self._spool = spool
        self._marks = marks
        self._book = book
        self._dead_letter = dead_letter
        self._identity = ""
        self._standing: set[str] = set()
        self._failures: dict[str, int] = {}

    def begin(self, names: Sequence[FileName]) -> None:
        """Learn what was booked already. Raises LedgerUnavailable.

        Marks of files that are gone are forgotten; a process left them that died in between.
        """
        self._identity = self._spool.identity()
        self._standing = self._marks.standing(self._identity)
        files = {str(name) for name in names}
        self._marks.forget([mark for mark in self._standing if marked_file(mark) not in files])

    def settle(self, names: Sequence[FileName]) -> int:
        """Book files together; returns how many had to be left for later.

        Raises LedgerUnavailable when Postgres is away.
        """
        files = [file for name in names if (file := self._opened(name)) is not None]
        if not self._books_together([request for file in files for request in file.requests]):
            for file in files:
                self._book_one_by_one(file)
        settled = [file for file in files if not file.waits and self._is_set_aside(file)]
        self._spool.remove(file.name for file in settled)
        marks = [request.mark.source for file in settled for request in file.requests]
        self._marks.forget(marks)
        for mark in marks:
            self._failures.pop(mark, None)
        return len(names) - len(settled)

    def _opened(self, name: FileName) -> _File | None:
        try:
            contents = self._spool.read(name)
        except OSError as error:
            log.error("spool file %s cannot be read: %s", name, error)  # noqa: TRY400 - one line
            return None
        requests = [
            Spooled(accepted, spool_mark(self._identity, str(name), position))
            for position, accepted in contents.entries
        ]
        return _File(name, requests, contents.fault)

    def _books_together(self, requests: Sequence[Spooled]) -> bool:
        waiting = [request for request in requests if request.mark.source not in self._standing]
        if not waiting:
            return True
        try:
            self._book(waiting)
        except Exception as error:
            if not isinstance(error, TollbookError):
                log.exception("booking %d spooled requests together failed", len(waiting))
            self._standing = self._marks.standing(self._identity)
            return False
        return True

    def _book_one_by_one(self, file: _File) -> None:
        for request in file.requests:
            if request.mark.source in self._standing:
                continue
            try:
                self._book([request])
            except Exception as error:  # noqa: BLE001 - counted, and logged in the end
                # Where Postgres answers it is this request that it does not take.
                self._standing = self._marks.standing(self._identity)
                if request.mark.source not in self._standing:
                    self._judge(file, request, error)

    def _judge(self, file: _File, request: Spooled, error: Exception) -> None:
        """Leave a request for later, or give it up: at once, or after several unexpected errors."""
        if isinstance(error, TollbookError):
            is_final = error.permanent
        else:
            failures = self._failures.get(request.mark.source, 0) + 1
            self._failures[request.mark.source] = failures
            is_final = failures >= _ATTEMPTS
        if is_final:
            log.error("a spooled request cannot be booked", exc_info=error)
            self._give_up(file, request, error)
        else:
            file.waits = True

    def _give_up(self, file: _File, request: Spooled, error: Exception) -> None:
        if self._dead_letter is None:
            file.failed.append(request.accepted)
            return
        try:
            self._dead_letter(request, f"{type(error).__name__}: {error}")
        except LedgerUnavailable:
            # Whether its mark stands is seen in the next round.
            file.waits = True
        except Exception:
            log.exception("a spooled request could not be dead-lettered")
            file.failed.append(request.accepted)

    def _is_set_aside(self, file: _File) -> bool:
        """Keep what failed and what is damaged of a file; whether it may be deleted now."""
        try:
            if file.failed:
                log.error("%d requests of %s failed; see failed/", len(file.failed), file.name)
                self._spool.keep_failed(file.name, file.failed)
            if file.fault is not None:
                self._note_damage(file)
                self._spool.keep_damaged(file.name)
        except OSError:
            log.exception("what is wrong with %s cannot be set aside; it stays", file.name)
            return False
        return True

    def _note_damage(self, file: _File) -> None:
        log.error(
            "spool file %s is damaged: %s; %d of its %d records could be read; see damaged/",
            file.name,
            file.fault,
            sum(request.accepted.records for request in file.requests),
            sum(file.name.records.values()),
        )
