"""One figure a person looks at first: label, value, change and the shape of the range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import dash_mantine_components as dmc
from dash import html

from dashboards.theme import ACCENT_COLOUR

Meaning = Literal["good", "bad", "neutral"]

_ARROWS = {"+": "\N{UPWARDS ARROW}", "\N{MINUS SIGN}": "\N{DOWNWARDS ARROW}"}


def key_figure(
    label: str,
    value: str,
    *,
    change: str | None,
    against: str,
    meaning: Meaning = "neutral",
    detail: str = "",
    shape: Sequence[float] = (),
) -> html.Article:
    """A card. `change` carries its sign; `meaning` says whether that is good for this measure."""
    return html.Article(
        [
            html.H2(label, className="tb-figure-label"),
            html.Div(
                value, className="tb-figure-value", style={"--tb-characters": str(len(value))}
            ),
            html.Div(_change(change, against, meaning), className="tb-figure-change"),
            html.Div(detail, className="tb-figure-detail") if detail else None,
            _sparkline(shape) if len(shape) > 1 else None,
        ],
        className="tb-card tb-figure",
    )


def _change(change: str | None, against: str, meaning: Meaning) -> list[Any]:
    if change is None:
        return [html.Span(against, className="tb-muted")]
    arrow = _ARROWS.get(change[0], "")
    return [
        html.Span(f"{arrow} {change}".strip(), className=f"tb-change tb-{meaning}"),
        html.Span(against, className="tb-muted"),
    ]


def _sparkline(shape: Sequence[float]) -> html.Div:
    return html.Div(
        dmc.Sparkline(
            data=list(shape),
            h=36,
            color=ACCENT_COLOUR,
            curveType="monotone",
            strokeWidth=1.5,
            fillOpacity=0.14,
        ),
        className="tb-sparkline",
        role="presentation",
    )
