"""GET /v1/calls, /v1/tenants and /v1/rejected: lists, a page at a time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from ledger.domain.errors import InvalidQuestion
from ledger.domain.money import usd_text
from ledger.queries.calls import list_calls
from ledger.queries.reader import Reader
from ledger.queries.refusals import list_refused
from ledger.queries.tenants import list_tenants
from ledger.settings import Settings

_PAGE = 100
_MOST = 1000
_HIDDEN = frozenset(("series_id", "duration_bucket", "time_to_first_token_bucket"))


def list_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Single calls, tenants and refused records."""
    routes = Blueprint("lists", __name__)

    @routes.get("/v1/calls")
    def get_calls() -> Response:
        read.refuse_unknown(request.args, ("tenant", "from", "to", "tz", "limit", "cursor"))
        tenant = request.args.get("tenant")
        if not tenant:
            raise InvalidQuestion("tenant", "is needed: single calls are shown for one tenant")
        tz = read.time_zone(request.args, settings.time_zone)
        limit = read.whole_number(request.args, "limit", _PAGE, _MOST)
        rows = list_calls(
            reader,
            tenant=tenant,
            start=read.moment(request.args, "from", tz),
            end=read.moment(request.args, "to", tz),
            before=read.cursor(request.args, tuple[datetime, str]),
            limit=limit + 1,
        )
        page = [_call(row) for row in rows[:limit]]
        return _page("calls", page, _following(rows, limit, "started_at", "id"))

    @routes.get("/v1/tenants")
    def get_tenants() -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        limit = read.whole_number(request.args, "limit", _PAGE, _MOST)
        rows = list_tenants(reader, after=read.cursor(request.args, str) or "", limit=limit + 1)
        following = read.encode_cursor(rows[limit - 1].tenant) if len(rows) > limit else None
        return _page("tenants", [msgspec.to_builtins(row) for row in rows[:limit]], following)

    @routes.get("/v1/rejected")
    def get_rejected() -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        limit = read.whole_number(request.args, "limit", _PAGE, _MOST)
        before = read.cursor(request.args, tuple[datetime, UUID])
        rows = list_refused(reader, before=before, limit=limit + 1)
        following = _following(rows, limit, "received_at", "record_id")
        return _page("rejected", rows[:limit], following)

    return routes


def _call(row: dict[str, Any]) -> dict[str, Any]:
    """A call in the public names: money as decimal text, usage as its own object."""
    call = {name: value for name, value in row.items() if name not in _HIDDEN}
    call["usage"] = {
        name: call.pop(name)
        for name in list(call)
        if name.endswith("_tokens") and name != "raw_usage"
    }
    call["cost_usd"] = _usd(call.pop("cost_pico_usd"))
    call["reported_cost_usd"] = _usd(call.pop("reported_cost_pico_usd"))
    call["user"] = call.pop("user_id")
    call["session"] = call.pop("session_id")
    return call


def _usd(pico_usd: int | None) -> str | None:
    return None if pico_usd is None else usd_text(Decimal(pico_usd))


def _following(rows: list[dict[str, Any]], limit: int, *keys: str) -> str | None:
    if len(rows) <= limit:
        return None
    return read.encode_cursor([rows[limit - 1][key] for key in keys])


def _page(name: str, rows: list[dict[str, Any]], following: str | None) -> Response:
    body = msgspec.json.encode({name: rows, "next": following})
    return Response(body, content_type="application/json")
