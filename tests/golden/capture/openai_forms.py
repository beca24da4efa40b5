"""The requests that a product makes of OpenAI, one of each form, and what was served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from openai import APIStatusError

from tests.golden.capture import served
from tests.golden.capture.forms import Form
from tests.servers.fake_openai import BAD_PROMPT, EMBEDDINGS_MODEL, REFUSED_PROMPT

_TOOLS = [
    {
        "type": "function",
        "function": {"name": "toll_of", "parameters": {"type": "object", "properties": {}}},
    }
]
_WITH_USAGE = {"stream_options": {"include_usage": True}}


def openai_forms(client: Any) -> list[Form]:
    """The forms, made with a client that does not retry."""
    chat, embed = client.chat.completions.create, client.embeddings.create
    return [
        Form("plain", served.CHAT, lambda: chat(**_asking("What is the toll?"))),
        Form("streamed", served.STREAM, lambda: list(chat(**_streamed(), **_WITH_USAGE))),
        Form("streamed_without_usage", served.UNTOLD, lambda: list(chat(**_streamed()))),
        Form("tool_use", served.CHAT, lambda: chat(**_asking("What is the toll?"), tools=_TOOLS)),
        Form(
            "embeddings",
            served.EMBEDDINGS,
            lambda: embed(model=EMBEDDINGS_MODEL, input=["toll", "book"]),
        ),
        Form("rate_limited", served.RATE_LIMITED, _refused(chat, REFUSED_PROMPT)),
        Form("bad_request", served.BAD_REQUEST, _refused(chat, BAD_PROMPT)),
    ]


def _asking(prompt: str) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]}


def _streamed() -> dict[str, Any]:
    return {**_asking("What is the toll, word by word?"), "stream": True}


def _refused(chat: Callable[..., Any], prompt: str) -> Callable[[], None]:
    def ask() -> None:
        with suppress(APIStatusError):
            chat(**_asking(prompt))

    return ask
