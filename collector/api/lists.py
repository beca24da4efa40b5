"""GET /v1/calls and /v1/tenants: lists, a page at a time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.pages import MOST, PAGE, following, page
from ledger.domain.errors import InvalidQuestion
from ledger.domain.money import usd_text
from ledger.queries.reader import Reader
from ledger.queries.records.calls import list_calls
from ledger.queries.revisions.as_of import refuse_unbounded
from ledger.queries.tenants import list_tenants
from ledger.settings import Settings

_PARAMETERS = ("tenant", "from", "to", "tz", "as_of", "limit", "cursor")
_HIDDEN = frozenset(("series_id", "duration_bucket", "time_to_first_token_bucket"))


def list_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Single calls and tenants."""
    routes = Blueprint("lists", __name__)

    @routes.get("/v1/calls")
    def get_calls() -> Response:
        read.refuse_unknown(request.args, _PARAMETERS)
        tenant = request.args.get("tenant")
        if not tenant:
            raise InvalidQuestion("tenant", "is needed: single calls are shown for one tenant")
        tz = read.time_zone(request.args, settings.time_zone)
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        start, end, as_of = (
            read.moment(request.args, name, tz) for name in ("from", "to", "as_of")
        )
        if as_of is not None:
            refuse_unbounded([tenant], start, end, tz.key)
        rows = list_calls(
            reader,
            tenant=tenant,
            start=start,
            end=end,
            as_of=as_of,
            before=read.cursor(request.args, tuple[datetime, str]),
            limit=limit + 1,
        )
        calls = [_call(row) for row in rows[:limit]]
        return page("calls", calls, following(rows, limit, "started_at", "id"))

    @routes.get("/v1/tenants")
    def get_tenants() -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        rows = list_tenants(reader, after=read.cursor(request.args, str) or "", limit=limit + 1)
        cursor = read.encode_cursor(rows[limit - 1].tenant) if len(rows) > limit else None
        return page("tenants", [msgspec.to_builtins(row) for row in rows[:limit]], cursor)

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
    call["outcome"] = _outcome(call)
    call["first_verdict"] = call["verdict"]
    if call["outcome"]:
        call["verdict"] = call["outcome"]["verdict"]
    return call


def _outcome(call: dict[str, Any]) -> dict[str, Any] | None:
    """The latest verdict that was posted for the call, taken out of its row."""
    outcome = {name: call.pop(f"outcome_{name}") for name in ("verdict", "at", "comment")}
    value = _usd(call.pop("outcome_value_pico_usd"))
    return {**outcome, "value_usd": value} if outcome["verdict"] else None


def _usd(pico_usd: int | None) -> str | None:
    return None if pico_usd is None else usd_text(Decimal(pico_usd))
