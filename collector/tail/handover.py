"""Handing what was read over to the ledger, patiently: the files keep what it cannot take yet."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import msgspec

from collector.counted import counted
from collector.pipeline.intake import Intake
from collector.receivers.accepted import Accepted
from exporters.postgres.batches import Mark
from ledger.domain.calls import Call, Refusal
from ledger.domain.errors import LedgerUnavailable, Overloaded
from ledger.storage.database import Database
from ledger.storage.marks import marks_of

log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 15.0
_MOST_UNBOOKABLE = 10
"""Calls of one piece that may fail by themselves; if more do, the fault is not theirs."""

_T = TypeVar("_T")


class Stopped(Exception):
    """The process was told to end before everything was booked."""

    def __init__(self, what: str = "stopped before everything was booked") -> None:
        super().__init__(what)


class Handover:
    """Books pieces in their order, and waits while the ledger is away."""

    def __init__(self, intake: Intake, database: Database, stopping: threading.Event) -> None:
        self._intake = intake
        self._database = database
        self._stopping = stopping
        self.tally: Counter[str] = Counter()
        """Lines by what became of them: booked, duplicate, ignored, rejected."""

    @property
    def summary(self) -> str:
        """The tally in a sentence."""
        tally = self.tally
        booked, were = counted(tally["booked"], "call"), counted(tally["duplicate"], "was", "were")
        others = counted(tally["ignored"], "other line")
        return f"{booked} booked, {were} there already, {tally['rejected']} refused; {others}"

    def book(self, accepted: Accepted, mark: Mark | None) -> None:
        """Book a piece and the place it reaches to, both or neither. Raises Stopped."""
        try:
            self._take(accepted, mark)
        except (Stopped, LedgerUnavailable, Overloaded):
            raise
        except Exception:
            # One call that the ledger chokes on must not keep all that follow it waiting.
            log.exception("booking %d calls failed; booking each alone", len(accepted.calls))
            self._take(self._without_unbookable(accepted), mark)

    def patiently(self, ask: Callable[[], _T]) -> _T:
        """What a question to the ledger answers, once it does. Raises Stopped."""
        wait_seconds, was_away = _FIRST_WAIT_SECONDS, False
        while True:
            try:
                answer = ask()
            except (LedgerUnavailable, Overloaded) as error:
                if not was_away:
                    log.warning("waiting for the ledger, nothing is lost: %s", error)
                was_away = True
                if self._stopping.wait(wait_seconds):
                    raise Stopped from error
                wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)
            else:
                if was_away:
                    log.info("the ledger is back")
                return answer

    def _take(self, accepted: Accepted, mark: Mark | None) -> None:
        tries = 0

        def attempt() -> Counter[str]:
            nonlocal tries
            tries += 1
            # An answer that was lost on the way may have been yes.
            if tries > 1 and mark is not None and self._is_booked(mark):
                return _counted(accepted, duplicate=0)
            outcome = self._intake.book(accepted, mark).result()
            return _counted(accepted, outcome.duplicate)

        self.tally += self.patiently(attempt)

    def _is_booked(self, mark: Mark) -> bool:
        return any(
            (kept.source, kept.place, kept.detail) == (mark.source, mark.place, mark.detail)
            for kept in marks_of(self._database, mark.source)
        )

    def _without_unbookable(self, accepted: Accepted) -> Accepted:
        """Book each call alone; what is left to book are the refusals, with those that failed."""
        failed: list[Refusal] = []
        for call in accepted.calls:
            try:
                self._take(Accepted(receiver=accepted.receiver, calls=[call]), None)
            except (Stopped, LedgerUnavailable, Overloaded):
                raise
            except Exception as error:
                failed.append(_refusal(call, error))
                if len(failed) > _MOST_UNBOOKABLE:
                    raise
        return msgspec.structs.replace(
            accepted,
            calls=[],
            refusals=[*accepted.refusals, *failed],
            rejected=accepted.rejected + len(failed),
        )


def _counted(accepted: Accepted, duplicate: int) -> Counter[str]:
    return Counter(
        booked=len(accepted.calls) - duplicate,
        duplicate=duplicate,
        ignored=accepted.ignored,
        rejected=accepted.rejected,
    )


def _refusal(call: Call, error: Exception) -> Refusal:
    reason = f"the ledger could not take it: {type(error).__name__} (call {call.id[:256]})"
    return Refusal(0, "record", reason, call.tenant)
