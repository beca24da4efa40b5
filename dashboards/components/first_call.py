"""What the overview shows while there is nothing to show: how to send the first call."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html

_OTEL = """export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_RESOURCE_ATTRIBUTES=tenant.id=acme
opentelemetry-instrument python your_app.py"""

_CURL = """curl {url}/v1/calls -H 'Content-Type: application/json' -d '{{
  "tenant": "acme", "started_at": "{now}", "model": "gpt-5.4-mini",
  "usage": {{"input_tokens": 1200, "output_tokens": 80}}, "duration_seconds": 0.9
}}'"""

_DEMO = ".venv/bin/tollbook demo"


def first_call(collector_url: str, now: str) -> html.Section:
    """Three ways to get data in, each ready to copy."""
    ways = (
        ("From an app with OpenTelemetry", _OTEL.format(url=collector_url)),
        ("By hand", _CURL.format(url=collector_url, now=now)),
        ("With the demo workload", _DEMO),
    )
    return html.Section(
        [
            html.H2("No calls yet", className="tb-welcome-title"),
            html.P(
                "Send the first one in any of these ways. This page shows it a moment later.",
                className="tb-muted",
            ),
            *(
                html.Div(
                    [
                        html.H3(title, className="tb-figure-label"),
                        dmc.CodeHighlight(code=code, language="plaintext"),
                    ],
                    className="tb-way",
                )
                for title, code in ways
            ),
        ],
        className="tb-card tb-welcome",
    )
