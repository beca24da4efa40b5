"""The front: calls are taken in here, every other question goes to the API behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from collector.api.answers import PROBLEM, Answer
from collector.api.bodies import BodyReader, Receive
from collector.api.entrances import Entrance
from collector.api.owners import owner_of
from collector.api.problems import problem_document
from collector.pipeline.outcome import Outcome
from collector.pipeline.reception import Reception
from collector.pipeline.request import Read, Request
from collector.pipeline.told import told
from collector.receivers.body import decompress
from collector.receivers.received import Reading
from ledger.domain.errors import OwnFault, TollbookError

log = logging.getLogger(__name__)

_READS = frozenset(("GET", "HEAD"))

Scope = MutableMapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Front:
    """An ASGI application. Slow senders and idle connections cost it no thread."""

    def __init__(
        self,
        reception: Reception,
        entrances: Mapping[str, Entrance],
        behind: Application,
        *,
        max_body_bytes: int,
        most_held_bytes: int,
        default_tenant: str | None,
        shared: frozenset[str],
    ) -> None:
        """`shared` are the paths of entrances where what is behind answers other methods."""
        self._reception = reception
        self._entrances = entrances
        self._behind = behind
        self._max_body_bytes = max_body_bytes
        self._bodies = BodyReader(max_body_bytes, most_held_bytes)
        self._default_tenant = default_tenant
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        entrance = self._entrances.get(path) if scope["type"] == "http" else None
        method = scope.get("method", "")
        if entrance is None or (method in _READS and path in self._shared):
            await self._behind(scope, receive, send)
        elif method == "POST":
            await self._post(entrance, scope, receive, send)
        else:
            allowed = ["OPTIONS", "POST", *(_READS if path in self._shared else ())]
            await _refuse_method(method, ", ".join(sorted(allowed)), send)

    async def _post(self, entrance: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            outcome = await self._take(entrance, content_type, headers, receive)
            answer = entrance.answers.success(outcome, content_type)
        except TollbookError as error:
            answer = entrance.answers.failure(error, content_type)
            told(error)
        except Exception as error:
            log.exception("a request failed")
            told(error)
            answer = entrance.answers.failure(OwnFault(), content_type)
        await send_answer(answer, send)

    async def _take(
        self,
        entrance: Entrance,
        content_type: str,
        headers: Mapping[str, str],
        receive: Receive,
    ) -> Outcome:
        try:
            read = entrance.reader(content_type)
            body = await self._bodies.read(receive, headers.get("content-length"))
        except TollbookError as error:
            if not error.permanent:
                raise
            return await self._wait(entrance, b"", "", _raising(error))
        encoding = headers.get("content-encoding")

        def readings() -> Iterator[Reading]:
            plain = decompress(body, encoding, self._max_body_bytes)
            return read(plain, self._default_tenant)

        return await self._wait(entrance, body, owner_of(body), readings)

    async def _wait(self, entrance: Entrance, body: bytes, owner: str, read: Read) -> Outcome:
        request = Request(entrance.receiver, owner, read, len(body))
        self._reception.receive(request)
        return await asyncio.wrap_future(request.outcome)


def _raising(error: TollbookError) -> Read:
    """A body that cannot be read takes the same way as others, so that its evidence is kept."""

    def readings() -> Iterator[Reading]:
        raise error

    return readings


async def _refuse_method(method: str, allowed: str, send: Send) -> None:
    answer = Answer(HTTPStatus.OK, PROBLEM, b"")
    if method != "OPTIONS":
        status = HTTPStatus.METHOD_NOT_ALLOWED
        document = problem_document(status, "calls are sent here by POST")
        answer = Answer(status, PROBLEM, b"" if method == "HEAD" else document)
    await send_answer(answer, send, {"allow": allowed})


async def send_answer(
    answer: Answer, send: Send, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Send an answer whole; `more` are further headers."""
    headers = {**answer.headers, **more, "content-length": str(len(answer.body))}
    await send(
        {
            "type": "http.response.start",
            "status": int(answer.status),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})
