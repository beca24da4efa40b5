"""LiteLLM's Python library with its callback `otel`, over OpenAI and Anthropic."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import litellm
from opentelemetry.sdk.trace import TracerProvider

from tests.golden.capture import served
from tests.golden.capture.forms import Form
from tests.servers import fake_anthropic
from tests.servers.fake_openai import BAD_PROMPT, REFUSED_PROMPT

PACKAGES = ("litellm",)

_TOOLS = [{"type": "function", "function": {"name": "toll_of", "parameters": {"type": "object"}}}]
_WITH_USAGE = {"stream_options": {"include_usage": True}}


def start(
    sink_url: str, openai_url: str, anthropic_url: str
) -> tuple[list[Form], Callable[[], None]]:
    """The forms; the team of the gateway's key is the tenant."""
    os.environ |= {
        "OTEL_EXPORTER": "otlp_http",
        "OTEL_ENDPOINT": sink_url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink_url,
        "OTEL_SERVICE_NAME": "gateway",
    }
    litellm.callbacks = ["otel"]
    litellm.suppress_debug_info = True
    openai = _asked(litellm.completion, model="openai/gpt-4o-mini", api_base=openai_url)
    claude = _asked(litellm.completion, model="anthropic/claude-sonnet-4-5", api_base=anthropic_url)
    embed = _asked(litellm.embedding, model="openai/text-embedding-3-small", api_base=openai_url)
    return _forms(openai, claude, embed), _flush


def _asked(function: Callable[..., Any], **told: Any) -> Callable[..., Any]:
    """A request with metadata of its own: the library writes into the dictionary it is given."""

    def ask(**request: Any) -> Any:
        metadata = {"user_api_key_team_id": "globex", "user_api_key_end_user_id": "e-1"}
        return function(
            api_key="sk-test", num_retries=0, user="u-1", metadata=metadata, **told, **request
        )

    return ask


def _forms(
    openai: Callable[..., Any], claude: Callable[..., Any], embed: Callable[..., Any]
) -> list[Form]:
    asked = _asking("What is the toll?")
    return [
        Form("plain", served.CHAT, partial(openai, messages=asked)),
        Form("streamed", served.STREAM, _read(openai, messages=asked, **_WITH_USAGE)),
        Form("streamed_without_usage", served.UNTOLD, _read(openai, messages=asked)),
        Form("tool_use", served.CHAT, partial(openai, messages=asked, tools=_TOOLS)),
        Form("embeddings", served.EMBEDDINGS, partial(embed, input=["toll", "book"])),
        Form("rate_limited", served.RATE_LIMITED, _refused(openai, REFUSED_PROMPT)),
        Form("bad_request", served.BAD_REQUEST, _refused(openai, BAD_PROMPT)),
        Form("anthropic_plain", served.ANTHROPIC_CHAT, partial(claude, messages=asked)),
        Form("anthropic_streamed", served.ANTHROPIC_STREAM, _read(claude, messages=asked)),
        Form(
            "anthropic_rate_limited",
            served.RATE_LIMITED,
            _refused(claude, fake_anthropic.REFUSED_PROMPT),
        ),
    ]


def _flush() -> None:
    """Its callbacks run in threads of their own and its tracer providers are nowhere to be had."""
    time.sleep(0.7)
    for thing in gc.get_objects():
        if isinstance(thing, TracerProvider):
            thing.force_flush()


def _asking(prompt: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}]


def _read(complete: Callable[..., Any], **request: Any) -> Callable[[], None]:
    def read() -> None:
        for _ in complete(stream=True, **request):
            pass

    return read


def _refused(complete: Callable[..., Any], prompt: str) -> Callable[[], None]:
    def ask() -> None:
        with suppress(litellm.APIError, litellm.RateLimitError, litellm.BadRequestError):
            complete(messages=_asking(prompt))

    return ask
