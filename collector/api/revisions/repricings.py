"""/v1/repricings: a period priced anew, how far it is, and what it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta
from werkzeug.datastructures import MultiDict

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.pages import MOST, PAGE, csv_page, page, wants_csv
from ledger.commands.repricings import cancel_repricing, request_repricing
from ledger.domain.errors import InvalidQuestion, InvalidRecord, NotFound
from ledger.domain.money import usd_text
from ledger.domain.revisions.repricing import EVERY_TENANT, Repricing, Wanted, read_filter
from ledger.queries.reader import Reader
from ledger.queries.revisions.repricings import (
    DifferenceCursor,
    differences_of,
    list_repricings,
    repricing_of,
)
from ledger.queries.tenants import time_zone_of
from ledger.settings import Settings

_COLUMNS = (
    "tenant", "day", "model", "calls", "calls_changed", "unpriced_calls_before",
    "unpriced_calls_after", "before_usd", "after_usd", "difference_usd",
)  # fmt: skip


class _Posted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    reason: str
    tenant: str = EVERY_TENANT
    tz: str | None = None
    filters: dict[str, Any] = {}
    known_at: Annotated[datetime, Meta(tz=True)] | None = None
    dry_run: bool = False
    adjust_closed: bool = False


_decoder = msgspec.json.Decoder(_Posted)


def repricing_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Re-pricings."""
    routes = Blueprint("repricings", __name__)

    @routes.post("/v1/repricings")
    def post_repricing() -> Response:
        wanted = _wanted(reader, read_json(_decoder), settings.time_zone)
        number = request_repricing(reader, wanted, datetime.now(UTC))
        response = _one(reader, number, HTTPStatus.ACCEPTED)
        response.headers["Location"] = f"/v1/repricings/{number}"
        return response

    @routes.get("/v1/repricings")
    def get_repricings() -> Response:
        read.refuse_unknown(request.args, ("tenant", "limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        found = list_repricings(
            reader,
            tenant=request.args.get("tenant"),
            before=read.cursor(request.args, int),
            limit=limit + 1,
        )
        more = read.encode_cursor(found[limit - 1].repricing_id) if len(found) > limit else None
        return page("repricings", [shown(one) for one in found[:limit]], more)

    @routes.get("/v1/repricings/<int:number>")
    def get_repricing(number: int) -> Response:
        read.refuse_unknown(request.args, ())
        return _one(reader, number)

    @routes.get("/v1/repricings/<int:number>/differences")
    def get_differences(number: int) -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        repricing_of(reader, number)
        limit = read.whole_number(request.args, "limit", MOST, 10 * MOST)
        after = read.cursor(request.args, DifferenceCursor)
        rows = differences_of(reader, number, after=after, limit=limit + 1)
        more = _cursor(rows[limit - 1]) if len(rows) > limit else None
        shaped = [difference(row) for row in rows[:limit]]
        return csv_page(_COLUMNS, shaped, more) if wants_csv() else page("rows", shaped, more)

    @routes.post("/v1/repricings/<int:number>/cancel")
    def post_cancel(number: int) -> Response:
        cancel_repricing(reader, number)
        return _one(reader, number)

    return routes


def _wanted(reader: Reader, posted: _Posted, default_zone: str) -> Wanted:
    zone_name = posted.tz
    if zone_name is None and posted.tenant != EVERY_TENANT:
        zone_name = time_zone_of(reader, posted.tenant)
        if zone_name is None:
            raise NotFound(f"there is no tenant {posted.tenant!r}; its first call makes it")
    given = MultiDict({"from": posted.start, "to": posted.end, "tz": zone_name or default_zone})
    try:
        tz = read.time_zone(given, default_zone)
        start, end = read.moment(given, "from", tz), read.moment(given, "to", tz)
    except InvalidQuestion as error:
        raise InvalidRecord(error.parameter, error.reason) from error
    assert start is not None
    assert end is not None
    return Wanted(
        tenant=posted.tenant,
        start=start,
        end=end,
        filter=read_filter(posted.filters),
        reason=posted.reason,
        known_at=posted.known_at and posted.known_at.astimezone(UTC),
        dry_run=posted.dry_run,
        adjust_closed=posted.adjust_closed,
    )


def _one(reader: Reader, number: int, status: HTTPStatus = HTTPStatus.OK) -> Response:
    body = msgspec.json.encode(shown(repricing_of(reader, number)))
    return Response(body, status=status.value, content_type="application/json")


def shown(one: Repricing) -> dict[str, Any]:
    """A re-pricing in the public names."""
    wanted = one.wanted
    return {
        "repricing_id": one.repricing_id,
        "tenant": wanted.tenant,
        "from": wanted.start,
        "to": wanted.end,
        "filters": wanted.filter,
        "reason": wanted.reason,
        "known_at": wanted.known_at,
        "dry_run": wanted.dry_run,
        "adjust_closed": wanted.adjust_closed,
        "requested_by": one.requested_by,
        "requested_at": one.requested_at,
        "state": one.state,
        "at": one.place and one.place._asdict(),
        "calls_seen": one.calls_seen,
        "calls_changed": one.calls_changed,
        "before_usd": usd_text(one.before_pico_usd),
        "after_usd": usd_text(one.after_pico_usd),
        "difference_usd": usd_text(one.after_pico_usd - one.before_pico_usd),
        "failure": one.failure,
        "finished_at": one.finished_at,
    }


def difference(row: dict[str, Any]) -> dict[str, Any]:
    """One group of calls before and after, in the public names."""
    before, after = int(row["before_pico_usd"]), int(row["after_pico_usd"])
    return {
        "tenant": row["tenant"],
        "day": row["day"].isoformat(),
        "model": row["model"],
        "calls": row["calls"],
        "calls_changed": row["calls_changed"],
        "unpriced_calls_before": row["unpriced_before"],
        "unpriced_calls_after": row["unpriced_after"],
        "before_usd": usd_text(before),
        "after_usd": usd_text(after),
        "difference_usd": usd_text(after - before),
    }


def _cursor(row: dict[str, Any]) -> str:
    place: tuple[str, date, str] = (row["tenant"], row["day"], row["model"])
    return read.encode_cursor(place)
