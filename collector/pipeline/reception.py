"""Reception: requests are read in threads, in a fair order, and handed to the intake."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from collector.health.board import Gauges
from collector.pipeline.fair_queue import FairQueue
from collector.pipeline.intake import Intake, accept
from collector.pipeline.request import Part, Request
from ledger.domain.errors import BodyTooLarge, Overloaded, TollbookError, UnreadableBody

log = logging.getLogger(__name__)

_THREADS = 2
_MOST_A_TURN_BYTES = 64 * 1024


class Reception:
    """The threads of one process that turn bodies into calls, a part of a body at a time."""

    def __init__(self, intake: Intake, gauges: Gauges, *, most_waiting_bytes: int) -> None:
        self._intake = intake
        self._gauges = gauges
        self._queue: FairQueue[Request] = FairQueue(most_waiting_bytes)
        for number in range(_THREADS):
            threading.Thread(target=self._run, name=f"reception-{number}", daemon=True).start()

    def receive(self, request: Request) -> None:
        """Let a request wait for its turn among its owner's. Raises Overloaded."""
        self._gauges.add_bytes(request.size_bytes)
        try:
            self._queue.put(request.owner, request, request.size_bytes or 1)
        except Overloaded:
            self._gauges.add_bytes(-request.size_bytes)
            raise

    def _run(self) -> None:
        while True:
            for request in self._queue.take(_MOST_A_TURN_BYTES):
                self._serve(request)

    def _serve(self, request: Request) -> None:
        """Read one part of a request."""
        try:
            if not request.is_read:
                self._hand_in(request, request.turned_away or _next_part(request))
        except Overloaded as overloaded:
            if not request.has_to_wait(self._resuming(request), most=1):
                self._end(request, overloaded)
        except (UnreadableBody, BodyTooLarge) as unreadable:
            self._refuse(request, unreadable)
        except Exception as error:
            if not isinstance(error, TollbookError):
                log.exception("a request could not be read")
            self._end(request, error)
        else:
            self._go_on(request)

    def _go_on(self, request: Request) -> None:
        """A request waits for its next turn, or for its earlier parts if they are many."""
        if request.is_read:
            self._end(request)
            return
        resume = self._resuming(request)
        if not request.has_to_wait(resume):
            resume()

    def _resuming(self, request: Request) -> Callable[[], None]:
        return partial(self._queue.put_back, request.owner, request, request.size_bytes or 1)

    def _hand_in(self, request: Request, part: Part) -> None:
        """Let a part become durable. Raises Overloaded; then the part is kept in the request."""
        accepted, received = request.turned_away = part
        durable = self._intake.take(accepted, received)
        request.turned_away = None
        request.begin(received, durable)

    def _end(self, request: Request, error: BaseException | None = None) -> None:
        self._queue.release(request.owner, request.size_bytes or 1)
        self._gauges.add_bytes(-request.size_bytes)
        request.end(error)

    def _refuse(self, request: Request, unreadable: TollbookError) -> None:
        """Answer with what was wrong once the evidence of it is kept."""
        try:
            kept = self._intake.refuse_body(request.receiver, str(unreadable))
        except TollbookError:
            self._end(request, unreadable)
        else:
            kept.add_done_callback(lambda _: self._end(request, unreadable))


def _next_part(request: Request) -> Part:
    received = request.next_part()
    return accept(received, datetime.now(UTC)), received
