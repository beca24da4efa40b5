"""Questions about budgets and reservations, asked of the API in this process."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.servers.in_process import InProcessClient
from tests.servers.tills import a_budget


class Till:
    """One client of the API."""

    def __init__(self, client: InProcessClient) -> None:
        self.client = client

    def budget(self, **fields: Any) -> dict[str, Any]:
        """Make a budget: $10 a month of tenant acme that blocks, unless told otherwise."""
        response = self.client.post("/v1/budgets", json=a_budget(**fields))
        assert response.status_code == 201, response.text
        return dict(response.json or {})

    def reserve(self, amount_usd: str | None = "1", **fields: Any) -> dict[str, Any]:
        """Reserve for a call of tenant acme; the answer, which is 200."""
        headers = fields.pop("headers", {})
        wanted = {"tenant": "acme", "model": "gpt-4o-mini", "amount_usd": amount_usd, **fields}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        response = self.client.post("/v1/reservations", json=wanted, headers=headers)
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def settle(self, reservation_id: str, amount_usd: str, **fields: Any) -> dict[str, Any]:
        """Settle; the reservation as it stands then."""
        body = {"amount_usd": amount_usd, **fields}
        response = self.client.post(f"/v1/reservations/{reservation_id}/settle", json=body)
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def release(self, reservation_id: str) -> dict[str, Any]:
        """Release; the reservation as it stands then."""
        response = self.client.post(f"/v1/reservations/{reservation_id}/release")
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def show(self, reservation_id: str) -> dict[str, Any]:
        """The reservation as it stands."""
        response = self.client.get(f"/v1/reservations/{reservation_id}")
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def remaining(self, amount_usd: str = "1000000", **fields: Any) -> Decimal:
        """What is left of the budget that refuses so much."""
        refused = self.reserve(amount_usd, **fields)
        assert refused["allowed"] is False
        return Decimal(refused["remaining_usd"])
