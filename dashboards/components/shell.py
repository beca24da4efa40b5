"""The frame of every page: navigation at the left, tenant, range and theme on top."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboards.ranges import DEFAULT, LABELS

REFRESH_MILLISECONDS = 5_000


def shell(content: Any, zone_name: str) -> dmc.AppShell:
    """The page around `content`."""
    return dmc.AppShell(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Interval(id="refresh", interval=REFRESH_MILLISECONDS),
            dmc.AppShellHeader(_header(zone_name)),
            dmc.AppShellNavbar(_navigation(), **{"aria-label": "Pages"}),
            dmc.AppShellMain(content),
        ],
        header={"height": {"base": 152, "sm": 56}},
        navbar={"width": 196, "breakpoint": "md", "collapsed": {"mobile": True}},
        padding=0,
    )


def _header(zone_name: str) -> html.Div:
    return html.Div(
        [
            html.A(
                [html.Span(className="tb-icon tb-icon-logo"), "Tollbook"],
                href="/",
                className="tb-logo",
            ),
            html.Div(
                [
                    dmc.Select(
                        id="tenant",
                        placeholder="All tenants",
                        searchable=True,
                        clearable=True,
                        limit=200,
                        size="sm",
                        nothingFoundMessage="No tenant of that name",
                        className="tb-tenant-choice",
                        **{"aria-label": "Tenant"},
                    ),
                    dmc.SegmentedControl(
                        id="range",
                        data=[{"value": key, "label": label} for key, label in LABELS.items()],
                        value=DEFAULT,
                        size="sm",
                        **{"aria-label": "Time range"},
                    ),
                ],
                className="tb-controls",
            ),
            html.Div(
                [
                    html.Span(id="freshness", className="tb-freshness", role="status"),
                    html.Span(zone_name, className="tb-zone", title="Time zone of all days shown"),
                    dmc.ColorSchemeToggle(
                        id="theme",
                        lightIcon=html.Span(className="tb-icon tb-icon-sun"),
                        darkIcon=html.Span(className="tb-icon tb-icon-moon"),
                        variant="subtle",
                        color="gray",
                        size="lg",
                        **{"aria-label": "Switch between light and dark"},
                    ),
                ],
                className="tb-header-end",
            ),
        ],
        className="tb-header",
    )


def _navigation() -> html.Nav:
    return html.Nav(
        dmc.NavLink(
            label="Overview",
            href="/",
            active=True,
            leftSection=html.Span(className="tb-icon tb-icon-overview"),
        ),
        className="tb-nav",
    )
