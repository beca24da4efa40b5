"""Finding the calls that the ledger does not take, so that those they came with are booked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import psycopg
from sqlalchemy.exc import DBAPIError

from exporters.postgres.batches import Batch, Booked
from ledger.domain.calls import PricedCall, Refusal

Book = Callable[[Batch], Booked]

_FAULTS_OF_DATA = ("22", "23", "54", "P0")
"""Classes of SQLSTATE: bad data, violated constraints, beyond limits, refused by a trigger."""
_MOST_CULPRITS = 20
"""With more of them the fault is hardly theirs."""


def is_fault_of_data(error: BaseException) -> bool:
    """Whether Postgres found fault with what was to be written rather than with anything else."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return state is not None and state[:2] in _FAULTS_OF_DATA


def book_apart(batch: Batch, book: Book) -> Booked:
    """Book a batch that failed as a whole, in ever smaller parts, until the culprits stand alone.

    They are refused with what Postgres said. Raises what `book` raises when that is no fault of the
    data or when it finds no end of culprits.
    """
    culprits: list[tuple[int, str]] = []
    places = range(len(batch.calls))
    parts = [_book_part(batch, places, book, culprits)]
    rest = msgspec.structs.replace(
        batch,
        calls=[],
        refusals=[*batch.refusals, *(_evidence(batch, culprit) for culprit in culprits)],
        rejected=batch.rejected + len(culprits),
    )
    parts.append(book(rest))
    return Booked(
        booked=sum(part.booked for part in parts),
        duplicate=sum(part.duplicate for part in parts),
        refused=tuple(culprits),
    )


def _book_part(
    batch: Batch, places: Sequence[int], book: Book, culprits: list[tuple[int, str]]
) -> Booked:
    calls: list[PricedCall] = [batch.calls[place] for place in places]
    try:
        return book(Batch(receiver=batch.receiver, calls=calls))
    except Exception as error:
        if not is_fault_of_data(error) or len(culprits) >= _MOST_CULPRITS:
            raise
        if len(places) == 1:
            culprits.append((places[0], _first_line(error)))
            return Booked(booked=0, duplicate=0)
    middle = len(places) // 2
    halves = [
        _book_part(batch, half, book, culprits) for half in (places[:middle], places[middle:])
    ]
    return Booked(
        booked=sum(half.booked for half in halves),
        duplicate=sum(half.duplicate for half in halves),
    )


def _evidence(batch: Batch, culprit: tuple[int, str]) -> Refusal:
    place, reason = culprit
    call = batch.calls[place].call
    return Refusal(place, "record", reason, call.tenant)


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"the ledger does not take it: {str(cause).strip().partition(chr(10))[0]}"
