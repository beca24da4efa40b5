"""Reading request bodies within the limit, whether their length is announced or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ledger.domain.errors import BodyTooLarge, Overloaded, SlowBody, UnreadableBody

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

_LONGEST_SILENCE_SECONDS = 10.0


class BodyReader:
    """Reads bodies, holding at most so many bytes of unread requests at a time."""

    def __init__(self, limit_bytes: int, most_held_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._most_held_bytes = most_held_bytes
        self._held_bytes = 0

    async def read(self, receive: Receive, announced: str | None) -> bytes:
        """The request's body as it was sent.

        Raises BodyTooLarge, Overloaded when other bodies take up the memory, SlowBody when the
        sender falls silent, and UnreadableBody when the body ends before its announced length.
        """
        expected = _length(announced)
        if expected is not None and expected > self._limit_bytes:
            raise BodyTooLarge(self._limit_bytes)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_LONGEST_SILENCE_SECONDS) as silence:
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
                    silence.reschedule(asyncio.get_running_loop().time() + _LONGEST_SILENCE_SECONDS)
        except TimeoutError as error:
            raise SlowBody(_LONGEST_SILENCE_SECONDS) from error
        finally:
            self._held_bytes -= size

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
