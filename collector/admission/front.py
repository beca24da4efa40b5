"""POST /v1/reservations, and settling and releasing one: many may wait, and none takes a thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from collector.admission.answering import (
    failure,
    not_post,
    reserve_answer,
    state_answer,
    unverified_answer,
)
from collector.admission.asking import Reading, read_name
from collector.admission.waiting import Admission
from collector.api.answers import Answer
from collector.api.bodies import BodyReader, Receive
from collector.api.front import Application, Scope, Send, send_answer
from collector.receivers.body import decompress
from ledger.domain.errors import NotFound, OwnFault, TollbookError
from ledger.domain.reservations.commands import Record, Release

log = logging.getLogger(__name__)

_ROOT = "/v1/reservations"
_LARGEST_BODY_BYTES = 64 * 1024
_MOST_HELD_BYTES = 16 * 2**20


class _Asked(NamedTuple):
    verb: str
    reservation_id: UUID | None = None


class ReservationsFront:
    """An ASGI application; what it does not answer goes to the one behind it."""

    def __init__(self, admission: Admission, reading: Reading, behind: Application) -> None:
        self._admission = admission
        self._reading = reading
        self._behind = behind
        self._bodies = BodyReader(_LARGEST_BODY_BYTES, _MOST_HELD_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope.get("path", "")
        asked = _asked(path) if path.startswith(_ROOT) else None
        if asked is None:
            await self._behind(scope, receive, send)
            return
        if scope["method"] != "POST":
            await send_answer(not_post(), send, {"allow": "POST"})
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            answer = await self._answer(asked, headers, receive)
        except TollbookError as error:
            answer = failure(error)
        except Exception:
            log.exception("a request failed")
            answer = failure(OwnFault())
        await send_answer(answer, send)

    async def _answer(self, asked: _Asked, headers: Mapping[str, str], receive: Receive) -> Answer:
        sent = await self._bodies.read(receive, headers.get("content-length"))
        body = decompress(sent, headers.get("content-encoding"), _LARGEST_BODY_BYTES)
        if asked.verb == "reserve":
            return await self._reserve(body, headers.get("idempotency-key"))
        if asked.reservation_id is None:
            raise NotFound("there is no such reservation: its name is no UUID")
        if asked.verb == "settle":
            command = self._reading.settle(asked.reservation_id, body)
            return state_answer(await self._admission.decide(command))
        return state_answer(await self._admission.decide(Release(asked.reservation_id)))

    async def _reserve(self, body: bytes, key: str | None) -> Answer:
        command = await self._reading.reserve(body, key)
        decision = await self._admission.reserve(command)
        if isinstance(decision, Record):
            return unverified_answer(decision)
        return reserve_answer(decision)


def _asked(path: str) -> _Asked | None:
    if path == _ROOT:
        return _Asked("reserve")
    name, _, verb = path.removeprefix(f"{_ROOT}/").rpartition("/")
    if verb in ("settle", "release") and name:
        return _Asked(verb, read_name(name))
    return None
