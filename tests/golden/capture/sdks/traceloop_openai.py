"""Traceloop's SDK, of 2024 as of today, over the OpenAI client, told of user and tenant."""

from __future__ import annotations

from collections.abc import Callable

from openai import OpenAI
from traceloop.sdk import Traceloop
from traceloop.sdk.instruments import Instruments

from tests.golden.capture.forms import Form
from tests.golden.capture.openai_forms import openai_forms

PACKAGES = ("opentelemetry-instrumentation-openai", "traceloop-sdk", "openai")


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the instrumented client."""
    Traceloop.init(
        app_name="assistant-api",
        api_endpoint=sink_url,
        api_key="test",
        disable_batch=True,
        instruments={Instruments.OPENAI},
    )
    Traceloop.set_association_properties(
        {"user_id": "u-1", "session_id": "s-1", "tenant": "globex", "feature": "search"}
    )
    client = OpenAI(base_url=openai_url, api_key="sk-test", max_retries=0)
    return openai_forms(client), lambda: None
