"""/v1/budgets: set, list, show, change and end budgets, and what their periods came to."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.budgets.shapes import (
    PatchedBudget,
    PostedBudget,
    shown_budget,
    shown_standing,
    shown_total,
    shown_value,
)
from collector.api.pages import MOST, PAGE, following, page
from ledger.commands.budgets.filler import Filler
from ledger.commands.budgets.setting import change_budget, create_budget, end_budget
from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import Period, period_of, previous_period
from ledger.domain.budgets.scope import NO_STARS, ScopeKey, scope_key
from ledger.domain.errors import InvalidQuestion
from ledger.queries.budgets.lists import (
    BudgetCursor,
    ValueCursor,
    budget_of_id,
    list_budgets,
    totals,
    values_by_use,
    zone_of_tenant,
)
from ledger.queries.budgets.standings import history, standings
from ledger.queries.reader import Reader
from ledger.settings import Settings

_FILL_WAIT_SECONDS = 1.0
"""A small ledger's calls are counted before the answer; of a large one's we do not wait."""
_PERIODS = 12
_MOST_PERIODS = 400

_posted = msgspec.json.Decoder(PostedBudget)
_patched = msgspec.json.Decoder(PatchedBudget)


def budget_routes(reader: Reader, filler: Filler, settings: Settings) -> Blueprint:
    """Budgets."""
    routes = Blueprint("budgets", __name__)

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

    @routes.get("/v1/budgets")
    def get_budgets() -> Response:
        read.refuse_unknown(request.args, ("tenant", "ended", "limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        with reader.connection() as connection:
            found = list_budgets(
                connection,
                tenant=request.args.get("tenant"),
                ended=_truth("ended"),
                after=read.cursor(request.args, BudgetCursor),
                limit=limit + 1,
            )
            rows = _with_figures(connection, found[:limit], datetime.now(UTC))
        rows += [{"id": None}] if len(found) > limit else []
        return page("budgets", rows[:limit], following(rows, limit, "tenant", "name", "id"))

    @routes.get("/v1/budgets/<uuid:budget_id>")
    def get_budget(budget_id: UUID) -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        return _json(_shown(reader, budget_id), HTTPStatus.OK)

    @routes.get("/v1/budgets/<uuid:budget_id>/history")
    def get_history(budget_id: UUID) -> Response:
        with reader.connection() as connection:
            budget = budget_of_id(connection, budget_id)
            read.refuse_unknown(request.args, ("periods", *budget.starred))
            number = read.whole_number(request.args, "periods", _PERIODS, _MOST_PERIODS)
            now = datetime.now(UTC)
            account = (budget, _asked_key(budget))
            found = history(connection, account, _last_periods(budget, number, now), now)
        return _json({"periods": [shown_standing(one) for one in found]}, HTTPStatus.OK)

    @routes.patch("/v1/budgets/<uuid:budget_id>")
    def patch_budget(budget_id: UUID) -> Response:
        change_budget(reader, budget_id, read_json(_patched).changes())
        return _json(_shown(reader, budget_id), HTTPStatus.OK)

    @routes.delete("/v1/budgets/<uuid:budget_id>")
    def delete_budget(budget_id: UUID) -> Response:
        return _json(shown_budget(end_budget(reader, budget_id)), HTTPStatus.OK)

    return routes


def _shown(reader: Reader, budget_id: UUID) -> dict[str, Any]:
    now = datetime.now(UTC)
    with reader.connection() as connection:
        budget = budget_of_id(connection, budget_id)
        shown = _with_figures(connection, [budget], now)[0]
        if budget.starred:
            shown |= _values(connection, budget, now)
    return shown


def _with_figures(
    connection: Connection, budgets: list[Budget], now: datetime
) -> list[dict[str, Any]]:
    """Budgets with how they stand, in their order."""
    plain = [budget for budget in budgets if not budget.starred]
    figures = {
        one.budget.budget_id: shown_standing(one)
        for one in standings(connection, [(budget, NO_STARS) for budget in plain], now)
    }
    starred = [budget for budget in budgets if budget.starred]
    figures |= {
        total.budget.budget_id: shown_total(total) for total in totals(connection, starred, now)
    }
    return [shown_budget(budget) | figures[budget.budget_id] for budget in budgets]


def _values(connection: Connection, budget: Budget, now: datetime) -> dict[str, Any]:
    """How the values of a budget stand, those that used most first."""
    limit = read.whole_number(request.args, "limit", PAGE, MOST)
    after = read.cursor(request.args, ValueCursor)
    found = values_by_use(connection, budget, now, after=after, limit=limit + 1)
    accounts = [(budget, key) for key, _ in found[:limit]]
    cursor = None
    if len(found) > limit:
        key, used = found[limit - 1]
        cursor = read.encode_cursor((format(used, "f"), key))
    return {
        "values": [shown_value(one) for one in standings(connection, accounts, now)],
        "next": cursor,
    }


def _asked_key(budget: Budget) -> ScopeKey:
    values = []
    for name in budget.starred:
        value = request.args.get(name)
        if not value:
            raise InvalidQuestion(name, "is needed: each value has a budget of its own")
        values.append(value)
    return scope_key(values)


def _last_periods(budget: Budget, number: int, now: datetime) -> list[Period]:
    """The latest periods, the present one first."""
    periods = [period_of(budget, now)]
    while len(periods) < number:
        periods.append(previous_period(budget, periods[-1]))
    return periods


def _truth(name: str) -> bool:
    value = request.args.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidQuestion(name, f"{value!r} is neither true nor false")
    return value == "true"


def _json(content: dict[str, Any], status: HTTPStatus) -> Response:
    return Response(
        msgspec.json.encode(content), status=status.value, content_type="application/json"
    )
