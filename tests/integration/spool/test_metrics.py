"""/metrics shows what waits, also while Postgres is away."""

from __future__ import annotations

import psycopg
import pytest

from collector.spool.spool import Spool
from exporters.prometheus.exporter import MetricsExporter
from ledger.domain.errors import LedgerUnavailable
from ledger.storage.database import Database
from tests.factories.requests import an_accepted_request
from tests.integration.spool.marked_booking import MarkedBooking
from tests.servers.exposition import samples, total
from tests.servers.processes import free_port


def test_what_waits_is_shown_beside_what_is_booked(
    spool: Spool, database: Database, booking: MarkedBooking
) -> None:
    exporter = MetricsExporter(database, version="1", max_samples=1000, waiting=spool.usage)
    assert total(exporter.render(), "tollbook_spool_files") == 0
    # Nothing is booked in between: a drawing that is kept must not hide what waits.
    spool.put(an_accepted_request(3))
    text = exporter.render()
    assert total(text, "tollbook_ingest_waiting_records", receiver="calls") == 3
    assert total(text, "tollbook_build_info", version="1") == 1


def test_calls_that_are_joined_later_came_through_no_receiver_that_waits(
    spool: Spool, database: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO ingest_totals VALUES ('', 'joined_later', 2), ('logs', 'received', 1)"
        )
    exporter = MetricsExporter(database, version="1", max_samples=1000, waiting=spool.usage)
    waiting = samples(exporter.render(), "tollbook_ingest_waiting_records")
    assert [sample.labels["receiver"] for sample in waiting] == ["logs"]


def test_while_postgres_is_away_only_what_waits_is_shown(spool: Spool) -> None:
    away = Database(f"postgresql://127.0.0.1:{free_port()}/nothing")
    spool.put(an_accepted_request(3))
    exporter = MetricsExporter(away, version="1", max_samples=1000, waiting=spool.usage)
    text = exporter.render()
    assert total(text, "tollbook_ingest_waiting_records", receiver="calls") == 3
    assert {sample.name.split("_")[1] for sample in samples(text)} == {"spool", "ingest"}
    with pytest.raises(LedgerUnavailable):
        MetricsExporter(away, version="1", max_samples=1000).render()
