"""GET /v1/spend."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.pages import csv_page, page, wants_csv
from ledger.domain.dimensions import DIMENSIONS
from ledger.domain.errors import InvalidQuestion
from ledger.domain.money import usd_text
from ledger.domain.usage import TOKEN_FIELDS
from ledger.queries.reader import Reader
from ledger.queries.spend import INTERVALS, SpendQuestion, SpendRow, spend
from ledger.settings import Settings

_MOST_ROWS = 10_000
_Offset = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_PARAMETERS = (
    "from", "to", "tz", "as_of", "group_by", "interval", "limit", "cursor", *DIMENSIONS,
)  # fmt: skip


def spend_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Sums over calls."""
    routes = Blueprint("spend", __name__)

    @routes.get("/v1/spend")
    def get_spend() -> Response:
        question = _question(request.args, settings.time_zone)
        rows = spend(reader, question)
        more = len(rows) == question.limit
        following = read.encode_cursor(question.offset + question.limit - 1) if more else None
        shaped = [_shape(row) for row in rows[: question.limit - 1]]
        if wants_csv():
            return csv_page(_header(question), shaped, following)
        return page("rows", shaped, following)

    return routes


def _question(arguments: read.Parameters, default_zone: str) -> SpendQuestion:
    """One row more than the page is asked for, to know whether there is a next page."""
    read.refuse_unknown(arguments, _PARAMETERS)
    tz = read.time_zone(arguments, default_zone)
    interval = arguments.get("interval")
    if interval is not None and interval not in INTERVALS:
        raise InvalidQuestion("interval", f"{interval!r} is none of {', '.join(INTERVALS)}")
    start, end = read.moment(arguments, "from", tz), read.moment(arguments, "to", tz)
    if start is not None and end is not None and start >= end:
        raise InvalidQuestion("to", "is not after from")
    return SpendQuestion(
        start=start,
        end=end,
        time_zone=tz.key,
        interval=interval,
        group_by=_group_by(arguments),
        filters={name: tuple(arguments.getlist(name)) for name in DIMENSIONS if name in arguments},
        limit=read.whole_number(arguments, "limit", _MOST_ROWS, _MOST_ROWS) + 1,
        offset=read.cursor(arguments, _Offset) or 0,
        as_of=read.moment(arguments, "as_of", tz),
    )


def _group_by(arguments: read.Parameters) -> tuple[str, ...]:
    names = [name for part in arguments.getlist("group_by") for name in part.split(",") if name]
    for name in names:
        if name not in DIMENSIONS:
            raise InvalidQuestion("group_by", f"{name!r} is none of {', '.join(DIMENSIONS)}")
    return tuple(dict.fromkeys(names))


def _shape(row: SpendRow) -> dict[str, Any]:
    start = {"start": row.start.isoformat()} if row.start else {}
    return {
        **row.group,
        **start,
        "calls": row.calls,
        "errors": row.errors,
        "unpriced_calls": row.unpriced_calls,
        "estimated_calls": row.estimated_calls,
        "cost_usd": usd_text(row.cost_pico_usd),
        **row.tokens,
        **row.seconds,
    }


def _header(question: SpendQuestion) -> list[str]:
    return [
        *question.group_by,
        *(["start"] if question.interval else []),
        *("calls", "errors", "unpriced_calls", "estimated_calls", "cost_usd"),
        *TOKEN_FIELDS,
        *("p50_seconds", "p95_seconds", "p99_seconds"),
    ]
