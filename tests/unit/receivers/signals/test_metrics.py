from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from collector.receivers.otlp.answers import LogsResponse, MetricsResponse
from collector.receivers.received import Received
from ledger.domain.errors import UnreadableBody
from tests.decoders.metrics import decode_json, decode_protobuf


def a_request() -> ExportMetricsServiceRequest:
    """Two resources with a histogram of two points and one point of each other kind."""
    request = ExportMetricsServiceRequest()
    for _ in range(2):
        scope = request.resource_metrics.add().scope_metrics.add()
        usage = scope.metrics.add(name="gen_ai.client.token.usage").histogram
        usage.data_points.add(count=3, sum=1200.0)
        usage.data_points.add(count=1, sum=7.0)
        scope.metrics.add(name="a gauge").gauge.data_points.add(as_int=1)
        scope.metrics.add(name="a sum").sum.data_points.add(as_double=1.5)
        scope.metrics.add(name="a summary").summary.data_points.add(count=1)
        scope.metrics.add(name="exponential").exponential_histogram.data_points.add(count=1)
        scope.metrics.add(name="nothing")
    return request


def as_json() -> bytes:
    points: dict[str, Any] = {"dataPoints": [{"asInt": "1", "attributes": []}]}
    kinds = ("gauge", "sum", "summary", "exponentialHistogram")
    metrics = [{"name": kind, kind: points} for kind in kinds]
    histogram = {"dataPoints": [{"count": "3"}, {"count": "1"}], "aggregationTemporality": 2}
    metrics += [{"name": "gen_ai.client.token.usage", "histogram": histogram}, {"name": "none"}]
    one = {"resource": {}, "scopeMetrics": [{"scope": {}, "metrics": metrics}]}
    return json.dumps({"resourceMetrics": [one, one]}).encode()


def test_points_of_every_kind_are_counted_as_ignored() -> None:
    expected = Received("metrics", ignored=12)
    assert decode_protobuf(a_request().SerializeToString()) == expected
    assert decode_json(as_json()) == expected


def test_an_empty_request_holds_no_points() -> None:
    assert decode_protobuf(b"").ignored == decode_json(b"{}").ignored == 0


@pytest.mark.parametrize("body", [b"\x0a\x05hello", b"\xff", a_request().SerializeToString()[:-3]])
def test_what_is_no_request_in_protobuf_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="ExportMetricsServiceRequest"):
        decode_protobuf(body)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"resourceMetrics": 5}', as_json()[:-3]])
def test_what_is_no_request_in_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="ExportMetricsServiceRequest"):
        decode_json(body)


@pytest.mark.parametrize(
    ("response", "official", "rejected"),
    [
        (LogsResponse, ExportLogsServiceResponse, "rejected_log_records"),
        (MetricsResponse, ExportMetricsServiceResponse, "rejected_data_points"),
    ],
)
def test_an_answer_is_what_exporters_expect(response: Any, official: Any, rejected: str) -> None:
    message = response()
    assert message.SerializeToString() == b""
    setattr(message.partial_success, rejected, 2)
    message.partial_success.error_message = "why"
    read = official.FromString(message.SerializeToString()).partial_success
    assert (getattr(read, rejected), read.error_message) == (2, "why")
