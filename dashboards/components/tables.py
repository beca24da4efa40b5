"""The overview's tables: top tenants, and models without a price."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc, html

from dashboards.formats import count, money, percent_change
from dashboards.url_state import write_state
from ledger.queries.spend import SpendRow

_TOP = 8


def top_tenants(
    rows: list[SpendRow], before: Mapping[str, SpendRow] | None, range_key: str
) -> html.P | html.Table:
    """The tenants with the highest spend, each with its change and a bar for its size."""
    if not rows:
        return html.P("No tenant has spent anything in this range.", className="tb-empty")
    largest = float(rows[0].cost_pico_usd) or 1.0
    body = [
        html.Tr(
            [
                html.Td(
                    [
                        _tenant_link(row.group["tenant"], range_key),
                        html.Div(
                            className="tb-bar",
                            style={"width": f"{_percent(float(row.cost_pico_usd), largest)}%"},
                        ),
                    ]
                ),
                html.Td(money(row.cost_pico_usd), className="tb-number"),
                html.Td(_change(row, before), className="tb-number tb-muted"),
            ]
        )
        for row in rows[:_TOP]
    ]
    if len(rows) > _TOP:
        rest = sum(row.cost_pico_usd for row in rows[_TOP:])
        body.append(
            html.Tr(
                [
                    html.Td(f"{len(rows) - _TOP} more tenants", className="tb-muted"),
                    html.Td(money(rest), className="tb-number tb-muted"),
                    html.Td(),
                ]
            )
        )
    return _table(("Tenant", "Spend", "Change"), body, numbers_from=1)


def unpriced_models(rows: list[SpendRow]) -> html.P | html.Table:
    """Models whose calls have no price, with the number of those calls."""
    if not rows:
        return html.P("Every call in this range has a price.", className="tb-empty tb-good")
    body = [
        html.Tr(
            [
                html.Td([html.Span(row.group["model"]), html.Small(row.group["provider"])]),
                html.Td(count(row.unpriced_calls), className="tb-number"),
            ]
        )
        for row in rows[:_TOP]
    ]
    return _table(("Model", "Calls"), body, numbers_from=1)


def _percent(part: float, whole: float) -> str:
    """At least half a percent, so that the smallest bar can be seen."""
    return f"{max(0.5, 100 * part / whole):.1f}"


def _tenant_link(tenant: str, range_key: str) -> dcc.Link:
    return dcc.Link(
        tenant, href=f"/{write_state(range_key, tenant)}", className="tb-tenant", title=tenant
    )


def _change(row: SpendRow, before: Mapping[str, SpendRow] | None) -> str:
    if before is None:
        return "\N{EN DASH}"
    earlier = before.get(row.group["tenant"])
    change = percent_change(row.cost_pico_usd, earlier.cost_pico_usd if earlier else 0)
    return change or "new"


def _table(headings: tuple[str, ...], body: list[html.Tr], *, numbers_from: int) -> html.Table:
    head = [
        html.Th(text, className="tb-number" if place >= numbers_from else "", scope="col")
        for place, text in enumerate(headings)
    ]
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="tb-table")
