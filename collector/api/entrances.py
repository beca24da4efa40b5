"""The entrances for calls: which paths take which formats, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from collector.api.answers import JSON, PROTOBUF, Answer, CallsAnswers, OtlpAnswers
from collector.pipeline.outcome import Outcome
from collector.receivers import calls_json
from collector.receivers.litellm import callback
from collector.receivers.otlp import logs, metrics, traces
from collector.receivers.otlp.answers import LogsResponse, MetricsResponse
from collector.receivers.otlp.traces_wire import TracesResponse
from collector.receivers.received import Reading
from ledger.domain.errors import TollbookError, UnsupportedBody

Read = Callable[[bytes, str | None], Iterator[Reading]]
"""What takes a body, and the tenant of records that name none, apart into records."""


class Answers(Protocol):
    """How an entrance speaks back."""

    def success(self, outcome: Outcome, content_type: str) -> Answer:
        """What became of the records."""
        ...

    def failure(self, error: TollbookError, content_type: str) -> Answer:
        """Why nothing of the request was kept."""
        ...


class Entrance(NamedTuple):
    """One path for calls."""

    receiver: str
    readers: Mapping[str, Read]
    """By content type; the empty one is for requests that name none."""
    answers: Answers

    def reader(self, content_type: str) -> Read:
        """What reads a body of this type. Raises UnsupportedBody naming the types it takes."""
        read = self.readers.get(content_type)
        if read is None:
            taken = " or ".join(name for name in self.readers if name)
            raise UnsupportedBody(f"Content-Type {content_type!r} is not supported; send {taken}")
        return read


_NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")

_TRACES = Entrance(
    traces.RECEIVER,
    {PROTOBUF: traces.read_protobuf, JSON: traces.read_json},
    OtlpAnswers(TracesResponse, "rejected_spans", "rejectedSpans", "spans"),
)

ENTRANCES: Mapping[str, Entrance] = {
    "/v1/calls": Entrance(
        calls_json.RECEIVER,
        {
            JSON: calls_json.read_json,
            **dict.fromkeys(_NDJSON_TYPES, calls_json.read_ndjson),
            "": calls_json.read_json,
        },
        CallsAnswers(),
    ),
    "/v1/traces": _TRACES,
    "/api/public/otel/v1/traces": _TRACES,
    "/v1/logs": Entrance(
        "logs",
        {PROTOBUF: logs.read_protobuf, JSON: logs.read_json},
        OtlpAnswers(LogsResponse, "rejected_log_records", "rejectedLogRecords", "log records"),
    ),
    "/v1/metrics": Entrance(
        metrics.RECEIVER,
        {PROTOBUF: metrics.read_protobuf, JSON: metrics.read_json},
        OtlpAnswers(MetricsResponse, "rejected_data_points", "rejectedDataPoints", "data points"),
    ),
    "/v1/litellm": Entrance(
        "litellm",
        dict.fromkeys((JSON, *_NDJSON_TYPES), callback.read),
        CallsAnswers(),
    ),
}
