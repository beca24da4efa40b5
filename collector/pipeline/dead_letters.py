"""Replaying dead letters: through the same way in as every call, as an entrance of its own.

A letter is removed after its call is booked. Whatever dies in between, the letter is still there
and its next replay is a duplicate, counted as such at this entrance: nothing is lost or doubled.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from collector.pipeline.intake import Intake, accept
from collector.pipeline.outcome import Outcome
from collector.receivers.received import Received
from ledger.commands.dead_letters import note_reason, remove_replayed
from ledger.domain.calls import Call, Refusal
from ledger.domain.dead_letters import Letter, LetterKey
from ledger.domain.errors import TollbookError
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import RefusedFilter, letters_to_replay
from ledger.storage.database import Database

log = logging.getLogger(__name__)

RECEIVER = "dead_letters"
_LETTERS_A_REQUEST = 500

_Readable = tuple[LetterKey, Call]


@dataclass
class Replayed:
    """What became of the letters of one replay."""

    booked: int = 0
    duplicate: int = 0
    failed: int = 0
    """Letters that could not be booked this time either; they stay, with the new reason."""
    first_failure: str = ""


class Replay:
    """Books dead letters again, oldest first."""

    def __init__(self, database: Database, reader: Reader, intake: Intake) -> None:
        self._database = database
        self._reader = reader
        self._intake = intake
        self._result = Replayed()

    def run(self, wanted: RefusedFilter, *, until: datetime) -> Replayed:
        """Replay the letters that match and were kept until a moment.

        Raises LedgerUnavailable or Overloaded; what was replayed until then stays booked, and the
        other letters stay letters.
        """
        after: tuple[datetime, UUID] | None = None
        while letters := letters_to_replay(
            self._reader, wanted, until=until, after=after, limit=_LETTERS_A_REQUEST
        ):
            after = (letters[-1].key.received_at, letters[-1].key.record_id)
            self._book(self._readable(letters))
        return self._result

    def _readable(self, letters: Sequence[Letter]) -> list[_Readable]:
        readable: list[_Readable] = []
        for letter in letters:
            try:
                readable.append((letter.key, letter.call()))
            except ValueError as error:
                self._keep(letter.key, str(error))
        return readable

    def _book(self, letters: Sequence[_Readable]) -> None:
        """Book letters together; should that fail, halve them until the culprits are alone."""
        if not letters:
            return
        try:
            outcome, refusals = self._take([call for _, call in letters])
        except Exception as error:
            if isinstance(error, TollbookError) and not error.permanent:
                raise
            self._halve(letters, error)
            return
        self._result.booked += outcome.booked
        self._result.duplicate += outcome.duplicate
        refused = {refusal.index: refusal.reason for refusal in refusals}
        for position, reason in refused.items():
            self._keep(letters[position][0], reason)
        done = [key for place, (key, _) in enumerate(letters) if place not in refused]
        remove_replayed(self._database, done)

    def _take(self, calls: Sequence[Call]) -> tuple[Outcome, list[Refusal]]:
        received = Received(RECEIVER)
        for position, call in enumerate(calls):
            received.add(position, call)
        accepted = accept(received, datetime.now(UTC))
        return self._intake.book(accepted).result(), received.refusals

    def _halve(self, letters: Sequence[_Readable], error: Exception) -> None:
        if len(letters) == 1:
            self._keep(letters[0][0], str(error).strip().partition("\n")[0])
            return
        middle = len(letters) // 2
        self._book(letters[:middle])
        self._book(letters[middle:])

    def _keep(self, key: LetterKey, reason: str) -> None:
        note_reason(self._database, key, reason)
        self._result.failed += 1
        self._result.first_failure = self._result.first_failure or reason
