"""A client of the collector in this process: requests and answers without a socket between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse
from werkzeug.wrappers import Request

from collector.api.front import Front


class InProcessClient:
    """Asks an ASGI application one question at a time."""

    def __init__(self, app: Front) -> None:
        self._app = app

    def get(self, path: str, **request: Any) -> TestResponse:
        """A GET request; keywords are those of werkzeug's EnvironBuilder."""
        return self.open(path, method="GET", **request)

    def post(self, path: str, **request: Any) -> TestResponse:
        """A POST request."""
        return self.open(path, method="POST", **request)

    def put(self, path: str, **request: Any) -> TestResponse:
        """A PUT request."""
        return self.open(path, method="PUT", **request)

    def delete(self, path: str, **request: Any) -> TestResponse:
        """A DELETE request."""
        return self.open(path, method="DELETE", **request)

    def head(self, path: str, **request: Any) -> TestResponse:
        """A HEAD request."""
        return self.open(path, method="HEAD", **request)

    def open(self, path: str, **request: Any) -> TestResponse:
        """A request of any method."""
        builder = EnvironBuilder(path, **request)
        environ = builder.get_environ()
        body: bytes = environ["wsgi.input"].read()
        asked = self._ask(environ, body, builder.get_request())
        # In a thread of its own: a browser test has an event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asked).result()

    async def _ask(self, environ: dict[str, Any], body: bytes, request: Request) -> TestResponse:
        started: dict[str, Any] = {}
        parts: list[bytes] = []
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Mapping[str, Any]:
            if not messages:
                await asyncio.sleep(3600)
            return messages.pop()

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(_scope(environ, len(body)), receive, send)
        headers = Headers(
            [(n.decode("latin-1"), v.decode("latin-1")) for n, v in started["headers"]]
        )
        status = HTTPStatus(started["status"])
        return TestResponse(
            parts,
            f"{status.value} {status.phrase}",
            headers,
            request=request,
            history=(),  # type: ignore[arg-type]  # an empty one is meant
        )


def _scope(environ: Mapping[str, Any], length: int) -> dict[str, Any]:
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
    ]
    if length:
        headers.append((b"content-length", str(length).encode()))
    return {
        "type": "http",
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": "http",
        "path": environ["PATH_INFO"].encode("latin-1").decode(),
        "raw_path": environ["PATH_INFO"].encode("latin-1"),
        "root_path": "",
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 4318),
    }
