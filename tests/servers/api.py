"""A client of the collector's HTTP API as a tenant's own tooling would have one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import urllib3


class Api:
    """Reads and writes of one collector; anything but 200 fails the test and says why."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pool = urllib3.PoolManager(retries=False, timeout=30.0)

    def close(self) -> None:
        """Give up the connections."""
        self._pool.clear()

    def book(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        """POST /v1/calls."""
        body, headers = json.dumps(records).encode(), {"Content-Type": "application/json"}
        return dict(json.loads(self._ask("POST", "/v1/calls", body=body, headers=headers)))

    def calls(self, tenant: str) -> list[dict[str, Any]]:
        """GET /v1/calls of a tenant, all pages."""
        found: list[dict[str, Any]] = []
        parameters: dict[str, Any] = {"tenant": tenant, "limit": 1000}
        while True:
            page = json.loads(self._ask("GET", f"/v1/calls?{urlencode(parameters)}"))
            found += page["calls"]
            if page["next"] is None:
                return found
            parameters["cursor"] = page["next"]

    def spend(self, **parameters: str) -> list[dict[str, Any]]:
        """GET /v1/spend; money as Decimal."""
        answer = json.loads(self._ask("GET", f"/v1/spend?{urlencode(parameters)}"))
        assert answer["next"] is None
        return [{**row, "cost_usd": Decimal(row["cost_usd"])} for row in answer["rows"]]

    def metrics(self) -> str:
        """GET /metrics."""
        return self._ask("GET", "/metrics").decode()

    def _ask(self, method: str, path: str, **request: Any) -> bytes:
        response = self._pool.request(method, f"{self.url}{path}", **request)
        assert response.status == 200, f"{method} {path}: {response.status} {response.data[:500]!r}"
        return response.data
