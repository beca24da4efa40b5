"""GET /v1/calls/{id}/cost: why a call cost what it cost, or what it may have meant."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.money.shown import shown_items
from ledger.domain.errors import InvalidQuestion
from ledger.domain.money import usd_text
from ledger.pricing.charging import MODEL_UNKNOWN
from ledger.pricing.unpriced.reasons import advice_for
from ledger.pricing.unpriced.suggestions import suggestions
from ledger.queries.pricing.call_costs import Explained, explained_cost, known_models
from ledger.queries.reader import Reader
from ledger.settings import Settings

_TOLD = ("tenant", "id", "started_at", "provider", "model", "request_model", "operation",
         "service_tier", "region", "price_version")  # fmt: skip


def call_cost_routes(reader: Reader, settings: Settings) -> Blueprint:
    """The costs of single calls."""
    routes = Blueprint("call_costs", __name__)

    @routes.get("/v1/calls/<path:call_id>/cost")
    def get_cost(call_id: str) -> Response:
        read.refuse_unknown(request.args, ("tenant", "started_at", "as_of", "tz"))
        tenant = request.args.get("tenant")
        if not tenant:
            raise InvalidQuestion("tenant", "is needed: whose call it is")
        tz = read.time_zone(request.args, settings.time_zone)
        started_at = read.moment(request.args, "started_at", tz)
        found = explained_cost(
            reader,
            tenant=tenant,
            call_id=call_id,
            started_at=started_at,
            as_of=read.moment(request.args, "as_of", tz),
        )
        answer = _answer(found)
        if found.row["cost_reason"] == MODEL_UNKNOWN:
            answer["suggestions"] = _likely(found.row, reader, tenant)
        return Response(msgspec.json.encode(answer), content_type="application/json")

    return routes


def _answer(found: Explained) -> dict[str, Any]:
    row, pico = found.row, found.row["cost_pico_usd"]
    items = []
    if found.card is not None:
        items = shown_items(found.card, found.items, row["price_version"])
    return {
        **{name: row[name] for name in _TOLD},
        "cost_usd": None if pico is None else usd_text(pico),
        "status": row["cost_status"],
        "reason": row["cost_reason"],
        "advice": advice_for(row["cost_reason"]),
        "line_items": items,
        "suggestions": [],
    }


def _likely(row: dict[str, Any], reader: Reader, tenant: str) -> list[dict[str, Any]]:
    names = dict.fromkeys(filter(None, (row["model"], row["request_model"])))
    own = known_models(reader, tenant)
    found = [one for name in names for one in suggestions(row["provider"], name, own)]
    return [one._asdict() for one in dict.fromkeys(found)]
