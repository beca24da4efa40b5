"""Reception: requests are decoded in threads, in a fair order, and handed to the intake."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime

from collector.health.board import Gauges
from collector.pipeline.fair_queue import FairQueue
from collector.pipeline.intake import Intake, accept
from collector.pipeline.outcome import Outcome
from collector.pipeline.told import told
from collector.receivers.received import Received
from ledger.domain.errors import BodyTooLarge, Overloaded, TollbookError, UnreadableBody

log = logging.getLogger(__name__)

_THREADS = 2
_MOST_A_TURN_BYTES = 64 * 1024

Decode = Callable[[], Received]


class Request:
    """One request on its way to be decoded; `outcome` is done once its records are durable."""

    def __init__(self, receiver: str, decode: Decode, size_bytes: int) -> None:
        self.receiver = receiver
        self.decode = decode
        self.size_bytes = size_bytes
        self.outcome: Future[Outcome] = Future()


class Reception:
    """The threads of one process that turn bodies into calls."""

    def __init__(self, intake: Intake, gauges: Gauges, *, most_waiting_bytes: int) -> None:
        self._intake = intake
        self._gauges = gauges
        self._queue: FairQueue[Request] = FairQueue(most_waiting_bytes)
        for number in range(_THREADS):
            threading.Thread(target=self._run, name=f"reception-{number}", daemon=True).start()

    def receive(self, owner: str, request: Request) -> None:
        """Let a request wait for its turn among its owner's. Raises Overloaded."""
        self._gauges.add_bytes(request.size_bytes)
        try:
            self._queue.put(owner, request, request.size_bytes or 1)
        except Overloaded:
            self._gauges.add_bytes(-request.size_bytes)
            raise

    def _run(self) -> None:
        while True:
            for request in self._queue.take(_MOST_A_TURN_BYTES):
                self._serve(request)

    def _serve(self, request: Request) -> None:
        try:
            received = self._decoded(request)
        except (UnreadableBody, BodyTooLarge) as unreadable:
            self._refuse(request, unreadable)
        except Exception as error:
            log.exception("a body could not be decoded")
            request.outcome.set_exception(told(error))
        else:
            self._hand_in(request, received)

    def _decoded(self, request: Request) -> Received:
        try:
            return request.decode()
        finally:
            self._gauges.add_bytes(-request.size_bytes)

    def _hand_in(self, request: Request, received: Received) -> None:
        try:
            accepted = accept(received, datetime.now(UTC))
            durable = self._intake.take(accepted, received)
        except Exception as error:
            if not isinstance(error, TollbookError):
                log.exception("a request could not be prepared")
            request.outcome.set_exception(told(error))
        else:
            durable.add_done_callback(lambda done: _pass_on(done, request.outcome))

    def _refuse(self, request: Request, unreadable: TollbookError) -> None:
        """Answer with what was wrong once the evidence of it is kept."""
        try:
            kept = self._intake.refuse_body(request.receiver, str(unreadable))
        except TollbookError:
            request.outcome.set_exception(told(unreadable))
        else:
            kept.add_done_callback(lambda _: request.outcome.set_exception(told(unreadable)))


def _pass_on(done: Future[Outcome], outcome: Future[Outcome]) -> None:
    error = done.exception()
    if error is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(done.result())
