"""What answers questions works in threads, so it is asked only once a request's body is whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.api.answers import PROBLEM, Answer
from collector.api.bodies import BodyReader, Receive
from collector.api.front import Application, Scope, Send, send_answer
from collector.api.problems import problem_document, status_of
from ledger.domain.errors import TollbookError

_LARGEST_BODY_BYTES = 2**20
_MOST_HELD_BYTES = 16 * 2**20


class Behind:
    """Holds requests back from an application until they are whole: a thread must not wait."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._bodies = BodyReader(_LARGEST_BODY_BYTES, _MOST_HELD_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            body = await self._bodies.read(receive, headers.get(b"content-length", b"").decode())
        except TollbookError as error:
            status = status_of(error)
            document = problem_document(status, str(error))
            await send_answer(Answer(status, PROBLEM, document), send)
        else:
            await self._application(scope, _then(body, receive), send)


def _then(body: bytes, receive: Receive) -> Receive:
    """What comes next: the body at once, and after it what the connection tells."""
    first: list[Mapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Mapping[str, Any]:
        return first.pop() if first else await receive()

    return next_message
