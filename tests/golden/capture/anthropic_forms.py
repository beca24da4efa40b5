"""The requests that a product makes of Anthropic, one of each form, and what was served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from anthropic import APIStatusError

from tests.golden.capture import served
from tests.golden.capture.forms import Form
from tests.servers.fake_anthropic import BAD_PROMPT, REFUSED_PROMPT, UNCACHED_PROMPT

_TOOLS = [{"name": "toll_of", "input_schema": {"type": "object", "properties": {}}}]


def anthropic_forms(client: Any) -> list[Form]:
    """The forms, made with a client that does not retry."""
    create = client.messages.create
    return [
        Form("plain", served.ANTHROPIC_CHAT, lambda: create(**_asking("What is the toll?"))),
        Form("uncached", served.ANTHROPIC_UNCACHED, lambda: create(**_asking(UNCACHED_PROMPT))),
        Form(
            "streamed",
            served.ANTHROPIC_STREAM,
            lambda: list(create(**_asking("By word?"), stream=True)),
        ),
        Form("streamed_by_helper", served.ANTHROPIC_STREAM, lambda: _read_by_helper(client)),
        Form("streamed_and_left", served.LEFT, lambda: _leave(create)),
        Form(
            "tool_use",
            served.ANTHROPIC_CHAT,
            lambda: create(**_asking("What is the toll?"), tools=_TOOLS),
        ),
        Form("rate_limited", served.RATE_LIMITED, _refused(create, REFUSED_PROMPT)),
        Form("bad_request", served.BAD_REQUEST, _refused(create, BAD_PROMPT)),
        Form("count_tokens", served.NO_CALL, lambda: _count(client)),
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
