"""The entrances for calls: which paths take which formats, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from collector.api.answers import JSON, PROTOBUF, Answer, CallsAnswers, OtlpAnswers
from collector.pipeline.outcome import Outcome
from collector.receivers import calls_json, otlp_traces
from collector.receivers.otlp_wire import TracesResponse
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


_TRACES = Entrance(
    otlp_traces.RECEIVER,
    {PROTOBUF: otlp_traces.decode_protobuf, JSON: otlp_traces.decode_json},
    OtlpAnswers(TracesResponse, "rejected_spans", "rejectedSpans", "spans"),
)

ENTRANCES: Mapping[str, Entrance] = {
    "/v1/calls": Entrance(
        calls_json.RECEIVER,
        {
            JSON: calls_json.decode_json,
            "application/x-ndjson": calls_json.decode_ndjson,
            "application/ndjson": calls_json.decode_ndjson,
            "application/jsonl": calls_json.decode_ndjson,
            "": calls_json.decode_json,
        },
        CallsAnswers(),
    ),
    "/v1/traces": _TRACES,
    "/api/public/otel/v1/traces": _TRACES,
}
