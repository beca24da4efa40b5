"""/metrics, /healthz and /readyz: for those who run Tollbook."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response

from collector.api.problems import problem
from exporters.prometheus.exporter import MetricsExporter
from exporters.prometheus.exposition import CONTENT_TYPE
from ledger.queries.health import schema_is_current
from ledger.queries.reader import Reader


def operations_routes(reader: Reader, exporter: MetricsExporter) -> Blueprint:
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
        if schema_is_current(reader):
            return Response("ready\n", content_type="text/plain")
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the database does not have this version's schema; run tollbook migrate",
        )

    return routes
