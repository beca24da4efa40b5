"""A closed month stays as it was stated; whatever changes of it is an adjustment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from exporters.postgres.late_pricing.late_pricer import LatePricer
from exporters.postgres.pricer import Pricer
from ledger.commands.months import close_month
from ledger.commands.prices import add_price
from ledger.domain.calls import Call
from ledger.domain.errors import Conflict, InvalidRecord, NotFound
from ledger.domain.revisions.months import month_of
from ledger.domain.usage import Usage
from ledger.pricing.forms import PriceForm
from ledger.queries.reader import Reader
from ledger.queries.revisions.months import Figures, Statement, list_closed, statement_of
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.factories.prices import rates
from tests.integration.bookings import DAY, Teller
from tests.integration.books import Books
from tests.integration.revisions.repricing import Rounds, dearer

_NOW = month_of(datetime.now(UTC), "UTC")
_BEFORE = (_NOW - timedelta(days=1)).replace(day=1)
_LONG_BEFORE = (_BEFORE - timedelta(days=1)).replace(day=1)
_NOTHING = Figures(0, 0, 0, 0)
_MIDNIGHT = datetime(_NOW.year, _NOW.month, 1, tzinfo=UTC)
_LAST_MONTH = {"start": _MIDNIGHT - timedelta(days=27), "end": _MIDNIGHT}


def _call(days_before: float, **changes: Any) -> Call:
    """A call so many days before this month began."""
    return a_call(started_at=_MIDNIGHT - timedelta(days=days_before), **changes)


def _statement(reader: Reader, month: date, tenant: str = "acme") -> Statement:
    return statement_of(reader, tenant=tenant, month=month)


def _cost(books: Books, tenant: str = "acme") -> int:
    rows = books.rows(f"SELECT cost_pico_usd FROM current_calls WHERE tenant = '{tenant}'")
    return sum(row["cost_pico_usd"] or 0 for row in rows)


class _Closed:
    """The month before, closed with two calls of acme; what is stated of it never changes."""

    def __init__(self, database: Database, books: Books, reader: Reader) -> None:
        self.teller = Teller(database)
        span = _call(
            2, id="span", response_id="r", dialect="otel_genai", receiver="traces", scope="1"
        )
        self.teller.tell([span, _call(3), _call(40), _call(-0.001), _call(2, tenant="bolt")])
        self._books, self._reader = books, reader
        figures = close_month(reader, tenant="acme", month=_BEFORE).month.figures
        self._stated = _statement(reader, _BEFORE)
        assert self._stated.usage == figures
        assert figures.calls == 2

    def adjusted(self) -> Figures:
        """What was adjusted of it this month, when all statements are held against the ledger."""
        assert _statement(self._reader, _BEFORE) == self._stated
        statements = [_statement(self._reader, month) for month in (_LONG_BEFORE, _BEFORE, _NOW)]
        assert sum(one.total.cost_pico_usd for one in statements) == _cost(self._books)
        assert statements[0].adjustments == []
        return dict(statements[2].adjustments).get(_BEFORE, _NOTHING)


@pytest.fixture
def closed(database: Database, books: Books, reader: Reader) -> _Closed:
    """A closed month."""
    return _Closed(database, books, reader)


def test_late_calls_and_corrections_become_adjustments_of_this_month(closed: _Closed) -> None:
    assert closed.adjusted() == _NOTHING
    closed.teller.tell([_call(1), _call(1, model="no-such-model")])
    late = closed.adjusted()
    assert (late.calls, late.unpriced_calls) == (2, 1)
    nearer = _call(
        1.9, id="sdk", response_id="r", dialect="anthropic_sdk", receiver="traces", scope="2",
        usage=Usage(input_tokens=9000, output_tokens=1),
    )  # fmt: skip
    closed.teller.tell([nearer])
    joined = closed.adjusted()
    assert joined.calls == 2
    assert joined.cost_pico_usd > late.cost_pico_usd


def test_a_repricing_adjusts_a_closed_month_only_when_that_is_meant(
    database: Database, books: Books, closed: _Closed
) -> None:
    rounds = Rounds(database, dearer(database, 3), calls_a_page=2)
    with pytest.raises(Conflict, match=f"acme {_BEFORE:%Y-%m}"):
        rounds.request(**_LAST_MONTH)
    assert rounds.reprice(**_LAST_MONTH, dry_run=True).calls_changed == 3
    assert closed.adjusted() == _NOTHING
    done = rounds.reprice(**_LAST_MONTH, adjust_closed=True)
    of_bolt = _cost(books, "bolt") * 2 // 3
    difference = done.after_pico_usd - done.before_pico_usd
    assert closed.adjusted() == Figures(0, 0, 0, difference - of_bolt)
    assert books.rows("SELECT DISTINCT tenant FROM month_adjustments") == [{"tenant": "acme"}]


def test_a_call_that_gets_its_price_after_the_closing_is_adjusted(
    database: Database, reader: Reader
) -> None:
    Teller(database).tell([_call(2, model="no-such-model")])
    assert close_month(reader, tenant="acme", month=_BEFORE).month.figures.unpriced_calls == 1
    form = PriceForm(
        tenant="acme", provider="openai", model="no-such-model", valid_from=_MIDNIGHT - DAY * 40,
        rates=rates(input="1", output="2"),
    )  # fmt: skip
    add_price(reader, form)
    assert sum(LatePricer(database, Pricer(database), "UTC").price_waiting()) == 1
    assert dict(_statement(reader, _NOW).adjustments)[_BEFORE] == Figures(0, -1, 0, 1_200_000_000)


def test_adjustments_of_a_month_are_closed_with_it(database: Database, reader: Reader) -> None:
    teller = Teller(database)
    teller.tell([_call(40), _call(2)])
    close_month(reader, tenant="acme", month=_LONG_BEFORE)
    teller.tell([_call(41)])
    close_month(reader, tenant="acme", month=_BEFORE)
    teller.tell([_call(42), _call(3)])
    this = _statement(reader, _NOW)
    assert [(month, figures.calls) for month, figures in this.adjustments] == [
        (_LONG_BEFORE, 2),
        (_BEFORE, 1),
    ]
    assert _statement(reader, _BEFORE).adjustments == []


def test_a_closed_month_is_closed_once_and_for_good(database: Database, reader: Reader) -> None:
    Teller(database).tell([_call(2)])
    first = close_month(reader, tenant="acme", month=_BEFORE)
    Teller(database).tell([_call(3)])
    second = close_month(reader, tenant="acme", month=_BEFORE)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.month == second.month
    assert list_closed(reader, tenant="acme") == [first.month]


def test_a_month_that_is_not_over_or_of_nobody_is_not_closed(
    database: Database, reader: Reader
) -> None:
    Teller(database).tell([_call(2)])
    with pytest.raises(InvalidRecord, match="not over"):
        close_month(reader, tenant="acme", month=_NOW)
    with pytest.raises(NotFound, match="nobody"):
        close_month(reader, tenant="nobody", month=_BEFORE)


def test_no_month_is_closed_under_a_repricing(database: Database, reader: Reader) -> None:
    Teller(database).tell([_call(2)])
    rounds = Rounds(database, dearer(database))
    rounds.request(**_LAST_MONTH)
    with pytest.raises(Conflict, match="re-pricing"):
        close_month(reader, tenant="acme", month=_BEFORE)
    close_month(reader, tenant="acme", month=_LONG_BEFORE)
    while rounds.page() is not None:
        pass
    assert close_month(reader, tenant="acme", month=_BEFORE).is_new


def test_a_month_is_the_tenants_own(database: Database, books: Books, reader: Reader) -> None:
    """A call an hour before midnight UTC is of the next month in Berlin."""
    Teller(database).tell([_call(0), _call(5)])
    with database.transaction("tollbook_owner") as connection:
        connection.exec_driver_sql("ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY")
        connection.exec_driver_sql("UPDATE tenants SET time_zone = 'Asia/Tokyo'")
        connection.exec_driver_sql("ALTER TABLE tenants FORCE ROW LEVEL SECURITY")
    Teller(database).tell([_call(0.1)])
    closed = close_month(reader, tenant="acme", month=_BEFORE).month
    assert closed.time_zone == "Asia/Tokyo"
    assert closed.ends_at == _MIDNIGHT - timedelta(hours=9)
    assert closed.figures.calls == 1
    assert _statement(reader, _NOW).usage.calls == 2
