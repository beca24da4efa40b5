"""The entrances for calls: which paths take which formats, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from collector.api.answers import JSON, PROTOBUF, Answer, CallsAnswers, OtlpAnswers
from collector.pipeline.outcome import Outcome
from collector.receivers import calls_json
from collector.receivers.litellm import callback
from collector.receivers.otlp import logs, metrics, traces
from collector.receivers.otlp.answers import LogsResponse, MetricsResponse
from collector.receivers.otlp.traces_wire import TracesResponse
from collector.receivers.protobuf_density import refuse_many_entries
from collector.receivers.received import Received
from ledger.domain.errors import TollbookError, UnsupportedBody

Decode = Callable[[bytes, str | None], Received]


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
    decoders: Mapping[str, Decode]
    """By content type; the empty one is for requests that name none."""
    answers: Answers

    def decoder(self, content_type: str) -> Decode:
        """What reads a body of this type. Raises UnsupportedBody naming the types it takes."""
        decode = self.decoders.get(content_type)
        if decode is None:
            taken = " or ".join(name for name in self.decoders if name)
            raise UnsupportedBody(f"Content-Type {content_type!r} is not supported; send {taken}")
        return decode


def _within_reason(decode: Decode) -> Decode:
    """The same for OTLP in protobuf, when the body has no more entries than its length allows."""

    def decoded(body: bytes, default_tenant: str | None) -> Received:
        refuse_many_entries(body)
        return decode(body, default_tenant)

    return decoded


_NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")

_TRACES = Entrance(
    traces.RECEIVER,
    {PROTOBUF: _within_reason(traces.decode_protobuf), JSON: traces.decode_json},
    OtlpAnswers(TracesResponse, "rejected_spans", "rejectedSpans", "spans"),
)

ENTRANCES: Mapping[str, Entrance] = {
    "/v1/calls": Entrance(
        calls_json.RECEIVER,
        {
            JSON: calls_json.decode_json,
            **dict.fromkeys(_NDJSON_TYPES, calls_json.decode_ndjson),
            "": calls_json.decode_json,
        },
        CallsAnswers(),
    ),
    "/v1/traces": _TRACES,
    "/api/public/otel/v1/traces": _TRACES,
    "/v1/logs": Entrance(
        "logs",
        {PROTOBUF: _within_reason(logs.decode_protobuf), JSON: logs.decode_json},
        OtlpAnswers(LogsResponse, "rejected_log_records", "rejectedLogRecords", "log records"),
    ),
    "/v1/metrics": Entrance(
        metrics.RECEIVER,
        {PROTOBUF: _within_reason(metrics.decode_protobuf), JSON: metrics.decode_json},
        OtlpAnswers(MetricsResponse, "rejected_data_points", "rejectedDataPoints", "data points"),
    ),
    "/v1/litellm": Entrance(
        "litellm",
        dict.fromkeys((JSON, *_NDJSON_TYPES), callback.decode),
        CallsAnswers(),
    ),
}
