"""The tree of errors Tollbook raises on purpose; `permanent` says that trying again cannot help."""

from __future__ import annotations

from typing import Any


class TollbookError(Exception):
    """Something went wrong in Tollbook."""

    permanent = True


class InvalidRecord(TollbookError):
    """A record that cannot be booked as it is.

    `path` is where in the record the fault lies (JSON path or attribute name), `reason` what it is.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class UnreadableBody(TollbookError):
    """A request body that cannot be read at all."""


class UnsupportedBody(UnreadableBody):
    """A request body in a format or an encoding that Tollbook does not speak."""


class SlowBody(UnreadableBody):
    """A request body whose sender fell silent or is too slow."""


class BodyTooLarge(TollbookError):
    """A request body, once decompressed, passes the limit."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"the body is larger than {limit_bytes} bytes once decompressed; send smaller batches"
        )
        self.limit_bytes = limit_bytes


class InvalidQuestion(TollbookError):
    """A query parameter that cannot be answered."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


class NotFound(TollbookError):
    """What a request is about does not exist."""


class AlreadyThere(TollbookError):
    """What is to be made exists under that name."""


class Conflict(TollbookError):
    """What was asked for does not go with what stands in the books; the text says with what."""


class AmbiguousCall(TollbookError):
    """An id that several calls share, where one call is meant."""

    def __init__(self, call_id: str, calls: list[dict[str, Any]]) -> None:
        super().__init__(f"several calls have the id {call_id!r}; say started_at of the one meant")
        self.calls = calls
        """Start, provider and model of the calls, newest first; of very many the first ones."""


class NotDelivered(TollbookError):
    """A notice channel did not take what was sent to it."""

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(f"the notice channel {channel!r} did not take it: {reason}")


class InvalidSetting(TollbookError):
    """A setting that Tollbook cannot run with."""


class LedgerUnavailable(TollbookError):
    """Postgres cannot be reached or gave up; the same request may succeed later."""

    permanent = False


class LedgerHangs(LedgerUnavailable):
    """Postgres does not answer at all, so that trying again at once would only wait again."""


class Overloaded(TollbookError):
    """The queue of waiting calls is full; the same request may succeed in a moment."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("too many calls are waiting; try again in a moment")


class SpoolFull(TollbookError):
    """The spool holds all it may; there is room again once Postgres is back."""

    permanent = False

    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"Postgres is away and the spool is full ({max_bytes} bytes); try again later"
        )
        self.max_bytes = max_bytes


class SpoolUnusable(TollbookError):
    """The spool's directory cannot be written or read; the same request may succeed later."""

    permanent = False


class OwnFault(TollbookError):
    """Something that Tollbook did not foresee; its log says more."""

    def __init__(self) -> None:
        super().__init__(
            "an error of Tollbook's own; nothing of this request was booked; the log says more"
        )


class EmbeddedPostgresFailed(TollbookError):
    """The embedded Postgres cannot be started."""
