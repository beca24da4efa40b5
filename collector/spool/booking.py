"""Booking what comes out of the spool by the way that all requests take."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait

from collector.pipeline.intake import Intake
from collector.spool.settling import Book, Spooled
from exporters.postgres.batches import Booked


def booked_by(intake: Intake) -> Book:
    """Hand requests in together, so that they share transactions, and wait for all of them."""

    def book(requests: Sequence[Spooled]) -> None:
        futures: list[Future[Booked]] = []
        try:
            for request in requests:
                future = intake.hand_in(request.accepted, request.mark)
                futures.append(future)
        finally:
            # Not before the last one has ended may anybody try again.
            wait(futures)
        for future in futures:
            future.result()

    return book
