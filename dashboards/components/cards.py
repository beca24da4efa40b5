"""Cards: the frames in which everything stands."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboards.figures.base import GRAPH_CONFIG, figure


def card(title: str, children: Any, *, note: Any = None) -> html.Section:
    """A titled frame; `note` stands at the right of the title."""
    return html.Section(
        [
            html.Header(
                [
                    html.H2(title, className="tb-card-title"),
                    html.Div(note, className="tb-card-note"),
                ],
                className="tb-card-header",
            ),
            children,
        ],
        className="tb-card",
    )


def chart(graph_id: str, height: int) -> dcc.Graph:
    """A chart, empty until its first figure comes; at least `height` pixels high."""
    return dcc.Graph(
        id=graph_id,
        figure=figure([], xaxis={"visible": False}, yaxis={"visible": False}),
        config=GRAPH_CONFIG,
        className="tb-chart",
        style={"minHeight": f"{height}px"},
    )


def legend(entries: list[tuple[str, str]]) -> html.Ul:
    """Names with their colours."""
    return html.Ul(
        [
            html.Li(
                [html.Span(className="tb-swatch", style={"background": colour}), name],
                className="tb-legend-entry",
            )
            for name, colour in entries
        ],
        className="tb-legend",
    )


def skeleton(height: int) -> dmc.Skeleton:
    """A place holder of the final size."""
    return dmc.Skeleton(height=height, radius="sm")
