"""Langfuse's OpenAI client inside a chain, with user, session and metadata on the trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langfuse import Langfuse, propagate_attributes
from langfuse.openai import OpenAI

from tests.golden.capture.forms import Form
from tests.golden.capture.openai_forms import openai_forms

PACKAGES = ("langfuse", "openai")


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms of the wrapped client, each inside a chain."""
    langfuse = Langfuse(
        public_key="pk-lf-test",
        secret_key="sk-lf-test",
        base_url=sink_url,
        environment="production",
    )
    client = OpenAI(base_url=openai_url, api_key="sk-test", max_retries=0)

    def in_a_chain(make: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            with (
                langfuse.start_as_current_observation(name="answer", as_type="chain"),
                propagate_attributes(
                    user_id="u-1",
                    session_id="s-1",
                    metadata={"tenant": "globex", "feature": "search"},
                ),
            ):
                make()

        return run

    forms = [form._replace(make=in_a_chain(form.make)) for form in openai_forms(client)]
    return forms, langfuse.flush
