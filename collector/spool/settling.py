"""What becomes of the files of a spool: booked, dead-lettered, set aside, or left for later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from collector.pipeline.accepted import Accepted
from collector.spool.entries import Contents
from collector.spool.names import FileName
from collector.spool.spool import Spool
from exporters.postgres.batches import Mark
from exporters.postgres.spool_marks import SpoolMarks, spool_mark
from ledger.domain.errors import LedgerUnavailable, TollbookError

log = logging.getLogger(__name__)

_ATTEMPTS = 3
"""How often a request is booked alone before an unexpected error counts as final."""


class Spooled(msgspec.Struct, frozen=True):
    """A request read back from the spool."""

    accepted: Accepted
    mark: Mark
    """Written in the transaction that books it; where it stands already, so does the request."""


Book = Callable[[Sequence[Spooled]], object]
"""Books requests in one transaction, passing over those whose mark stands already."""

DeadLetter = Callable[[Spooled, str], object]
"""Keeps a request that cannot be booked, and its mark, in one transaction; the text is why."""


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
        self._failures: dict[str, int] = {}

    def settle(self, names: Sequence[FileName], identity: str) -> int:
        """Book files together; returns how many had to be left for later.

        Raises LedgerUnavailable when Postgres is away.
        """
        files = [file for name in names if (file := self._opened(name, identity)) is not None]
        if not self._books_together([request for file in files for request in file.requests]):
            for file in files:
                self._book_one_by_one(file)
        settled = [file for file in files if not file.waits and self._is_set_aside(file)]
        self._spool.remove(file.name for file in settled)
        marks = [request.mark for file in settled for request in file.requests]
        self._marks.forget(marks)
        for mark in marks:
            self._failures.pop(mark.source, None)
        return len(names) - len(settled)

    def _opened(self, name: FileName, identity: str) -> _File | None:
        try:
            contents = self._spool.read(name)
        except OSError as error:
            log.error("spool file %s cannot be read: %s", name, error)  # noqa: TRY400 - one line
            return None
        return _File(name, _requests(contents, identity, name), contents.fault)

    def _books_together(self, requests: Sequence[Spooled]) -> bool:
        if not requests:
            return True
        try:
            self._book(requests)
        except LedgerUnavailable:
            self._marks.ask()
            return False
        except Exception:
            log.exception("booking %d spooled requests together failed", len(requests))
            return False
        return True

    def _book_one_by_one(self, file: _File) -> None:
        for request in file.requests:
            try:
                self._book([request])
            except LedgerUnavailable:
                # Where Postgres answers it is this request that it does not take now.
                self._marks.ask()
                file.waits = True
            except TollbookError as error:
                if error.permanent:
                    self._give_up(file, request, error)
                else:
                    file.waits = True
            except Exception as error:  # noqa: BLE001 - counted, and logged in the end
                self._fail(file, request, error)

    def _fail(self, file: _File, request: Spooled, error: Exception) -> None:
        failures = self._failures.get(request.mark.source, 0) + 1
        self._failures[request.mark.source] = failures
        if failures < _ATTEMPTS:
            file.waits = True
            return
        log.error("booking a spooled request failed %d times", failures, exc_info=error)
        self._give_up(file, request, error)

    def _give_up(self, file: _File, request: Spooled, error: Exception) -> None:
        if self._dead_letter is None:
            file.failed.append(request.accepted)
            return
        try:
            self._dead_letter(request, f"{type(error).__name__}: {error}")
        except LedgerUnavailable:
            self._marks.ask()
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


def _requests(contents: Contents, identity: str, name: FileName) -> list[Spooled]:
    return [
        Spooled(accepted, spool_mark(identity, str(name), position))
        for position, accepted in contents.entries
    ]
