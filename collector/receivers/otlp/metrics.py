"""POST /v1/metrics: OTLP/HTTP metrics are taken, so that exporters are content, and not billed.

Metrics of tokens have no cache split and repeat what spans say: booking them would count twice.
Data points are counted as ignored, and nothing of them is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from collector.receivers import wire_density
from collector.receivers.json_density import refuse_dense
from collector.receivers.received import Reading
from collector.receivers.wire_schema import message_classes
from ledger.domain.errors import UnreadableBody

RECEIVER = "metrics"

_POINT_PATHS = tuple((kind, 1) for kind in (5, 7, 9, 10, 11))
"""Data points in each kind of metric."""

_classes = message_classes(
    "metrics",
    {
        "Data": {"data_points": (1, "repeated bytes")},
        "Metric": {
            "gauge": (5, "Data"),
            "sum": (7, "Data"),
            "histogram": (9, "Data"),
            "exponential_histogram": (10, "Data"),
            "summary": (11, "Data"),
        },
        "ScopeMetrics": {"metrics": (2, "repeated bytes")},
        "ResourceMetrics": {"scope_metrics": (2, "repeated bytes")},
        "MetricsRequest": {"resource_metrics": (1, "repeated bytes")},
    },
)
_Metric = _classes["Metric"]
_ScopeMetrics = _classes["ScopeMetrics"]
_ResourceMetrics = _classes["ResourceMetrics"]
_MetricsRequest = _classes["MetricsRequest"]


class _JsonData(msgspec.Struct, rename="camel"):
    data_points: list[msgspec.Raw] | None = None


class _JsonMetric(msgspec.Struct, rename="camel"):
    gauge: _JsonData | None = None
    sum: _JsonData | None = None
    histogram: _JsonData | None = None
    exponential_histogram: _JsonData | None = None
    summary: _JsonData | None = None


class _JsonScopeMetrics(msgspec.Struct):
    metrics: list[_JsonMetric] | None = None


class _JsonResourceMetrics(msgspec.Struct, rename="camel"):
    scope_metrics: list[_JsonScopeMetrics] | None = None


class _JsonMetricsRequest(msgspec.Struct, rename="camel"):
    resource_metrics: list[_JsonResourceMetrics] | None = None


_json_request = msgspec.json.Decoder(_JsonMetricsRequest)


def read_protobuf(body: bytes, _default_tenant: str | None = None) -> Iterator[Reading]:
    """Count the points of an ExportMetricsServiceRequest. Raises UnreadableBody when it is none."""
    wire_density.refuse_dense(body)
    points = 0
    try:
        for resource_entry in _MetricsRequest.FromString(body).resource_metrics:
            for scope_entry in _ResourceMetrics.FromString(resource_entry).scope_metrics:
                for metric in _ScopeMetrics.FromString(scope_entry).metrics:
                    wire_density.refuse_dense(metric, _POINT_PATHS)
                    points += _points(_Metric.FromString(metric))
    except DecodeError as error:
        raise UnreadableBody("the body is no ExportMetricsServiceRequest in protobuf") from error
    return repeat(None, points)


def read_json(body: bytes, _default_tenant: str | None = None) -> Iterator[Reading]:
    """Count the points of such a request in OTLP's JSON. Raises UnreadableBody when it is none."""
    refuse_dense(body)
    try:
        request = _json_request.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableBody(
            f"the body is no ExportMetricsServiceRequest in JSON: {error}"
        ) from error
    return repeat(None, sum(_points_of_json(request)))


def _points(metric: Any) -> int:
    """How many points a metric has; it has one kind of data, the others are empty."""
    return sum(len(getattr(metric, kind.name).data_points) for kind, _ in metric.ListFields())


def _points_of_json(request: _JsonMetricsRequest) -> Iterable[int]:
    for resource_metrics in request.resource_metrics or ():
        for scope_metrics in resource_metrics.scope_metrics or ():
            for metric in scope_metrics.metrics or ():
                for kind in metric.__struct_fields__:
                    data: _JsonData | None = getattr(metric, kind)
                    yield len(data.data_points or ()) if data else 0
