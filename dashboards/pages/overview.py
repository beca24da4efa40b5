"""The overview: what was spent, by whom, how fast and how well, at first sight."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, ctx, html, no_update

from dashboards import ranges
from dashboards.components.cards import card, chart, legend, skeleton
from dashboards.components.first_call import first_call
from dashboards.components.tables import top_tenants, unpriced_models
from dashboards.context import Context
from dashboards.figures.lines import error_share, latency
from dashboards.figures.spend_by_model import OTHER, models_by_spend, spend_by_model
from dashboards.formats import (
    THIN_SPACE,
    duration,
)
from dashboards.pages.overview_data import OverviewData, gather
from dashboards.pages.overview_figures import key_figures
from dashboards.theme import MOST_SERIES, OTHER_COLOUR, SERIES_COLOURS, series_colour
from dashboards.url_state import read_state, write_state
from ledger.commands.palette import assign_slots
from ledger.domain.errors import LedgerUnavailable
from ledger.queries.tenants import list_tenants

_KEY_FIGURES = 6
_MOST_CHOICES = 200
_WAITING = html.Span("waiting for the first call", className="tb-waiting")
_FRESH_SECONDS = {"24h": 4.0, "7d": 8.0, "30d": 14.0}
_MOST_REMEMBERED = 64


def layout() -> html.Div:
    """The page before its first figures: everything at its final size."""
    return html.Div(
        [
            html.H1("Overview", className="tb-page-title"),
            html.Div(id="trouble", role="alert"),
            html.Div(id="first-call"),
            html.Div(
                [
                    html.Div(
                        [html.Div(skeleton(124)) for _ in range(_KEY_FIGURES)],
                        id="key-figures",
                        className="tb-figures",
                    ),
                    html.Div(
                        [
                            card(
                                "Spend by model",
                                html.Div(
                                    [html.Div(id="models"), chart("spend", 300)],
                                    className="tb-chart-and-legend",
                                ),
                                note=html.Span(id="spend-note", className="tb-spend-note"),
                            ),
                            card("Top tenants", html.Div(skeleton(330), id="tenants")),
                        ],
                        className="tb-wide-and-narrow",
                    ),
                    html.Div(
                        [
                            card(
                                "Latency",
                                chart("latency", 220),
                                note=legend(
                                    [("p95", SERIES_COLOURS[1]), ("p50", SERIES_COLOURS[0])]
                                ),
                            ),
                            card("Failed calls", chart("errors", 220)),
                            card(
                                "Unpriced calls",
                                html.Div(skeleton(120), id="unpriced"),
                                note="no known price, or no usage",
                            ),
                        ],
                        className="tb-thirds",
                    ),
                ],
                id="figures",
            ),
        ],
        className="tb-page",
    )


def register(app: Dash, context: Context) -> None:
    """Attach the page's callbacks."""
    overviews = _Remembered(context)

    @app.callback(
        Output("url", "search"),
        Output("range", "value"),
        Output("tenant", "value"),
        Input("url", "search"),
        Input("range", "value"),
        Input("tenant", "value"),
    )
    def keep_state_in_url(search: str | None, range_key: str, tenant: str | None) -> Any:
        if ctx.triggered_id in ("range", "tenant"):
            return write_state(range_key, tenant), no_update, no_update
        return (no_update, *read_state(search))

    # Apart from the value: the select forgets a value that comes together with its choices.
    @app.callback(Output("tenant", "data"), Input("tenant", "searchValue"), Input("url", "search"))
    def find_tenants(text: str | None, search: str | None) -> list[str]:
        _, chosen = read_state(search)
        return _tenant_choices(context, "" if text == chosen else text or "", chosen)

    @app.callback(
        Output("key-figures", "children"),
        Output("spend", "figure"),
        Output("models", "children"),
        Output("spend-note", "children"),
        Output("tenants", "children"),
        Output("latency", "figure"),
        Output("errors", "figure"),
        Output("unpriced", "children"),
        Output("freshness", "children"),
        Output("first-call", "children"),
        Output("figures", "hidden"),
        Output("trouble", "children"),
        Input("refresh", "n_intervals"),
        Input("url", "search"),
    )
    def refresh(_ticks: int | None, search: str | None) -> Any:
        try:
            data = overviews.get(*read_state(search))
        except LedgerUnavailable as error:
            trouble = html.P(
                f"{error}. The figures below are the last ones known; this page tries again"
                " every few seconds.",
                className="tb-trouble",
            )
            return (*(no_update,) * 11, trouble)
        return _drawn(context, data, has_tenant=read_state(search)[1] is not None)


def _tenant_choices(context: Context, text: str, chosen: str | None) -> list[str]:
    """Tenants whose names contain the text; always the chosen one, which is never dropped."""
    found = list_tenants(context.reader, containing=text, limit=_MOST_CHOICES)
    names = [row.tenant for row in found]
    return names if chosen is None or chosen in names else [chosen, *names]


def _drawn(context: Context, data: OverviewData, *, has_tenant: bool) -> Any:
    if not data.has_calls and not has_tenant:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        welcome = first_call(context.collector_url, now)
        return (*(no_update,) * 8, _WAITING, welcome, True, None)
    starts = ranges.interval_starts(data.range)
    models = models_by_spend(data.by_model)
    slots = assign_slots(context.reader, "model", models)
    return (
        key_figures(data),
        spend_by_model(data.by_model, starts, slots),
        _model_legend(models, slots),
        f"by {data.range.interval}, the running one hatched",
        top_tenants(data.by_tenant, data.by_tenant_before, data.range.key),
        latency(data.whole.over_time, starts),
        error_share(data.whole.over_time, starts),
        unpriced_models(data.unpriced),
        _freshness(data.latest_call),
        None,
        False,
        None,
    )


def _model_legend(models: list[str], slots: dict[str, int]) -> html.Ul:
    shown = models if len(models) <= MOST_SERIES else models[: MOST_SERIES - 1]
    entries = [(model, series_colour(slots[model])) for model in shown]
    if len(shown) < len(models):
        entries.append((OTHER, OTHER_COLOUR))
    return legend(entries)


def _freshness(latest: datetime | None) -> html.Span:
    if latest is None:
        return html.Span("no calls in the last two days", className="tb-waiting")
    age_seconds = max(0.0, (datetime.now(UTC) - latest).total_seconds())
    age = f"{age_seconds:.0f}{THIN_SPACE}s" if age_seconds < 90 else duration(age_seconds)
    return html.Span(f"latest call {age} ago", className="tb-live")


class _Remembered:
    """Keeps an overview for a few seconds, so that many viewers cost no more than one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept: dict[tuple[str, str | None], tuple[float, OverviewData]] = {}

    def get(self, range_key: str, tenant: str | None) -> OverviewData:
        key = (range_key, tenant)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < _FRESH_SECONDS[range_key]:
            return kept[1]
        data = gather(self._context, range_key, tenant)
        if not data.has_calls:
            return data
        if len(self._kept) >= _MOST_REMEMBERED:
            self._kept.clear()
        self._kept[key] = (time.monotonic(), data)
        return data
