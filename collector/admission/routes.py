"""GET /v1/reservations/{id}: how a reservation stands."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from ledger.domain.budgets.scope import values_of_key
from ledger.domain.money import usd_text
from ledger.queries.budgets.reservations import reservation_of_id
from ledger.queries.reader import Reader


def reservation_routes(reader: Reader) -> Blueprint:
    """Reservations, to be looked at."""
    routes = Blueprint("reservations", __name__)

    @routes.get("/v1/reservations/<uuid:reservation_id>")
    def get_reservation(reservation_id: UUID) -> Response:
        read.refuse_unknown(request.args, ())
        shown = _shown(reservation_of_id(reader, reservation_id))
        return Response(msgspec.json.encode(shown), content_type="application/json")

    return routes


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    settled = row["settled_pico_usd"]
    return {
        "reservation_id": row["reservation_id"],
        "tenant": row["tenant"],
        "state": row["state"],
        "created_at": row["created_at"],
        "expires_at": row["expires_at"],
        "amount_usd": usd_text(row["amount_pico_usd"]),
        "amount_tokens": row["amount_tokens"],
        "settled_usd": None if settled is None else usd_text(settled),
        "settled_tokens": row["settled_tokens"],
        "settled_at": row["settled_at"],
        "over_hold": row["is_over_hold"],
        "unverified": row["admitted_without_ledger"],
        "dimensions": row["dimensions"],
        "budgets": [
            {
                "budget_id": one["budget_id"],
                "name": one["name"],
                "values": values_of_key(one["scope_key"]),
            }
            for one in row["holds"]
        ],
    }
