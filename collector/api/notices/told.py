"""GET /v1/budgets/{id}/notices: what people were told about a budget."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request

from collector.api import parameters as read
from collector.api.notices.shapes import shown_notice
from collector.api.pages import MOST, PAGE, page
from ledger.queries.budgets.lists import budget_of_id
from ledger.queries.notices.notices import (
    NoticeCursor,
    cursor_after,
    deliveries_of,
    notices_of_budget,
)
from ledger.queries.reader import Reader


def notice_routes(reader: Reader) -> Blueprint:
    """Notices of budgets."""
    routes = Blueprint("budget_notices", __name__)

    @routes.get("/v1/budgets/<uuid:budget_id>/notices")
    def get_notices(budget_id: UUID) -> Response:
        read.refuse_unknown(request.args, ("limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        with reader.connection() as connection:
            budget = budget_of_id(connection, budget_id)
            found = notices_of_budget(
                connection,
                budget_id,
                before=read.cursor(request.args, NoticeCursor),
                limit=limit + 1,
            )
            told = deliveries_of(connection, found[:limit])
        cursor = None
        if len(found) > limit:
            cursor = read.encode_cursor(cursor_after(found[limit - 1]))
        rows = [shown_notice(budget, one, told.get(one.key, ())) for one in found[:limit]]
        return page("notices", rows, cursor)

    return routes
