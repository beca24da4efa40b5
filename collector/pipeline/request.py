"""A request on its way: read part by part, and answered when every part is durable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from collector.pipeline.outcome import Outcome, together
from collector.pipeline.told import told
from collector.receivers.accepted import Accepted
from collector.receivers.received import Reading, Received

RECORDS_A_PART = 256
"""Some milliseconds of work: that long a small request of somebody else waits for a large one."""
_MOST_PARTS_UNDER_WAY = 4
"""Of one request, however large its body is: reading does not run far ahead of the ledger."""

Read = Callable[[], Iterator[Reading]]
Part = tuple[Accepted, Received]


class Request:
    """One request, read by one thread at a time; its parts are made durable meanwhile.

    `outcome` is done once all of its records are durable. It ends with an error when one part does;
    what its other parts brought is recognised when the sender sends all of it again.
    """

    def __init__(self, receiver: str, owner: str, read: Read, size_bytes: int) -> None:
        self.receiver = receiver
        self.owner = owner
        self.size_bytes = size_bytes
        self.outcome: Future[Outcome] = Future()
        self.turned_away: Part | None = None
        """A part that was read and finds no room until one of those under way is durable."""
        self._read: Read | None = read
        self._readings: Iterator[Reading] = iter(())
        self._position = 0
        self._told = 0
        self._is_read = False
        self._outcomes: list[Outcome] = []
        self._error: BaseException | None = None
        self._under_way = 0
        self._is_ended = False
        self._resume: Callable[[], None] | None = None
        self._changing = threading.Lock()

    @property
    def is_read(self) -> bool:
        """Whether there is nothing more to read, or no use in it."""
        return self._error is not None or (self._is_read and self.turned_away is None)

    def next_part(self) -> Received:
        """Read some more records. Raises UnreadableBody or BodyTooLarge, at the first ones only."""
        if self._read is not None:
            read, self._read = self._read, None
            self._readings = read()
        part = Received(self.receiver, told_before=self._told)
        records = part.gather(self._readings, self._position, RECORDS_A_PART)
        self._position += records
        self._is_read = records < RECORDS_A_PART
        return part

    def begin(self, part: Received, durable: Future[Outcome]) -> None:
        """Let a part be on its way; `durable` tells when it is there."""
        self._told += len(part.refusals)
        with self._changing:
            self._under_way += 1
        durable.add_done_callback(self._settle)

    def has_to_wait(self, resume: Callable[[], None], most: int = _MOST_PARTS_UNDER_WAY) -> bool:
        """Whether `most` parts are under way; then `resume` is called once one of them is there."""
        with self._changing:
            if self._under_way < most:
                return False
            self._resume = resume
            return True

    def end(self, error: BaseException | None = None) -> None:
        """Read no more of it; its outcome comes when nothing is under way."""
        self._readings = iter(())
        self.turned_away = None
        with self._changing:
            self._is_ended = True
            self._error = self._error or error
            is_done = not self._under_way
        if is_done:
            self._tell()

    def _settle(self, done: Future[Outcome]) -> None:
        error = done.exception()
        with self._changing:
            self._under_way -= 1
            if error is None:
                self._outcomes.append(done.result())
            else:
                self._error = self._error or error
            resume, self._resume = self._resume, None
            is_done = self._is_ended and not self._under_way
        if resume is not None:
            resume()
        if is_done:
            self._tell()

    def _tell(self) -> None:
        if self._error is not None:
            self.outcome.set_exception(told(self._error))
        else:
            self.outcome.set_result(together(self._outcomes))
