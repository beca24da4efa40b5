"""A small client for Tollbook's reservations. Copy it; it needs Python 3.10 and nothing else.

    tollbook = Tollbook("http://127.0.0.1:4318")
    with tollbook.hold("acme", amount_usd="0.05", model="gpt-4o-mini", feature="search") as held:
        answer = client.chat.completions.create(...)
        held.settle("0.0123")
        # Send the call with reservation_id=held.reservation_id; its own cost then counts.

`hold` raises Denied when a budget refuses. What was not settled is given back at the end.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

Usd = str | Decimal
_ATTEMPTS = 3


class Denied(Exception):
    """A budget refuses. `retry_at` is when trying again makes sense; None: not as it is set."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(f"budget {answer['denied_by']!r} refuses: {answer['reason']}")
        self.denied_by: str = answer["denied_by"]
        self.reason: str = answer["reason"]
        self.remaining_usd: str | None = answer["remaining_usd"]
        self.retry_at: str | None = answer["retry_at"]


class Unavailable(Exception):
    """Tollbook cannot be asked, or a budget that fails closed cannot be looked at."""


class Held:
    """An amount that is held."""

    def __init__(self, tollbook: Tollbook, answer: dict[str, Any]) -> None:
        self._tollbook = tollbook
        self.reservation_id: str = answer["reservation_id"]
        self.expires_at: str = answer["expires_at"]
        self.unverified: bool = answer.get("unverified", False)
        self.is_settled = False

    def settle(self, amount_usd: Usd) -> dict[str, Any]:
        """Say what the call cost; returns the reservation as it stands."""
        self.is_settled = True
        return self._tollbook.settle(self.reservation_id, amount_usd)


class Tollbook:
    """One collector, for any number of threads."""

    def __init__(self, url: str = "http://127.0.0.1:4318", timeout_seconds: float = 2.0) -> None:
        self._url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds

    def reserve(self, tenant: str | None, *, amount_usd: Usd | None = None, **fields: Any) -> Held:
        """Hold an amount, or the price of a `usage`; other fields are dimensions, `ttl_seconds` ...

        Raises Denied or Unavailable. An answer that is lost on the way is asked for again, and
        nothing is held twice.
        """
        wanted = {"tenant": tenant, **fields}
        if amount_usd is not None:
            wanted["amount_usd"] = str(amount_usd)
        answer = self._post("", wanted, {"Idempotency-Key": str(uuid.uuid4())})
        if not answer["allowed"]:
            raise Denied(answer)
        return Held(self, answer)

    def settle(self, reservation_id: str, amount_usd: Usd) -> dict[str, Any]:
        """Say what the call of a reservation cost. The first settlement stands."""
        return self._post(f"/{reservation_id}/settle", {"amount_usd": str(amount_usd)})

    def release(self, reservation_id: str) -> dict[str, Any]:
        """Give back what a reservation holds."""
        return self._post(f"/{reservation_id}/release", {})

    @contextmanager
    def hold(self, tenant: str, **fields: Any) -> Iterator[Held]:
        """Hold while the block runs; what the block does not settle is given back."""
        held = self.reserve(tenant, **fields)
        try:
            yield held
        finally:
            if not held.is_settled:
                # At the latest it comes back when its time is up.
                with suppress(Unavailable):
                    self.release(held.reservation_id)

    def _post(
        self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        request = Request(  # noqa: S310 - the address is yours
            f"{self._url}/v1/reservations{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with urlopen(request, timeout=self._timeout_seconds) as response:  # noqa: S310
                    answer: dict[str, Any] = json.load(response)
                    return answer
            except HTTPError as error:
                detail = error.read().decode(errors="replace")
                if error.code < 500:
                    raise ValueError(f"{error.code}: {detail}") from error
                raise Unavailable(f"{error.code}: {detail}") from error
            except (URLError, TimeoutError, ConnectionError) as error:
                if attempt == _ATTEMPTS:
                    raise Unavailable(str(error)) from error
        raise AssertionError("unreachable")
