"""Reading request bodies within the limit, whether their length is announced or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from ledger.domain.errors import BodyTooLarge, Overloaded, SlowBody, UnreadableBody

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Patience(NamedTuple):
    """How long the sender of a body is waited for."""

    silence_seconds: float = 10.0
    """Until something more comes."""
    total_seconds: float = 60.0
    """Until all of it is there, and longer by what came: small pieces must not hold on for ever."""
    bytes_a_second: int = 64 * 1024

    def total(self, size: int) -> float:
        """How many seconds a body may take of which so many bytes have come."""
        return self.total_seconds + size / self.bytes_a_second

    def fault(self, size: int, seconds: float) -> str:
        """What was wrong with a sender that was waited for no longer."""
        if seconds < self.total(size):
            return f"nothing more of the body came for {self.silence_seconds:.0f} s"
        return (
            f"the body came too slowly: {size} bytes in {seconds:.0f} s; all of it has to come"
            f" within {self.total_seconds:.0f} s and a second more for every"
            f" {self.bytes_a_second} bytes of it"
        )


_PATIENCE = Patience()


class BodyReader:
    """Reads bodies, holding at most so many bytes of unread requests at a time."""

    def __init__(
        self, limit_bytes: int, most_held_bytes: int, patience: Patience = _PATIENCE
    ) -> None:
        self._limit_bytes = limit_bytes
        self._most_held_bytes = most_held_bytes
        self._patience = patience
        self._held_bytes = 0

    async def read(self, receive: Receive, announced: str | None) -> bytes:
        """The request's body as it was sent.

        Raises BodyTooLarge, Overloaded when other bodies take up the memory, SlowBody when the
        sender falls silent or is too slow, and UnreadableBody when the body ends before its
        announced length.
        """
        expected = _length(announced)
        if expected is not None and expected > self._limit_bytes:
            raise BodyTooLarge(self._limit_bytes)
        parts: list[bytes] = []
        size = 0
        now = asyncio.get_running_loop().time
        began = now()
        try:
            async with asyncio.timeout_at(self._deadline(began, began, 0)) as waiting:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise UnreadableBody(_broken_off(size, expected))
                    part = message.get("body", b"")
                    size += len(part)
                    self._hold(len(part), size)
                    parts.append(part)
                    if not message.get("more_body", False):
                        return parts[0] if len(parts) == 1 else b"".join(parts)
                    waiting.reschedule(self._deadline(began, now(), size))
        except TimeoutError as error:
            raise SlowBody(self._patience.fault(size, now() - began)) from error
        finally:
            self._held_bytes -= size

    def _deadline(self, began: float, now: float, size: int) -> float:
        return min(now + self._patience.silence_seconds, began + self._patience.total(size))

    def _hold(self, part_bytes: int, size: int) -> None:
        self._held_bytes += part_bytes
        if size > self._limit_bytes:
            raise BodyTooLarge(self._limit_bytes)
        if self._held_bytes > self._most_held_bytes and self._held_bytes > size:
            raise Overloaded


def _length(announced: str | None) -> int | None:
    return int(announced) if announced and announced.isascii() and announced.isdigit() else None


def _broken_off(size: int, expected: int | None) -> str:
    of = "" if expected is None else f" of {expected}"
    return f"the body ended after {size}{of} bytes"
