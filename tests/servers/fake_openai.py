"""A provider on loopback that answers in the documented formats of OpenAI's API.

What it says it used is fixed, so that a test can work out by hand what a request costs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.servers.loopback import Provider, ProviderHandler, serving

CHAT_MODEL = "gpt-4o-mini-2024-07-18"
EMBEDDINGS_MODEL = "text-embedding-3-small"
REFUSED_PROMPT = "one request too many"
"""A chat that asks this is answered with 429."""
BAD_PROMPT = "a request out of order"
"""A chat that asks this is answered with 400."""

CHAT_USAGE: dict[str, Any] = {
    "prompt_tokens": 1200,
    "completion_tokens": 340,
    "total_tokens": 1540,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 128,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
STREAM_USAGE: dict[str, Any] = {
    "prompt_tokens": 2001,
    "completion_tokens": 77,
    "total_tokens": 2078,
    "prompt_tokens_details": {"cached_tokens": 1536, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 13,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
EMBEDDINGS_USAGE: dict[str, Any] = {"prompt_tokens": 811, "total_tokens": 811}

_CREATED = 1_790_000_000
_WORDS = ("The ", "toll ", "is ", "paid.")


class FakeOpenAI(Provider):
    """The running provider."""

    base_path = "/v1"


@contextmanager
def fake_openai() -> Iterator[FakeOpenAI]:
    """Run the provider on a free port while the block runs."""
    with serving(_Handler, FakeOpenAI) as provider:
        yield provider


class _Handler(ProviderHandler):
    request_id_header = "x-request-id"

    def take(self, body: bytes) -> None:
        request = json.loads(body)
        if self.path == "/v1/embeddings":
            self.answer_json(200, _embeddings(request))
        elif self.path != "/v1/chat/completions":
            self.answer_json(404, _error("Unknown request URL", "invalid_request_error", None))
        elif request["messages"][-1]["content"] == REFUSED_PROMPT:
            self.answer_json(429, _error("Rate limit reached", "requests", "rate_limit_exceeded"))
        elif request["messages"][-1]["content"] == BAD_PROMPT:
            self.answer_json(400, _error("Invalid value", "invalid_request_error", "invalid_value"))
        elif request.get("stream"):
            self.answer_events(_events(request))
        else:
            self.answer_json(200, _completion(request))


def _completion(request: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(_WORDS),
        "refusal": None,
        "annotations": [],
    }
    reason = "stop"
    if request.get("tools"):
        function = {"name": "toll_of", "arguments": '{"road": "A1"}'}
        call = {"id": "call_01", "type": "function", "function": function}
        message |= {"content": None, "tool_calls": [call]}
        reason = "tool_calls"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        **_head(request, "chat.completion"),
        "choices": [choice],
        "usage": CHAT_USAGE,
    }


def _events(request: dict[str, Any]) -> Iterator[bytes]:
    for chunk in _chunks(request):
        yield f"data: {json.dumps(chunk)}\n\n".encode()
    yield b"data: [DONE]\n\n"


def _chunks(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Deltas; with include_usage a last chunk without choices that carries the usage."""
    head = _head(request, "chat.completion.chunk")
    with_usage = (request.get("stream_options") or {}).get("include_usage", False)
    no_usage = {"usage": None} if with_usage else {}
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"role": "assistant", "content": "", "refusal": None}, None),
        *(({"content": word}, None) for word in _WORDS),
        ({}, "stop"),
    ]
    for delta, finish_reason in deltas:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        yield {**head, "choices": [choice], **no_usage}
    if with_usage:
        yield {**head, "choices": [], "usage": STREAM_USAGE}


def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": kind,
        "created": _CREATED,
        "model": CHAT_MODEL if request["model"] == "gpt-4o-mini" else request["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_44added55e",
    }


def _embeddings(request: dict[str, Any]) -> dict[str, Any]:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vector: list[float] | str = [0.25, -0.5, 0.125]
    if request.get("encoding_format") == "base64":
        vector = "AACAPgAAAL8AAAA+"  # the same three numbers as little-endian floats
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, _ in enumerate(texts)
        ],
        "model": request["model"],
        "usage": EMBEDDINGS_USAGE,
    }


def _error(message: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
