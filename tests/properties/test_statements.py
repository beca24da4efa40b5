"""Whatever is booked, closed and re-priced in whatever order: statements add up to the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.months import close_month
from ledger.domain.calls import Call
from ledger.domain.revisions.months import month_bounds, month_of
from ledger.domain.usage import Usage
from ledger.domain.zones import rollup_grid_seconds
from ledger.queries.reader import Reader
from ledger.queries.revisions.months import Figures, Statement, statement_of
from ledger.storage.database import Database
from ledger.storage.revisions.month_check import check_months
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.revisions.repricing import Rounds, dearer
from tests.servers.databases import TestServer

_ZONES = (
    "UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "Etc/GMT+12",
)  # fmt: skip
_NOW = datetime.now(UTC)
_SPOKEN = ("otel_genai", "anthropic_sdk", "tollbook")
_numbers = count()


class _Ledger:
    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url)
        self.reader = Reader(self.database, LOCAL_OPERATOR)

    def new_tenant(self, zone_name: str) -> str:
        tenant = f"tenant-{next(_numbers)}"
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "INSERT INTO tenants (tenant, time_zone, rollup_seconds) VALUES (%s, %s, %s)",
                (tenant, zone_name, rollup_grid_seconds(zone_name)),
            )
        return tenant

    def standing(self, tenant: str) -> Figures:
        """What all calls of a tenant come to, one by one."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE cost_status = 'unpriced'),"
                " count(*) FILTER (WHERE cost_status = 'estimated'),"
                " coalesce(sum(cost_pico_usd), 0) FROM current_calls WHERE tenant = %s",
                (tenant,),
            ).fetchone()
        assert row is not None
        return Figures(*map(int, row))


@pytest.fixture(scope="module")
def ledger(server: TestServer) -> Iterator[_Ledger]:
    """A ledger for all examples, each with a tenant of its own."""
    with server.fresh_database() as url:
        ledger = _Ledger(url)
        yield ledger
        ledger.database.close()


class _Story:
    """What happens to one tenant."""

    def __init__(self, ledger: _Ledger, zone_name: str, random: Random) -> None:
        self._ledger, self._zone, self._random = ledger, zone_name, random
        self._tenant = ledger.new_tenant(zone_name)
        self._teller = Teller(ledger.database)
        this = month_of(_NOW, zone_name)
        earlier = (this - timedelta(days=1)).replace(day=1)
        self._past = [earlier, (earlier - timedelta(days=1)).replace(day=1)]
        self._months: list[date] = [this, *self._past]
        self._stated: dict[date, Statement] = {}

    def book(self) -> None:
        self._teller.tell([self._call() for _ in range(self._random.randint(1, 4))])

    def close(self) -> None:
        month = self._random.choice(self._past)
        close_month(self._ledger.reader, tenant=self._tenant, month=month)
        self._stated.setdefault(month, self._statement(month))

    def reprice(self) -> None:
        rounds = Rounds(
            self._ledger.database, dearer(self._ledger.database, self._random.randint(1, 4))
        )
        start, _ = month_bounds(self._past[-1], self._zone)
        end = start + timedelta(days=self._random.randint(1, 90))
        done = rounds.reprice(tenant=self._tenant, start=start, end=end, adjust_closed=True)
        assert done.state == "done"

    def check(self) -> None:
        """Statements of closed months are as they were; all of them together are the ledger."""
        for month, stated in self._stated.items():
            assert self._statement(month) == stated
        total = Figures(0, 0, 0, 0)
        for month in self._months:
            total = total.plus(self._statement(month).total)
        assert total == self._ledger.standing(self._tenant)

    def _statement(self, month: date) -> Statement:
        return statement_of(self._ledger.reader, tenant=self._tenant, month=month)

    def _call(self) -> Call:
        """Often at the edge of a month, sometimes another record of a call that came before."""
        random = self._random
        start, end = month_bounds(random.choice(self._months), self._zone)
        edge = random.choice([timedelta(0), timedelta(microseconds=1), timedelta(minutes=20)])
        moment = random.choice([start + edge, end - edge - timedelta(microseconds=1)])
        return a_call(
            tenant=self._tenant,
            started_at=min(moment, _NOW),
            model=random.choice(["gpt-4o", "gpt-4o-mini", "no-such-model"]),
            response_id=f"response-{random.randint(0, 5)}",
            dialect=random.choice(_SPOKEN),
            scope=random.choice(_SPOKEN),
            receiver="traces",
            usage=Usage(input_tokens=random.randint(1, 9999), output_tokens=random.randint(1, 99)),
        )


@pytest.mark.timeout(300)
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32), zone_name=st.sampled_from(_ZONES))
def test_statements_add_up_to_the_ledger_whatever_happens(
    ledger: _Ledger, seed: int, zone_name: str
) -> None:
    random = Random(seed)
    story = _Story(ledger, zone_name, random)
    for _ in range(8):
        random.choice([story.book, story.book, story.close, story.reprice])()
        story.check()
    with ledger.database.transaction("tollbook_ingest") as connection:
        assert check_months(connection) == (0, 0)
