"""OpenLIT over the Anthropic client, with prices of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import openlit
from anthropic import Anthropic

from tests.golden.capture.anthropic_forms import anthropic_forms
from tests.golden.capture.forms import Form

PACKAGES = ("openlit", "anthropic")

_PRICES = {"chat": {"claude-sonnet-4-5": {"promptPrice": 0.003, "completionPrice": 0.015}}}


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the instrumented client."""
    os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "tenant.id=acme"
    prices = Path(mkdtemp()) / "pricing.json"
    prices.write_text(json.dumps(_PRICES))
    openlit.init(
        otlp_endpoint=sink_url,
        application_name="assistant-api",
        environment="production",
        disable_batch=True,
        pricing_json=str(prices),
    )
    client = Anthropic(base_url=anthropic_url, api_key="sk-test", max_retries=0)
    return anthropic_forms(client), lambda: None
