"""A page that takes note of everything a person with open developer tools would see go wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect

WIDE = (1440, 900)
PHONE = (390, 844)
_PATIENCE_MILLISECONDS = 20_000
"""Machines under load are slow; what does not come at all fails all the same."""

expect.set_options(timeout=_PATIENCE_MILLISECONDS)


class Watched:
    """A page in a context of its own, and the faults it has shown so far."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self._host = urlsplit(origin).netloc
        self._context = browser.new_context(
            **{"viewport": {"width": WIDE[0], "height": WIDE[1]}, "locale": "en-US", **options}
        )
        self._context.set_default_timeout(_PATIENCE_MILLISECONDS)
        self.page: Page = self._context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._response)

    def open(self, path: str = "/") -> Page:
        """Go to a path of the dashboards."""
        self.page.goto(f"{self.origin}{path}")
        return self.page

    def close(self) -> None:
        """Leave; what is under way is given up."""
        self._context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self._host:
            self.faults.append(f"asks a foreign host: {request.url}")

    def _failed(self, request: Request) -> None:
        # The browser gives up what is under way when a person leaves or reloads; that is no fault.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"request failed: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"status {response.status}: {response.url}")
