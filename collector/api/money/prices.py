"""GET and POST /v1/prices, DELETE /v1/prices/{id}: prices of one's own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.money.shown import shown_price
from collector.api.pages import MOST, PAGE, following, page
from ledger.commands.prices import add_price, withdraw_price
from ledger.domain.errors import InvalidQuestion, InvalidRecord
from ledger.pricing.forms import PriceForm, RateForm
from ledger.pricing.rates import USD
from ledger.queries.pricing.prices import Cursor, PriceFilter, list_prices
from ledger.queries.reader import Reader
from ledger.settings import Settings

_Moment = Annotated[datetime, Meta(tz=True)]
_KEYS = ("tenant", "provider", "model", "valid_from", "price_id")
_ASKED = ("tenant", "provider", "model", "at", "known_at", "withdrawn", "tz", "limit", "cursor")


class _Posted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body; unknown fields are refused, since a mistyped one would change what is paid."""

    tenant: str
    provider: str
    model: str
    context: dict[str, str] = {}
    currency: str = USD
    rates: dict[str, RateForm] | None = None
    factor: Decimal | None = None
    valid_from: _Moment
    valid_to: _Moment | None = None
    note: str | None = None
    replaces: UUID | None = None


_decoder = msgspec.json.Decoder(_Posted)


def price_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Prices of one's own."""
    routes = Blueprint("prices", __name__)

    @routes.get("/v1/prices")
    def get_prices() -> Response:
        read.refuse_unknown(request.args, _ASKED)
        tz = read.time_zone(request.args, settings.time_zone)
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        wanted = PriceFilter(
            tenant=request.args.get("tenant"),
            provider=request.args.get("provider"),
            model=request.args.get("model"),
            at=read.moment(request.args, "at", tz),
            known_at=read.moment(request.args, "known_at", tz),
            with_withdrawn=_yes("withdrawn"),
        )
        after = read.cursor(request.args, Cursor)
        rows = list_prices(reader, wanted, after=after, limit=limit + 1)
        shown = [shown_price(row) for row in rows[:limit]]
        return page("prices", shown, following(rows, limit, *_KEYS))

    @routes.post("/v1/prices")
    def post_price() -> Response:
        posted = read_json(_decoder)
        form = PriceForm(
            **{
                name: getattr(posted, name)
                for name in PriceForm.__struct_fields__
                if name not in ("valid_from", "valid_to")
            },
            valid_from=_utc("valid_from", posted.valid_from),
            valid_to=posted.valid_to and _utc("valid_to", posted.valid_to),
        )
        return _answer(add_price(reader, form, replaces=posted.replaces), HTTPStatus.CREATED)

    @routes.delete("/v1/prices/<uuid:price_id>")
    def delete_price(price_id: UUID) -> Response:
        read.refuse_unknown(request.args, ())
        return _answer(withdraw_price(reader, price_id), HTTPStatus.OK)

    return routes


def _utc(name: str, moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidRecord(name, "lies beyond the calendar") from error


def _yes(name: str) -> bool:
    value = request.args.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidQuestion(name, f"{value!r} is neither true nor false")
    return value == "true"


def _answer(row: dict[str, Any], status: HTTPStatus) -> Response:
    body = msgspec.json.encode(shown_price(row))
    return Response(body, status=status.value, content_type="application/json")
