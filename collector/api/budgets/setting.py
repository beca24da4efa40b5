"""POST, PATCH and DELETE /v1/budgets: setting, changing and ending them."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from flask import Blueprint, Response

from collector.api.afterwards.json_body import read_json
from collector.api.budgets.figures import whole_budget
from collector.api.budgets.shapes import PatchedBudget, PostedBudget, shown_budget
from collector.api.pages import PAGE
from ledger.commands.budgets.filler import Filler
from ledger.commands.budgets.setting import change_budget, create_budget, end_budget
from ledger.queries.budgets.lists import budget_of_id, zone_of_tenant
from ledger.queries.reader import Reader
from ledger.settings import Settings

_FILL_WAIT_SECONDS = 1.0
"""A small ledger's calls are counted before the answer; for a large one's we do not wait."""

_posted = msgspec.json.Decoder(PostedBudget)
_patched = msgspec.json.Decoder(PatchedBudget)


def budget_commands(reader: Reader, filler: Filler, settings: Settings) -> Blueprint:
    """What can be said about budgets."""
    routes = Blueprint("budget_commands", __name__)

    @routes.post("/v1/budgets")
    def post_budget() -> Response:
        posted = read_json(_posted)
        with reader.connection() as connection:
            zone = zone_of_tenant(connection, posted.tenant) or settings.time_zone
        budget = posted.budget(time_zone=zone, by=reader.principal.name, now=datetime.now(UTC))
        create_budget(reader, budget)
        filler.fill_soon().wait(_FILL_WAIT_SECONDS)
        answer = _json(_shown(reader, budget.budget_id), HTTPStatus.CREATED)
        answer.headers["Location"] = f"/v1/budgets/{budget.budget_id}"
        return answer

    @routes.patch("/v1/budgets/<uuid:budget_id>")
    def patch_budget(budget_id: UUID) -> Response:
        change_budget(reader, budget_id, read_json(_patched).changes())
        return _json(_shown(reader, budget_id), HTTPStatus.OK)

    @routes.delete("/v1/budgets/<uuid:budget_id>")
    def delete_budget(budget_id: UUID) -> Response:
        return _json(shown_budget(end_budget(reader, budget_id)), HTTPStatus.OK)

    return routes


def _shown(reader: Reader, budget_id: UUID) -> dict[str, Any]:
    with reader.connection() as connection:
        budget = budget_of_id(connection, budget_id)
        return whole_budget(connection, budget, datetime.now(UTC), limit=PAGE)


def _json(content: dict[str, Any], status: HTTPStatus) -> Response:
    return Response(
        msgspec.json.encode(content), status=status.value, content_type="application/json"
    )
