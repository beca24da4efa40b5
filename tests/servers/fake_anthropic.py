"""A provider on loopback that answers in the documented formats of Anthropic's Messages API.

What it says it used is fixed, so that a test can work out by hand what a request costs. Its counts
do not overlap: `input_tokens` is what was neither read from a cache nor written to one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

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


class FakeAnthropic:
    """The running provider: where it is, and how many requests it answered."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self.requests: list[str] = []
        """Path and status of each answer, in order."""


@contextmanager
def fake_anthropic() -> Iterator[FakeAnthropic]:
    """Run the provider on a free port while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = FakeAnthropic(server.server_address[1])
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._send_json(200, {"input_tokens": 1900})
        elif path != "/v1/messages":
            self._send_json(404, _error("not_found_error", "Not found"))
        elif _prompt(request) == REFUSED_PROMPT:
            self._send_json(429, _error("rate_limit_error", "Number of requests has exceeded"))
        elif _prompt(request) == BAD_PROMPT:
            self._send_json(400, _error("invalid_request_error", "roles must alternate"))
        elif request.get("stream"):
            self._send_stream(request)
        else:
            self._send_json(200, _message(request))

    def _note(self, status: int) -> None:
        provider: FakeAnthropic = self.server.provider  # type: ignore[attr-defined]
        provider.requests.append(f"{self.path} {status}")

    def _send_json(self, status: int, document: dict[str, Any]) -> None:
        self._note(status)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("request-id", f"req_{uuid4().hex}")
        self.end_headers()
        self.wfile.write(body)

    def _send_stream(self, request: dict[str, Any]) -> None:
        """Server-sent events in HTTP chunks, each sent on its own as the provider does."""
        self._note(200)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in _events(request):
            self._send_chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self._send_chunk(b"")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


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


def _events(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
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
