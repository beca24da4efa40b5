"""LiteLLM's names of providers and operations, and ours (OpenTelemetry's where it has one)."""

from __future__ import annotations

from collector.receivers import semconv

PROVIDERS: dict[str, str] = {
    **semconv.PROVIDERS,
    "azure_text": "azure.ai.openai",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "moonshot": "moonshot_ai",
    "text-completion-openai": "openai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
}

OPERATIONS: dict[str, str] = {
    "anthropic_messages": "chat",
    "completion": "chat",
    "embedding": "embeddings",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
    "image_edit": "image_edit",
    "image_generation": "image_generation",
    "realtime": "chat",
    "rerank": "rerank",
    "responses": "chat",
    "responses_websocket": "chat",
    "speech": "speech",
    "text_completion": "text_completion",
    "transcription": "transcription",
}
"""Requests to models. The many other call types are calls only when they used tokens."""


def provider_name(name: str) -> str:
    """OpenTelemetry's name of a provider."""
    return PROVIDERS.get(name.lower(), name.lower())


def operation_of(call_type: str) -> str | None:
    """The operation that a call type means; None for what is not known as a request to a model.

    The asynchronous twin of each has an "a" before it, and realtime ones an underscore as well.
    """
    name = call_type.removeprefix("_")
    return OPERATIONS.get(name) or OPERATIONS.get(name.removeprefix("a"))


def bare_model(model: str, provider: str | None) -> str:
    """A model's name without the route to it: `bedrock/us.anthropic...` is `us.anthropic...`."""
    route, slash, name = model.partition("/")
    return name if slash and name and (route == provider or route in PROVIDERS) else model
