"""Errors as RFC 9457 problem documents. HTTP statuses are chosen here and nowhere else."""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec
import psycopg
from flask import Flask, Response
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from ledger.domain.errors import (
    AlreadyThere,
    AmbiguousCall,
    BodyTooLarge,
    Conflict,
    InvalidQuestion,
    InvalidRecord,
    NotDelivered,
    NotFound,
    OwnFault,
    SlowBody,
    TollbookError,
    UnreadableBody,
    UnsupportedBody,
)

log = logging.getLogger(__name__)

_STATUSES: dict[type[TollbookError], HTTPStatus] = {
    UnreadableBody: HTTPStatus.BAD_REQUEST,
    SlowBody: HTTPStatus.REQUEST_TIMEOUT,
    UnsupportedBody: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidQuestion: HTTPStatus.BAD_REQUEST,
    InvalidRecord: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    AlreadyThere: HTTPStatus.CONFLICT,
    AmbiguousCall: HTTPStatus.CONFLICT,
    NotDelivered: HTTPStatus.BAD_GATEWAY,
    Conflict: HTTPStatus.CONFLICT,
}
RETRY_AFTER_SECONDS = 5


def problem_document(status: HTTPStatus, detail: str, **members: object) -> bytes:
    """A problem document; `members` are further fields of it."""
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        **members,
    }
    return msgspec.json.encode(document)


def problem(status: HTTPStatus, detail: str, **members: object) -> Response:
    """An answer with a problem document."""
    response = Response(
        problem_document(status, detail, **members),
        status=status.value,
        content_type="application/problem+json",
    )
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def status_of(error: TollbookError) -> HTTPStatus:
    """The HTTP status that says what kind of fault an error is."""
    if not error.permanent:
        return HTTPStatus.SERVICE_UNAVAILABLE
    for kind in type(error).__mro__:
        if kind in _STATUSES:
            return _STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _members(error: TollbookError) -> dict[str, object]:
    """What else a program can learn from an error."""
    if isinstance(error, InvalidQuestion):
        return {"parameter": error.parameter}
    if isinstance(error, InvalidRecord):
        return {"path": error.path}
    if isinstance(error, AmbiguousCall):
        return {"calls": error.calls}
    return {}


def register(app: Flask) -> None:
    """Answer every error of the application with a problem document."""

    @app.errorhandler(TollbookError)
    def tollbook_error(error: TollbookError) -> Response:
        return problem(status_of(error), str(error), **_members(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = problem(HTTPStatus(error.code or 500), error.description or "")
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response

    @app.errorhandler(DataError)
    @app.errorhandler(psycopg.DataError)
    def impossible_value(error: Exception) -> Response:
        """Postgres found a value that no column can hold; where it came from is in the log."""
        log.warning("a request holds a value that the ledger cannot", exc_info=error)
        return problem(
            HTTPStatus.BAD_REQUEST, "a value is out of range, or a text holds a NUL character"
        )

    @app.errorhandler(Exception)
    def unexpected_error(error: Exception) -> Response:
        log.error("a request failed", exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(OwnFault()))
