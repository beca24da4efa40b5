"""Booking what comes out of the spool by the way that all requests take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any

from collector.receivers.accepted import Accepted
from collector.spool.settling import Book, Spooled
from exporters.postgres.batches import Mark

HandIn = Callable[[Accepted, Mark], Future[Any]]
"""Starts to book a request with its mark; must not put it back into the spool."""


def booked_by(hand_in: HandIn) -> Book:
    """Hand requests in together, so that they share transactions, and wait for all of them."""

    def book(requests: Sequence[Spooled]) -> None:
        futures: list[Future[Any]] = []
        try:
            for request in requests:
                future = hand_in(request.accepted, request.mark)
                futures.append(future)
        finally:
            # Not before the last one has ended may anybody try again.
            wait(futures)
        for future in futures:
            future.result()

    return book
