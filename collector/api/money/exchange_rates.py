"""GET and POST /v1/exchange-rates: what other currencies are worth in US dollars."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from http import HTTPStatus

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.money.shown import shown_exchange_rate
from collector.api.pages import MOST, PAGE, following, page
from ledger.commands.exchange_rates import add_exchange_rate
from ledger.queries.pricing.exchange_rates import Cursor, list_exchange_rates
from ledger.queries.reader import Reader

_KEYS = ("currency", "valid_on", "recorded_at")


class _Posted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    currency: str
    valid_on: date
    usd_per_unit: Decimal
    source: str | None = None


_decoder = msgspec.json.Decoder(_Posted)


def exchange_rate_routes(reader: Reader) -> Blueprint:
    """Rates of other currencies, day by day."""
    routes = Blueprint("exchange_rates", __name__)

    @routes.get("/v1/exchange-rates")
    def get_exchange_rates() -> Response:
        read.refuse_unknown(request.args, ("currency", "limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        rows = list_exchange_rates(
            reader,
            currency=request.args.get("currency"),
            before=read.cursor(request.args, Cursor),
            limit=limit + 1,
        )
        shown = [shown_exchange_rate(row) for row in rows[:limit]]
        return page("exchange_rates", shown, following(rows, limit, *_KEYS))

    @routes.post("/v1/exchange-rates")
    def post_exchange_rate() -> Response:
        row = add_exchange_rate(reader, **msgspec.structs.asdict(read_json(_decoder)))
        body = msgspec.json.encode(shown_exchange_rate(row))
        status = HTTPStatus.CREATED.value
        return Response(body, status=status, content_type="application/json")

    return routes
