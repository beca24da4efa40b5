"""The dashboards' web application."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import Dash
from flask import Flask

from dashboards.components.shell import shell
from dashboards.context import Context
from dashboards.pages import overview
from dashboards.theme import MANTINE_THEME
from ledger.queries.reader import Reader

_INDEX = (Path(__file__).parent / "index.html").read_text()


def create_dashboards(reader: Reader, *, time_zone: str, collector_url: str) -> Flask:
    """The pages as one principal sees them."""
    context = Context(reader, ZoneInfo(time_zone), collector_url)
    server = Flask("tollbook.dashboards")
    app = Dash(
        "tollbook",
        server=server,  # type: ignore[arg-type] # Dash's own annotation leaves Flask out
        title="Tollbook",
        update_title="",
        index_string=_INDEX,
        assets_folder=str(Path(__file__).parent / "assets"),
        serve_locally=True,
    )
    app.layout = lambda: dmc.MantineProvider(
        shell(overview.layout(), time_zone), theme=MANTINE_THEME, defaultColorScheme="auto"
    )
    overview.register(app, context)
    return server
