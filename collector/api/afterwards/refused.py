"""GET /v1/rejected and /v1/dead-letters: records that were not booked, and why."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.pages import MOST, PAGE, following, page
from collector.api.problems import problem
from ledger.domain.errors import InvalidQuestion
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import Kind, RefusedFilter, dead_letter, list_refused
from ledger.settings import Settings

_PARAMETERS = ("tenant", "receiver", "from", "to", "tz", "reason", "limit", "cursor")


def refused_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Refused records and dead letters."""
    routes = Blueprint("refused", __name__)

    @routes.get("/v1/rejected")
    def get_rejected() -> Response:
        return _list(reader, settings, "rejected", "rejected")

    @routes.get("/v1/dead-letters")
    def get_dead_letters() -> Response:
        return _list(reader, settings, "dead_lettered", "dead_letters")

    @routes.get("/v1/dead-letters/<uuid:record_id>")
    def get_dead_letter(record_id: UUID) -> Response:
        read.refuse_unknown(request.args, ())
        letter = dead_letter(reader, record_id)
        if letter is None:
            return problem(HTTPStatus.NOT_FOUND, f"there is no dead letter {record_id}")
        return Response(msgspec.json.encode(letter), content_type="application/json")

    return routes


def _list(reader: Reader, settings: Settings, kind: Kind, name: str) -> Response:
    read.refuse_unknown(request.args, _PARAMETERS)
    limit = read.whole_number(request.args, "limit", PAGE, MOST)
    rows = list_refused(
        reader,
        kind,
        _filter(request.args, settings.time_zone),
        before=read.cursor(request.args, tuple[datetime, UUID]),
        limit=limit + 1,
    )
    return page(name, rows[:limit], following(rows, limit, "received_at", "record_id"))


def _filter(arguments: read.Parameters, default_zone: str) -> RefusedFilter:
    tz = read.time_zone(arguments, default_zone)
    start, end = read.moment(arguments, "from", tz), read.moment(arguments, "to", tz)
    if start is not None and end is not None and start >= end:
        raise InvalidQuestion("to", "is not after from")
    return RefusedFilter(
        tenant=arguments.get("tenant"),
        receiver=arguments.get("receiver"),
        start=start,
        end=end,
        reason=arguments.get("reason"),
    )
