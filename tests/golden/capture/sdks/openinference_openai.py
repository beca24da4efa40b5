"""OpenInference over the OpenAI client, with user, session and metadata in context."""

from __future__ import annotations

from collections.abc import Callable

from openai import OpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor

from tests.golden.capture.forms import Form
from tests.golden.capture.openai_forms import openai_forms
from tests.golden.capture.tracing import trace_to

PACKAGES = ("openinference-instrumentation-openai", "openai")


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the instrumented client."""
    trace_to(sink_url)
    OpenAIInstrumentor().instrument()
    client = OpenAI(base_url=openai_url, api_key="sk-test", max_retries=0)
    context = using_attributes(
        session_id="s-1", user_id="u-1", metadata={"tenant": "globex", "feature": "search"}
    )
    context.__enter__()
    return openai_forms(client), lambda: None
