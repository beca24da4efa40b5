"""Senders that do not give up: the same body again, after a pause that grows, until it is taken."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.pool import AsyncResult
from random import Random
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from benchmarks.load.calls import Mix, call_at
from benchmarks.load.requests import FORMS, Form

ACKNOWLEDGED = (200, 202)
_RETRYABLE = (429, 502, 503, 504)
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What one sender sends: the calls of these numbers, spread over a time."""

    url: str
    form: str
    mix: Mix
    numbers: Sequence[int]
    calls_a_request: int = 250
    over_seconds: float = 0.0
    """0: as fast as it is answered."""
    give_up_seconds: float = 600.0
    """A sender that still has not got rid of a body by then stops, and the test fails."""


@dataclass
class Told:
    """What one sender was told."""

    form: str
    acknowledged_calls: int = 0
    attempted_calls: int = 0
    """Each as often as its body was sent."""
    answers: Counter[str] = field(default_factory=Counter)
    """Requests by status, or by the name of the connection's error."""
    not_taken: int = 0
    """Calls that were never acknowledged."""


@contextmanager
def sending(errands: Sequence[Errand]) -> Iterator[AsyncResult[list[Told]]]:
    """Run every errand in a process of its own while the block runs."""
    with multiprocessing.get_context("spawn").Pool(len(errands)) as pool:
        yield pool.map_async(run_errand, errands, chunksize=1)


def run_errand(errand: Errand) -> Told:
    """Send everything. Raises AssertionError when an answer does not acknowledge all calls."""
    told, form = Told(errand.form), FORMS[errand.form]
    begun, size = time.monotonic(), errand.calls_a_request
    with closing(_Post(errand.url, form)) as post:
        for start in range(0, len(errand.numbers), size):
            due = begun + errand.over_seconds * start / len(errand.numbers)
            time.sleep(max(0.0, due - time.monotonic()))
            calls = [call_at(errand.mix, n) for n in errand.numbers[start : start + size]]
            body = form.write(calls)
            if _until_taken(post, body, len(calls), told, begun + errand.give_up_seconds):
                told.acknowledged_calls += len(calls)
            else:
                told.not_taken += len(calls)
    return told


def _until_taken(post: _Post, body: bytes, calls: int, told: Told, give_up_at: float) -> bool:
    jitter, pause = Random(), _FIRST_PAUSE_SECONDS
    while time.monotonic() < give_up_at:
        told.attempted_calls += calls
        retry_after = 0.0
        try:
            status, retry_after, answer = post.send(body)
        except (OSError, http.client.HTTPException) as error:
            told.answers[type(error).__name__] += 1
        else:
            told.answers[str(status)] += 1
            if status in ACKNOWLEDGED:
                _assert_all_taken(post.form, status, answer, calls)
                return True
            assert status in _RETRYABLE, f"{status}: {answer[:500]!r}"
        time.sleep(max(retry_after, pause * jitter.uniform(0.8, 1.2)))
        pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
    return False


def _assert_all_taken(form: Form, status: int, answer: bytes, calls: int) -> None:
    if form is FORMS["otlp"]:
        said = ExportTraceServiceResponse.FromString(answer)
        assert said.partial_success.rejected_spans == 0, said
        return
    outcome = json.loads(answer)
    if status == 202:
        assert outcome["spooled"] == calls, outcome
    else:
        assert outcome["booked"] + outcome["duplicate"] == calls, outcome


class _Post:
    """One keep-alive connection that is made anew after a fault."""

    def __init__(self, url: str, form: Form) -> None:
        split = urlsplit(url)
        self.form = form
        self._connection = http.client.HTTPConnection(
            str(split.hostname), split.port, timeout=_ANSWER_SECONDS
        )

    def send(self, body: bytes) -> tuple[int, float, bytes]:
        """Status, Retry-After in seconds, and the answer."""
        try:
            headers = {"Content-Type": self.form.content_type}
            self._connection.request("POST", self.form.path, body, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except BaseException:
            self.close()
            raise
        return response.status, float(response.headers.get("Retry-After", 0)), answer

    def close(self) -> None:
        """Give up the connection."""
        self._connection.close()
