"""Observations that a product reports to Langfuse itself, for a provider without a wrapper."""

from __future__ import annotations

from collections.abc import Callable

from langfuse import Langfuse, propagate_attributes

from tests.golden.capture.forms import Form, Served

PACKAGES = ("langfuse",)

_CHAT = {
    "input_tokens": 176,
    "cache_read_tokens": 1024,
    "cache_write_5m_tokens": 700,
    "output_tokens": 340,
}
_MODEL = "claude-sonnet-4-5-20250929"


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """Generations and embeddings as the pages of the SDK show them."""
    langfuse = Langfuse(public_key="pk-lf-test", secret_key="sk-lf-test", base_url=sink_url)

    def generation() -> None:
        with (
            propagate_attributes(user_id="u-1", metadata={"tenant": "globex"}),
            langfuse.start_as_current_observation(
                name="answer", as_type="generation", model=_MODEL, input="What is the toll?"
            ) as observation,
        ):
            observation.update(
                output="The toll is paid.",
                usage_details={
                    "input": 176,
                    "output": 340,
                    "cache_read_input_tokens": 1024,
                    "cache_creation_input_tokens": 700,
                },
                cost_details={"input": 0.000528, "output": 0.0051, "total": 0.0085602},
            )

    def embedding() -> None:
        with (
            propagate_attributes(metadata={"tenant": "globex"}),
            langfuse.start_as_current_observation(
                name="embed",
                as_type="embedding",
                model="text-embedding-3-small",
                usage_details={"input": 811},
            ),
        ):
            pass

    def failed() -> None:
        with (
            propagate_attributes(metadata={"tenant": "globex"}),
            langfuse.start_as_current_observation(
                name="answer", as_type="generation", model=_MODEL
            ) as observation,
        ):
            observation.update(level="ERROR", status_message="Overloaded")

    forms = [
        Form("generation", Served(200, _MODEL, _CHAT), generation),
        Form("embedding", Served(200, "text-embedding-3-small", {"input_tokens": 811}), embedding),
        Form("failed", Served(529, None, None), failed),
    ]
    return forms, langfuse.flush
