"""The requests that a product makes of Anthropic, one of each form, and what the provider served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from anthropic import APIStatusError

from tests.golden.capture.forms import Form, Served
from tests.servers.fake_anthropic import BAD_PROMPT, CHAT_MODEL, REFUSED_PROMPT, UNCACHED_PROMPT

_TOOLS = [{"name": "toll_of", "input_schema": {"type": "object", "properties": {}}}]
CHAT = Served(
    200,
    CHAT_MODEL,
    {
        "input_tokens": 176,
        "cache_read_tokens": 1024,
        "cache_write_5m_tokens": 300,
        "cache_write_1h_tokens": 400,
        "output_tokens": 340,
    },
)
UNCACHED = Served(200, CHAT_MODEL, {"input_tokens": 95, "output_tokens": 21})
STREAM = Served(
    200,
    CHAT_MODEL,
    {
        "input_tokens": 465,
        "cache_read_tokens": 1536,
        "cache_write_5m_tokens": 20,
        "cache_write_1h_tokens": 30,
        "output_tokens": 77,
    },
)


def anthropic_forms(client: Any) -> list[Form]:
    """The forms, made with a client that does not retry."""
    create = client.messages.create
    return [
        Form("plain", CHAT, lambda: create(**_asking("What is the toll?"))),
        Form("uncached", UNCACHED, lambda: create(**_asking(UNCACHED_PROMPT))),
        Form("streamed", STREAM, lambda: list(create(**_asking("By word?"), stream=True))),
        Form("streamed_by_helper", STREAM, lambda: _read_by_helper(client)),
        Form("streamed_and_left", Served(200, CHAT_MODEL, None), lambda: _leave(create)),
        Form("tool_use", CHAT, lambda: create(**_asking("What is the toll?"), tools=_TOOLS)),
        Form("rate_limited", Served(429, None, None), _refused(create, REFUSED_PROMPT)),
        Form("bad_request", Served(400, None, None), _refused(create, BAD_PROMPT)),
        Form("count_tokens", Served(200, None, None), lambda: _count(client)),
    ]


def _asking(prompt: str) -> dict[str, Any]:
    message = {"role": "user", "content": prompt}
    return {"model": "claude-sonnet-4-5", "max_tokens": 1000, "messages": [message]}


def _read_by_helper(client: Any) -> None:
    with client.messages.stream(**_asking("By word?")) as stream:
        stream.get_final_message()


def _leave(create: Callable[..., Any]) -> None:
    """Read the first events of a stream and close it."""
    stream = create(**_asking("By word?"), stream=True)
    for event in stream:
        if event.type == "content_block_delta":
            break
    stream.close()
    del stream


def _count(client: Any) -> None:
    asking = _asking("What is the toll?")
    client.messages.count_tokens(model=asking["model"], messages=asking["messages"])


def _refused(create: Callable[..., Any], prompt: str) -> Callable[[], None]:
    def ask() -> None:
        with suppress(APIStatusError):
            create(**_asking(prompt))

    return ask
