"""The collector's HTTP application, composed from its rooms."""

from __future__ import annotations

from flask import Flask

from collector.api import problems
from collector.api.aliases import alias_routes
from collector.api.ingest import ingest_routes
from collector.api.lists import list_routes
from collector.api.operations import operations_routes
from collector.api.outcomes import outcome_routes
from collector.api.refused import refused_routes
from collector.api.spend import spend_routes
from collector.pipeline.intake import Intake
from collector.version import VERSION
from exporters.prometheus.exporter import MetricsExporter
from ledger.access.principals import LOCAL_OPERATOR
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database


def create_app(database: Database, settings: Settings) -> Flask:
    """One process' application on one ledger."""
    app = Flask("tollbook")
    reader = Reader(database, LOCAL_OPERATOR)
    exporter = MetricsExporter(database, version=VERSION, max_samples=settings.metrics_max_samples)
    problems.register(app)
    app.register_blueprint(ingest_routes(Intake(database, settings), settings))
    app.register_blueprint(spend_routes(reader, settings))
    app.register_blueprint(list_routes(reader, settings))
    app.register_blueprint(outcome_routes(reader))
    app.register_blueprint(refused_routes(reader, settings))
    app.register_blueprint(alias_routes(reader, settings))
    app.register_blueprint(operations_routes(reader, exporter))
    return app
