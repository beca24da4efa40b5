"""Making dead letters: a ledger that refuses some calls, as a real fault of a database would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from collector.pipeline.intake import Intake, accept
from collector.receivers.received import Received
from exporters.postgres.dead_letters import keep_dead_letters
from ledger.domain.calls import Call
from ledger.domain.ingest import dead_letters_now
from ledger.queries.reader import Reader
from ledger.queries.totals import ingest_counts
from ledger.storage.database import Database, driver_connection
from tests.integration.books import Books

REASON = "the ledger does not take calls of feature cursed"

_CURSE = f"""
    CREATE FUNCTION refuse_cursed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM series WHERE series_id = NEW.series_id AND feature = 'cursed'
        ) THEN
            RAISE EXCEPTION '{REASON}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER curse BEFORE INSERT ON calls FOR EACH ROW EXECUTE FUNCTION refuse_cursed();
"""


@contextmanager
def cursed(database_url: str) -> Iterator[None]:
    """While the block runs, Postgres refuses every call of feature `cursed`."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_CURSE)
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER curse ON calls; DROP FUNCTION refuse_cursed")


def take(intake: Intake, calls: Iterable[Call], receiver: str = "traces") -> None:
    """Book calls as a receiver hands them over."""
    request = Received(receiver)
    for position, call in enumerate(calls):
        request.add(position, call)
    intake.book(accept(request, datetime.now(UTC))).result()


def take_each(database: Database, intake: Intake, calls: Iterable[Call]) -> int:
    """Book acknowledged calls one by one; those that fail become dead letters, counted here."""
    failed = 0
    for call in calls:
        try:
            take(intake, [call])
        except psycopg.errors.CheckViolation as error:
            keep(database, [(call, str(error).partition("\n")[0])])
            failed += 1
    return failed


def keep(database: Database, letters: list[tuple[Call, str]], receiver: str = "traces") -> None:
    """Keep dead letters in a transaction of their own."""
    with database.transaction("tollbook_ingest") as connection:
        keep_dead_letters(driver_connection(connection), receiver, letters)


def assert_letters_are_counted(books: Books, reader: Reader) -> None:
    """Letters in the table are those that were kept and have not left."""
    (there,) = books.rows(
        "SELECT count(*) AS letters FROM refused_records WHERE kind = 'dead_lettered'"
    )
    assert dead_letters_now(ingest_counts(reader)) == there["letters"]
