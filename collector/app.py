"""The collector's HTTP application, composed from its rooms."""

from __future__ import annotations

from typing import Any, cast

from a2wsgi import WSGIMiddleware
from flask import Flask

from alerts.notices.addresses import channels_of_setting
from collector.admission.fresh import Price
from collector.admission.office import Office
from collector.admission.routes import reservation_routes
from collector.api import problems
from collector.api.afterwards.aliases import alias_routes
from collector.api.afterwards.outcomes import outcome_routes
from collector.api.afterwards.refused import refused_routes
from collector.api.behind import Behind
from collector.api.bodies import Receive
from collector.api.budgets.asking import budget_questions
from collector.api.budgets.setting import budget_commands
from collector.api.entrances import ENTRANCES
from collector.api.front import Application, Front, Scope, Send
from collector.api.lists import list_routes
from collector.api.money.call_costs import call_cost_routes
from collector.api.money.exchange_rates import exchange_rate_routes
from collector.api.money.prices import price_routes
from collector.api.notices.channels import channel_routes
from collector.api.notices.told import notice_routes
from collector.api.operations import operations_routes
from collector.api.revisions.months import month_routes
from collector.api.revisions.repricings import repricing_routes
from collector.api.spend import spend_routes
from collector.health.board import Board
from collector.health.readiness import readiness
from collector.pipeline.intake import Intake
from collector.pipeline.reception import Reception
from collector.pipeline.spooling import SpoolWriter
from collector.spool.booking import booked_by
from collector.spool.replay import Replayer
from collector.spool.settling import DeadLetter, Spooled
from collector.spool.spool import Spool
from collector.version import VERSION
from exporters.postgres.batches import Batch
from exporters.postgres.dead_letters import dead_letter_request
from exporters.postgres.pricer import Pricer
from exporters.postgres.spool_marks import SpoolMarks
from exporters.prometheus.exporter import MetricsExporter
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.budgets.filler import Filler
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database

API_THREADS = 8
_MOST_HELD_BYTES = 128 * 2**20
"""Bodies that are being read or wait to be decoded, in one process."""


class Collector:
    """One process' application on one ledger, with what runs beside it."""

    def __init__(self, database: Database, settings: Settings, board: Board | None = None) -> None:
        """`board` is where all processes of the collector show what waits in them."""
        board = board or Board()
        self.gauges = gauges = board.claim()
        spool = Spool(settings.spool_path, settings.spool_max_bytes)
        self._intake = Intake(
            database, settings, SpoolWriter(spool) if settings.spool_max_bytes else None, gauges
        )
        self._replayer = Replayer(
            spool, SpoolMarks(database), booked_by(self._intake.book), _dead_letters(database)
        )
        self._office = Office(database, settings, _price_of(Pricer(database)))
        self.front = Front(
            Reception(self._intake, gauges, most_waiting_bytes=_MOST_HELD_BYTES),
            ENTRANCES,
            self._office.front(_as_asgi(create_api(database, settings, spool, board))),
            max_body_bytes=settings.max_body_bytes,
            most_held_bytes=_MOST_HELD_BYTES,
            default_tenant=settings.default_tenant,
            shared=frozenset({"/v1/calls"}),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self.front(scope, receive, send)

    def start(self) -> None:
        """Begin to book and record what an earlier absence of Postgres left on disk."""
        self._replayer.start()
        self._office.start()

    def stop(self) -> None:
        """End what `start` began."""
        self._office.stop()
        self._replayer.stop()


def _dead_letters(database: Database) -> DeadLetter:
    """What becomes of spooled requests that the ledger does not take."""

    def keep(spooled: Spooled, reason: str) -> None:
        accepted = spooled.accepted
        rest = Batch(
            receiver=accepted.receiver,
            calls=[],
            refusals=accepted.refusals,
            rejected=accepted.rejected,
            ignored=accepted.ignored,
            mark=spooled.mark,
        )
        dead_letter_request(database, accepted.calls, rest, reason)

    return keep


def _price_of(pricer: Pricer) -> Price:
    return lambda call: pricer.price(call).pico_usd


def _as_asgi(api: Flask) -> Application:
    # Flask and a2wsgi describe the same interface in types of their own.
    return Behind(cast("Application", WSGIMiddleware(cast("Any", api), workers=API_THREADS)))


def create_api(database: Database, settings: Settings, spool: Spool, board: Board) -> Flask:
    """What answers questions."""
    api = Flask("tollbook")
    reader = Reader(database, LOCAL_OPERATOR)
    exporter = MetricsExporter(
        database,
        version=VERSION,
        max_samples=settings.metrics_max_samples,
        waiting=spool.usage,
        queues=board.queues,
    )
    problems.register(api)
    api.register_blueprint(spend_routes(reader, settings))
    api.register_blueprint(list_routes(reader, settings))
    api.register_blueprint(refused_routes(reader, settings))
    api.register_blueprint(outcome_routes(reader))
    api.register_blueprint(alias_routes(reader, settings))
    api.register_blueprint(budget_questions(reader))
    api.register_blueprint(budget_commands(reader, Filler(database), settings))
    api.register_blueprint(price_routes(reader, settings))
    api.register_blueprint(exchange_rate_routes(reader))
    api.register_blueprint(call_cost_routes(reader, settings))
    api.register_blueprint(reservation_routes(reader))
    api.register_blueprint(channel_routes(reader, channels_of_setting(settings.notice_urls)))
    api.register_blueprint(notice_routes(reader))
    api.register_blueprint(repricing_routes(reader, settings))
    api.register_blueprint(month_routes(reader))
    api.register_blueprint(
        operations_routes(exporter, lambda: readiness(reader, spool, board.queues()))
    )
    return api
