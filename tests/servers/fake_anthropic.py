"""A provider on loopback that answers in the documented formats of Anthropic's Messages API.

What it says it used is fixed, so that a test can work out by hand what a request costs. Its counts
do not overlap: `input_tokens` is what was neither read from a cache nor written to one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.servers.loopback import Provider, ProviderHandler, serving

CHAT_MODEL = "claude-sonnet-4-5-20250929"
REFUSED_PROMPT = "one message too many"
"""A message that says this is answered with 429."""
BAD_PROMPT = "a message out of order"
"""A message that says this is answered with 400."""
UNCACHED_PROMPT = "nothing to remember"
"""A message that says this is answered without any use of a cache."""

CHAT_USAGE: dict[str, Any] = {
    "input_tokens": 176,
    "cache_creation_input_tokens": 700,
    "cache_read_input_tokens": 1024,
    "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 400},
    "output_tokens": 340,
    "service_tier": "standard",
}
STREAM_USAGE: dict[str, Any] = {
    "input_tokens": 465,
    "cache_creation_input_tokens": 50,
    "cache_read_input_tokens": 1536,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
    "output_tokens": 77,
    "service_tier": "standard",
}
UNCACHED_USAGE: dict[str, Any] = {
    "input_tokens": 95,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 21,
    "service_tier": "standard",
}

_WORDS = ("The ", "toll ", "is ", "paid.")


class FakeAnthropic(Provider):
    """The running provider."""


@contextmanager
def fake_anthropic() -> Iterator[FakeAnthropic]:
    """Run the provider on a free port while the block runs."""
    with serving(_Handler, FakeAnthropic) as provider:
        yield provider


class _Handler(ProviderHandler):
    request_id_header = "request-id"

    def take(self, body: bytes) -> None:
        request = json.loads(body)
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self.answer_json(200, {"input_tokens": 1900})
        elif path != "/v1/messages":
            self.answer_json(404, _error("not_found_error", "Not found"))
        elif _prompt(request) == REFUSED_PROMPT:
            self.answer_json(429, _error("rate_limit_error", "Number of requests has exceeded"))
        elif _prompt(request) == BAD_PROMPT:
            self.answer_json(400, _error("invalid_request_error", "roles must alternate"))
        elif request.get("stream"):
            self.answer_events(_events(request))
        else:
            self.answer_json(200, _message(request))


def _prompt(request: dict[str, Any]) -> str:
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0].get("text", "")


def _message(request: dict[str, Any]) -> dict[str, Any]:
    usage = UNCACHED_USAGE if _prompt(request) == UNCACHED_PROMPT else CHAT_USAGE
    if request.get("tools"):
        tool = {"type": "tool_use", "id": "toolu_01", "name": "toll_of", "input": {"road": "A1"}}
        return _head(request, [tool], "tool_use", usage)
    return _head(request, [{"type": "text", "text": "".join(_WORDS)}], "end_turn", usage)


def _head(
    request: dict[str, Any],
    content: list[dict[str, Any]],
    stop_reason: str | None,
    usage: dict[str, Any],
) -> dict[str, Any]:
    return {
        "id": f"msg_{uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": CHAT_MODEL if request["model"] == "claude-sonnet-4-5" else request["model"],
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _events(request: dict[str, Any]) -> Iterator[bytes]:
    for event in _told(request):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _told(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The input is told at the start with a placeholder for the output, the output at the end."""
    started = _head(request, [], None, {**STREAM_USAGE, "output_tokens": 1})
    yield {"type": "message_start", "message": started}
    text = {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": text}
    yield {"type": "ping"}
    for word in _WORDS:
        delta = {"type": "text_delta", "text": word}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {
            name: STREAM_USAGE[name]
            for name in (
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
                "output_tokens",
            )
        },
    }
    yield {"type": "message_stop"}


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}
