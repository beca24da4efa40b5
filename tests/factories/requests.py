"""Requests as they are spooled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from collector.receivers.accepted import Accepted
from collector.spool.spool import Spool
from ledger.domain.calls import Refusal
from tests.factories.calls import a_call


def an_accepted_request(count: int = 1, **changes: Any) -> Accepted:
    """A request of so many calls to POST /v1/calls."""
    fields: dict[str, Any] = {"receiver": "calls", "calls": [a_call() for _ in range(count)]}
    return Accepted(**{**fields, **changes})


def a_mixed_request() -> Accepted:
    """Two calls, a refusal and a record that is no call; with everything that is hard to encode."""
    return an_accepted_request(
        receiver="traces",
        calls=[
            a_call(tags={"team": "ü\U0001f600", "big": 2**70, "small": -(2**64), "ratio": 0.1}),
            a_call(raw_usage={"details": {"counts": [1, 2**64, None]}}, cache_hit=True),
        ],
        refusals=[Refusal(2, "usage", "negative", "acme", '{"id": "x"}')],
        rejected=1,
        ignored=1,
    )


def put_together(spool: Spool, requests: Sequence[Accepted]) -> list[BaseException | None]:
    """Put requests that all come while another one is written; what each was answered."""
    answers: list[BaseException | None] = [None] * len(requests)

    def put(place: int) -> Callable[[], None]:
        def run() -> None:
            try:
                spool.put(requests[place])
            except BaseException as error:  # noqa: BLE001 - handed to the test
                answers[place] = error

        return run

    threads = [threading.Thread(target=put(place)) for place in range(len(requests))]
    spool._is_writing = True
    for waiting, thread in enumerate(threads, 1):
        thread.start()
        while len(spool._waiting) < waiting:
            time.sleep(0.001)
    with spool._turn:
        spool._is_writing = False
        spool._turn.notify_all()
    for thread in threads:
        thread.join()
    return answers
