"""GET /v1/spend."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from collector.api import parameters as read
from ledger.domain.dimensions import DIMENSIONS
from ledger.domain.errors import InvalidQuestion
from ledger.domain.money import usd_text
from ledger.domain.usage import TOKEN_FIELDS
from ledger.queries.reader import Reader
from ledger.queries.spend import INTERVALS, SpendQuestion, SpendRow, spend
from ledger.settings import Settings

_MOST_ROWS = 10_000
_Offset = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_PARAMETERS = ("from", "to", "tz", "group_by", "interval", "limit", "cursor", *DIMENSIONS)


def spend_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Sums over calls."""
    routes = Blueprint("spend", __name__)

    @routes.get("/v1/spend")
    def get_spend() -> Response:
        question = _question(request.args, settings.time_zone)
        rows = spend(reader, question)
        page, more = rows[: question.limit - 1], len(rows) == question.limit
        following = read.encode_cursor(question.offset + question.limit - 1) if more else None
        shaped = [_shape(row) for row in page]
        if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
            return _csv(shaped, question, following)
        return Response(
            msgspec.json.encode({"rows": shaped, "next": following}),
            content_type="application/json",
        )

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


def _csv(rows: list[dict[str, Any]], question: SpendQuestion, following: str | None) -> Response:
    header = [
        *question.group_by,
        *(["start"] if question.interval else []),
        *("calls", "errors", "unpriced_calls", "estimated_calls", "cost_usd"),
        *TOKEN_FIELDS,
        *("p50_seconds", "p95_seconds", "p99_seconds"),
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    if following:
        arguments = MultiDict(request.args)
        arguments["cursor"] = following
        query = urlencode(list(arguments.items(multi=True)))
        response.headers["Link"] = f'<?{query}>; rel="next"'
    return response


def _safe(value: Any) -> Any:
    """Texts that a spreadsheet would run as a formula are quoted."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
