"""How long the sender of a body is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from collector.api.behind import Behind
from collector.api.bodies import BodyReader, Patience
from ledger.domain.errors import SlowBody

PATIENCE = Patience(silence_seconds=0.3, total_seconds=0.5, bytes_a_second=1000)


async def _read(pieces: int, size: int, pause_seconds: float) -> bytes:
    async def sender() -> AsyncIterator[Mapping[str, Any]]:
        for left in reversed(range(pieces)):
            await asyncio.sleep(pause_seconds)
            yield {"type": "http.request", "body": b"x" * size, "more_body": left > 0}

    return await BodyReader(10_000, 10_000, PATIENCE).read(sender().__anext__, None)


def test_a_body_that_drips_is_given_up_in_the_end() -> None:
    began = time.monotonic()
    with pytest.raises(SlowBody, match=r"too slowly: \d+ bytes in \d s; .* for every 1000 bytes"):
        asyncio.run(_read(1000, 1, 0.05))
    assert time.monotonic() - began < 2


def test_a_sender_that_keeps_up_may_take_longer() -> None:
    assert len(asyncio.run(_read(12, 100, 0.06))) == 1200


def test_a_sender_that_falls_silent_is_given_up_at_once() -> None:
    with pytest.raises(SlowBody, match="nothing more of the body came for 0 s"):
        asyncio.run(_read(1, 1, 30))


def test_sixty_seconds_and_one_for_every_64_kib_is_what_senders_have() -> None:
    assert Patience().total(0) == 60
    assert Patience().total(64 * 2**20) == 60 + 1024


def test_what_works_in_threads_is_asked_once_the_body_is_whole() -> None:
    asked: list[Mapping[str, Any]] = []

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        asked.extend([await receive(), await receive()])

    async def run() -> None:
        messages: list[Mapping[str, Any]] = [
            {"type": "http.request", "body": b"a", "more_body": True},
            {"type": "http.request", "body": b"b", "more_body": False},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Mapping[str, Any]:
            assert not asked
            return messages.pop(0)

        async def send(_message: Any) -> None:
            raise AssertionError("nothing is answered but by the application")

        await Behind(application)({"type": "http", "headers": []}, receive, send)

    asyncio.run(run())
    assert asked == [
        {"type": "http.request", "body": b"ab", "more_body": False},
        {"type": "http.disconnect"},
    ]
