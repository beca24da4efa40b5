"""/v1/months: closing months, and their statements."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.pages import MOST, PAGE, csv_page, page, wants_csv
from ledger.commands.months import close_month
from ledger.domain.errors import InvalidQuestion
from ledger.domain.money import usd_text
from ledger.domain.revisions.months import month_text, read_month
from ledger.queries.reader import Reader
from ledger.queries.revisions.months import (
    ClosedMonth,
    Cursor,
    Figures,
    Statement,
    list_closed,
    statement_of,
)

_FIGURES = ("calls", "unpriced_calls", "estimated_calls", "cost_usd")
_COLUMNS = ("tenant", "statement", "line", "month", *_FIGURES)


class _Close(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    tenant: str


_decoder = msgspec.json.Decoder(_Close)


def month_routes(reader: Reader) -> Blueprint:
    """Closed months and statements."""
    routes = Blueprint("months", __name__)

    @routes.post("/v1/months/<month>/close")
    def post_close(month: str) -> Response:
        closing = close_month(reader, tenant=read_json(_decoder).tenant, month=_month(month))
        status = HTTPStatus.CREATED if closing.is_new else HTTPStatus.OK
        body = msgspec.json.encode(shown_closed(closing.month))
        return Response(body, status=status.value, content_type="application/json")

    @routes.get("/v1/months")
    def get_months() -> Response:
        read.refuse_unknown(request.args, ("tenant", "limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        found = list_closed(
            reader,
            tenant=request.args.get("tenant"),
            after=read.cursor(request.args, Cursor),
            limit=limit + 1,
        )
        more = None
        if len(found) > limit:
            last = found[limit - 1]
            more = read.encode_cursor((last.tenant, last.month))
        return page("months", [shown_closed(one) for one in found[:limit]], more)

    @routes.get("/v1/months/<month>/statement")
    def get_statement(month: str) -> Response:
        read.refuse_unknown(request.args, ("tenant",))
        tenant = request.args.get("tenant")
        if not tenant:
            raise InvalidQuestion("tenant", "is needed: whose statement it is")
        statement = statement_of(reader, tenant=tenant, month=_month(month))
        if wants_csv():
            return csv_page(_COLUMNS, _lines(statement), None)
        body = msgspec.json.encode(shown_statement(statement))
        return Response(body, content_type="application/json")

    return routes


def _month(text: str) -> date:
    try:
        return read_month(text)
    except ValueError as error:
        raise InvalidQuestion("month", str(error)) from error


def shown_closed(closed: ClosedMonth) -> dict[str, Any]:
    """A closed month in the public names."""
    return {
        "tenant": closed.tenant,
        "month": month_text(closed.month),
        "time_zone": closed.time_zone,
        "from": closed.starts_at,
        "to": closed.ends_at,
        "closed_at": closed.closed_at,
        "closed_by": closed.closed_by,
        **shown_figures(closed.figures),
    }


def shown_statement(statement: Statement) -> dict[str, Any]:
    """A statement in the public names."""
    closed = statement.closed
    return {
        "tenant": statement.tenant,
        "month": month_text(statement.month),
        "time_zone": statement.time_zone,
        "from": statement.starts_at,
        "to": statement.ends_at,
        "state": "closed" if closed else "open",
        "closed_at": closed and closed.closed_at,
        "closed_by": closed and closed.closed_by,
        "usage": shown_figures(statement.usage),
        "adjustments": [
            {"month": month_text(month), **shown_figures(figures)}
            for month, figures in statement.adjustments
        ],
        "total": shown_figures(statement.total),
    }


def shown_figures(figures: Figures) -> dict[str, Any]:
    """Calls and money in the public names."""
    shown = msgspec.structs.asdict(figures)
    shown["cost_usd"] = usd_text(shown.pop("cost_pico_usd"))
    return shown


def _lines(statement: Statement) -> list[dict[str, Any]]:
    about = {"tenant": statement.tenant, "statement": month_text(statement.month)}
    rows = [
        ("usage", statement.month, statement.usage),
        *(("adjustment", month, figures) for month, figures in statement.adjustments),
    ]
    lines = [
        {**about, "line": line, "month": month_text(month), **shown_figures(figures)}
        for line, month, figures in rows
    ]
    return [*lines, {**about, "line": "total", "month": "", **shown_figures(statement.total)}]
