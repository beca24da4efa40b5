"""Whatever is joined and parted in which order: each record's name leads to the call it became."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.outcomes import record_outcome
from ledger.domain.calls import Call
from ledger.domain.joining import join, key_of
from ledger.domain.outcomes import Outcome
from ledger.queries.reader import Reader
from ledger.queries.records.calls import list_calls
from ledger.queries.records.names import record_named
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.properties.records import distinct
from tests.servers.databases import TestServer

_numbers = count()
_NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def ledger(server: TestServer) -> Iterator[Database]:
    with server.fresh_database() as url:
        database = Database(url)
        yield database
        database.close()


def _judge(reader: Reader, record: Call, minute: int) -> None:
    outcome = Outcome(
        tenant=record.tenant,
        call_id=record.id,
        started_at=record.started_at,
        verdict="edited",
        at=_NOON + timedelta(minutes=minute),
    )
    record_outcome(reader, outcome, _NOON)


@settings(max_examples=60)
@given(distinct(8), st.randoms(use_true_random=False))
def test_names_and_verdicts_of_records_lead_to_the_calls_they_became(
    ledger: Database, records: list[Call], random: Random
) -> None:
    tenant = f"names-{next(_numbers)}"
    records = [msgspec.structs.replace(record, tenant=tenant) for record in records]
    reader, teller = Reader(ledger, LOCAL_OPERATOR), Teller(ledger)
    first = a_call(tenant=tenant, id="makes the tenant", trace_id=None)
    teller.tell([first])
    minutes = random.sample(range(len(records)), len(records))
    steps = [*range(len(records)), *range(-len(records), 0)]
    random.shuffle(steps)
    for step in steps:
        if step >= 0:
            teller.tell([records[step]])
        else:
            _judge(reader, records[step], minutes[step])
    calls = join([first, *records])
    minute_of = dict(zip(map(key_of, records), minutes, strict=True))
    with reader.connection() as connection:
        for one in calls:
            for record in one.records:
                named = record_named(
                    connection, tenant=tenant, call_id=record.id, started_at=record.started_at
                )
                assert named is not None
                assert named.call == key_of(one.call)
    shown = {
        (row["started_at"], row["id"]): row["outcome_at"]
        for row in list_calls(reader, tenant=tenant)
    }
    assert shown == {
        key_of(one.call): max(
            (
                _NOON + timedelta(minutes=minute_of[key_of(record)])
                for record in one.records
                if key_of(record) in minute_of
            ),
            default=None,
        )
        for one in calls
    }
