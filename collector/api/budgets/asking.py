"""GET /v1/budgets: which there are, how they stand, and what their periods came to."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.budgets.figures import whole_budget, with_figures
from collector.api.budgets.shapes import shown_standing
from collector.api.pages import MOST, PAGE, page
from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import Period, period_of, previous_period
from ledger.domain.budgets.scope import ScopeKey, scope_key
from ledger.domain.errors import InvalidQuestion
from ledger.queries.budgets.lists import BudgetCursor, ValueCursor, budget_of_id, list_budgets
from ledger.queries.budgets.standings import history
from ledger.queries.reader import Reader

_PERIODS = 12
_MOST_PERIODS = 400


def budget_questions(reader: Reader) -> Blueprint:
    """What can be asked about budgets."""
    routes = Blueprint("budget_questions", __name__)

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
            rows = with_figures(connection, found[:limit], datetime.now(UTC))
        return page("budgets", rows, _after(found, limit))

    @routes.get("/v1/budgets/<uuid:budget_id>")
    def get_budget(budget_id: UUID) -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        with reader.connection() as connection:
            shown = whole_budget(
                connection,
                budget_of_id(connection, budget_id),
                datetime.now(UTC),
                limit=read.whole_number(request.args, "limit", PAGE, MOST),
                after=read.cursor(request.args, ValueCursor),
            )
        return Response(msgspec.json.encode(shown), content_type="application/json")

    @routes.get("/v1/budgets/<uuid:budget_id>/history")
    def get_history(budget_id: UUID) -> Response:
        now = datetime.now(UTC)
        with reader.connection() as connection:
            budget = budget_of_id(connection, budget_id)
            read.refuse_unknown(request.args, ("periods", *budget.starred))
            number = read.whole_number(request.args, "periods", _PERIODS, _MOST_PERIODS)
            account = (budget, _asked_key(budget))
            found = history(connection, account, _last_periods(budget, number, now), now)
        return page("periods", [shown_standing(one) for one in found], None)

    return routes


def _after(found: list[Budget], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    return read.encode_cursor((last.tenant, last.name, last.budget_id))


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
