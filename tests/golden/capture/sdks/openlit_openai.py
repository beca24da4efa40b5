"""OpenLIT over the OpenAI client; its price file cannot be downloaded, as in a closed network."""

from __future__ import annotations

import os
from collections.abc import Callable

import openlit
from openai import OpenAI

from tests.golden.capture.forms import Form
from tests.golden.capture.openai_forms import openai_forms

PACKAGES = ("openlit", "openai")


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the instrumented client."""
    os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "tenant.id=acme"
    openlit.init(
        otlp_endpoint=sink_url,
        application_name="assistant-api",
        environment="production",
        disable_batch=True,
        pricing_json="/nowhere/pricing.json",
    )
    client = OpenAI(base_url=openai_url, api_key="sk-test", max_retries=0)
    return openai_forms(client), lambda: None
