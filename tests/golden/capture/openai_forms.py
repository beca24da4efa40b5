"""The requests that a product makes of OpenAI, one of each form, and what the provider served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from openai import APIStatusError

from tests.golden.capture.forms import Form, Served
from tests.servers.fake_openai import BAD_PROMPT, CHAT_MODEL, EMBEDDINGS_MODEL, REFUSED_PROMPT

_TOOLS = [
    {
        "type": "function",
        "function": {"name": "toll_of", "parameters": {"type": "object", "properties": {}}},
    }
]
CHAT = Served(
    200,
    CHAT_MODEL,
    {"input_tokens": 176, "cache_read_tokens": 1024, "output_tokens": 212, "reasoning_tokens": 128},
)
STREAM = Served(
    200,
    CHAT_MODEL,
    {"input_tokens": 465, "cache_read_tokens": 1536, "output_tokens": 64, "reasoning_tokens": 13},
)


def openai_forms(client: Any) -> list[Form]:
    """The forms, made with a client that does not retry."""
    chat, embed = client.chat.completions.create, client.embeddings.create
    return [
        Form("plain", CHAT, lambda: chat(**_asking("What is the toll?"))),
        Form("streamed", STREAM, lambda: list(chat(**_streamed(), **_WITH_USAGE))),
        Form(
            "streamed_without_usage",
            Served(200, CHAT_MODEL, None),
            lambda: list(chat(**_streamed())),
        ),
        Form("tool_use", CHAT, lambda: chat(**_asking("What is the toll?"), tools=_TOOLS)),
        Form(
            "embeddings",
            Served(200, EMBEDDINGS_MODEL, {"input_tokens": 811}),
            lambda: embed(model=EMBEDDINGS_MODEL, input=["toll", "book"]),
        ),
        Form("rate_limited", Served(429, None, None), _refused(chat, REFUSED_PROMPT)),
        Form("bad_request", Served(400, None, None), _refused(chat, BAD_PROMPT)),
    ]


_WITH_USAGE = {"stream_options": {"include_usage": True}}


def _asking(prompt: str) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]}


def _streamed() -> dict[str, Any]:
    return {**_asking("What is the toll, word by word?"), "stream": True}


def _refused(chat: Callable[..., Any], prompt: str) -> Callable[[], None]:
    def ask() -> None:
        with suppress(APIStatusError):
            chat(**_asking(prompt))

    return ask
