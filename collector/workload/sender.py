"""Sending calls to a collector over HTTP, as any client would."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Sequence

import msgspec
import urllib3

from ledger.domain.errors import TollbookError

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 300.0
_LONGEST_PAUSE_SECONDS = 10.0


class CollectorUnreachable(TollbookError):
    """The collector does not answer or refuses the request."""


class SendResult(msgspec.Struct):
    """What the collector said of the calls sent so far."""

    booked: int = 0
    duplicate: int = 0
    rejected: int = 0
    first_reason: str = ""
    first_index: int = 0
    """Position among the records sent of the first one that was refused."""

    def add(self, other: SendResult) -> None:
        """Count another answer in."""
        self.booked += other.booked
        self.duplicate += other.duplicate
        self.rejected += other.rejected
        self.first_reason = self.first_reason or other.first_reason


class Sender:
    """A client of POST /v1/calls that waits out pauses of the collector."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            maxsize=4, timeout=urllib3.Timeout(connect=5, read=120), retries=False
        )

    def send(self, records: Sequence[bytes]) -> SendResult:
        """Send JSON records as one NDJSON body; returns when they are durable.

        Answers of 503 and lost connections are tried again for five minutes: resending is harmless.
        Raises CollectorUnreachable after that, or when the collector refuses the request itself.
        """
        body = gzip.compress(b"\n".join(records), compresslevel=1)
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        response = self._patiently("POST", "/v1/calls", body=body, headers=headers)
        answer = msgspec.json.decode(response.data)
        if "rejected" not in answer:
            raise CollectorUnreachable(f"{self._url} refused the calls: {answer.get('detail')}")
        rejected = answer["rejected"]
        return SendResult(
            booked=answer["booked"],
            duplicate=answer["duplicate"],
            rejected=len(rejected),
            first_reason=f"{rejected[0]['path']}: {rejected[0]['reason']}" if rejected else "",
            first_index=rejected[0]["index"] if rejected else 0,
        )

    def get(self, path: str) -> object:
        """The JSON document under a path. Raises CollectorUnreachable."""
        return msgspec.json.decode(self._patiently("GET", path).data)

    def wait_until_ready(self) -> None:
        """Return once the collector can work. Raises CollectorUnreachable after five minutes."""
        self._patiently("GET", "/readyz")

    def _patiently(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        pause = 0.25
        while True:
            try:
                response = self._pool.request(
                    method, f"{self._url}{path}", body=body, headers=headers
                )
                if response.status != 503:
                    return response
                fault = f"it answers {response.status}"
            except urllib3.exceptions.HTTPError as error:
                fault = str(error)
            if time.monotonic() + pause > deadline:
                raise CollectorUnreachable(f"no collector at {self._url}: {fault}")
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 1.5)
