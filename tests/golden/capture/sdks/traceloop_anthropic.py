"""Traceloop over the Anthropic client, which makes a span of its own beside."""

from __future__ import annotations

from collections.abc import Callable

from anthropic import Anthropic
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

from tests.golden.capture.anthropic_forms import anthropic_forms
from tests.golden.capture.forms import Form
from tests.golden.capture.tracing import trace_to

PACKAGES = ("opentelemetry-instrumentation-anthropic", "anthropic")


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the instrumented client."""
    trace_to(sink_url, **{"tenant.id": "acme"})
    AnthropicInstrumentor().instrument()
    client = Anthropic(base_url=anthropic_url, api_key="sk-test", max_retries=0)
    return anthropic_forms(client), lambda: None
