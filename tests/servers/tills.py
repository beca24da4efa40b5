"""A client of budgets and reservations over HTTP, for many threads."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import urllib3


class Told(NamedTuple):
    """What was answered."""

    status: int
    body: dict[str, Any]


class Till:
    """Asks one collector; says what was answered, whatever it was."""

    def __init__(self, url: str, connections: int = 1) -> None:
        self.url = url
        self._pool = urllib3.PoolManager(
            retries=False, timeout=30.0, maxsize=connections, block=True
        )

    def close(self) -> None:
        """Give up the connections."""
        self._pool.clear()

    def budget(self, **fields: Any) -> dict[str, Any]:
        """Make a budget: $10 a month of tenant acme that blocks, unless told otherwise."""
        told = self.post("/v1/budgets", **a_budget(**fields))
        assert told.status == 201, told
        return told.body

    def reserve(self, amount_usd: str, **fields: Any) -> Told:
        """Reserve for a call of tenant acme."""
        wanted = {"tenant": "acme", "model": "gpt-4o-mini", "amount_usd": amount_usd, **fields}
        return self.post("/v1/reservations", **wanted)

    def settle(self, reservation_id: str, amount_usd: str) -> Told:
        """Say what its call cost."""
        return self.post(f"/v1/reservations/{reservation_id}/settle", amount_usd=amount_usd)

    def release(self, reservation_id: str) -> Told:
        """Give it back."""
        return self.post(f"/v1/reservations/{reservation_id}/release")

    def show(self, reservation_id: str) -> Told:
        """How it stands."""
        return self.ask("GET", f"/v1/reservations/{reservation_id}")

    def post(self, path: str, **body: Any) -> Told:
        """POST a JSON object."""
        return self.ask("POST", path, json.dumps(body).encode())

    def ask(self, method: str, path: str, body: bytes | None = None) -> Told:
        """Any question."""
        response = self._pool.request(
            method,
            f"{self.url}{path}",
            body=body,
            headers={"Content-Type": "application/json"},
        )
        return Told(response.status, json.loads(response.data))

    def text(self, path: str) -> str:
        """GET what is no JSON."""
        return self._pool.request("GET", f"{self.url}{path}").data.decode()


def a_budget(**fields: Any) -> dict[str, Any]:
    """The body for a budget of $10 a month that blocks; a field that is None is left out."""
    wanted = {
        "name": "monthly",
        "scope": {"tenant": "acme"},
        "amount_usd": "10",
        "period": "month",
        "action": "block",
        **fields,
    }
    return {name: value for name, value in wanted.items() if value is not None}
