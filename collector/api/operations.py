"""/metrics, /healthz and /readyz: for those who run Tollbook."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response

from collector.api.problems import problem
from collector.health.readiness import Readiness
from exporters.prometheus.exporter import MetricsExporter
from exporters.prometheus.exposition import CONTENT_TYPE


def operations_routes(exporter: MetricsExporter, ready: Callable[[], Readiness]) -> Blueprint:
    """Metrics and health."""
    routes = Blueprint("operations", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(exporter.render(), content_type=CONTENT_TYPE)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", content_type="text/plain")

    @routes.get("/readyz")
    def readyz() -> Response:
        now = ready()
        if now.is_ready:
            return Response(f"{now.text}\n", content_type="text/plain")
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, now.text)

    return routes
