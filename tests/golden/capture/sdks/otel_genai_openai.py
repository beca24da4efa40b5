"""OpenTelemetry's own instrumentation of the OpenAI client."""

from __future__ import annotations

from collections.abc import Callable

from openai import OpenAI
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

from tests.golden.capture.forms import Form
from tests.golden.capture.openai_forms import openai_forms
from tests.golden.capture.tracing import trace_to

PACKAGES = ("opentelemetry-instrumentation-genai-openai", "openai")


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the instrumented client."""
    trace_to(sink_url, **{"tenant.id": "acme"})
    OpenAIInstrumentor().instrument()
    client = OpenAI(base_url=openai_url, api_key="sk-test", max_retries=0)
    return openai_forms(client), lambda: None
