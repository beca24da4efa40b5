"""Calls that were booked without a price get one when there is one, each exactly once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from collector.jobs.late_pricing import late_pricer_for, price_waiting_calls
from collector.jobs.upkeep import check_books
from exporters.postgres.late_pricing.late_pricer import LatePricer
from exporters.postgres.pricer import Pricer
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.aliases import set_alias
from ledger.commands.exchange_rates import add_exchange_rate
from ledger.commands.prices import add_price
from ledger.domain.usage import NO_USAGE
from ledger.pricing.aliases import Alias
from ledger.pricing.forms import PriceForm
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import START, a_call
from tests.factories.prices import ALWAYS, rates
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.integration.budgets.books import assert_exact, set_budget, sums_of
from tests.servers.exposition import samples
from tests.servers.in_process import InProcessClient
from tests.servers.processes import running

_HOUSE = {"provider": "house", "model": "llama-at-home"}


def _late_pricer(database: Database) -> LatePricer:
    aliases = AliasBook(Reader(database, LOCAL_OPERATOR))
    return LatePricer(database, Pricer(database, aliases), "UTC")


def _add(reader: Reader, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "tenant": "acme",
        **_HOUSE,
        "rates": rates(input="1", output="2"),
        "valid_from": ALWAYS,
    }
    add_price(reader, PriceForm(**{**fields, **changes}))


def _assert_books_agree(books: Books) -> dict[str, Any]:
    calls = books.counted("calls")
    assert books.counted("rollups") == calls
    assert books.counted("totals") == calls
    return calls


def test_waiting_calls_are_priced_once_there_is_a_price(
    database: Database, reader: Reader, books: Books
) -> None:
    teller = Teller(database)
    teller.tell([a_call(**_HOUSE) for _ in range(7)])
    teller.tell([a_call(tenant="globex", **_HOUSE), a_call()])
    assert books.counted("calls")["unpriced_calls"] == 8
    _add(reader)
    late_pricer = _late_pricer(database)

    assert sum(late_pricer.price_waiting()) == 7
    assert sum(late_pricer.price_waiting()) == 0

    calls = _assert_books_agree(books)
    assert (calls["calls"], calls["unpriced_calls"]) == (9, 1)
    assert calls["cost_pico_usd"] == 7 * 1_200_000_000 + 210_000_000
    entries = books.rows("SELECT revision, sign, correction_reason FROM corrections ORDER BY id")
    assert {(e["revision"], e["correction_reason"]) for e in entries} == {(1, "priced_later")}
    assert sum(entry["sign"] for entry in entries) == 0


def test_more_calls_than_fit_a_batch_over_many_hours_are_all_found(
    database: Database, reader: Reader, books: Books
) -> None:
    starts = [START + timedelta(minutes=20 * n) for n in range(1300)]
    Teller(database).tell([a_call(started_at=at, **_HOUSE) for at in starts])
    Teller(database).tell([a_call(**_HOUSE) for _ in range(1300)])
    _add(reader)
    assert sum(_late_pricer(database).price_waiting()) == 2600
    assert _assert_books_agree(books)["unpriced_calls"] == 0


def test_several_processes_price_each_call_once(
    database: Database, reader: Reader, books: Books
) -> None:
    Teller(database).tell([a_call(**_HOUSE) for _ in range(900)])
    _add(reader)
    pricers = [_late_pricer(database) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        priced = sum(pool.map(lambda one: sum(one.price_waiting()), pricers))
    assert priced == 900
    assert _assert_books_agree(books)["cost_pico_usd"] == 900 * 1_200_000_000


def test_bookings_go_on_meanwhile(database: Database, reader: Reader, books: Books) -> None:
    teller = Teller(database)
    teller.tell([a_call(**_HOUSE) for _ in range(1500)])
    _add(reader)
    with ThreadPoolExecutor(2) as pool:
        priced = pool.submit(sum, _late_pricer(database).price_waiting())
        for _ in range(20):
            teller.tell([a_call() for _ in range(10)])
        assert priced.result() == 1500
    assert _assert_books_agree(books)["calls"] == 1700


def test_an_alias_gives_earlier_calls_a_price_and_leaves_them_their_name(
    database: Database, reader: Reader, books: Books
) -> None:
    Teller(database).tell([a_call(model="house-gpt")])
    _alias(reader, "house-gpt")
    assert sum(_late_pricer(database).price_waiting()) == 1
    assert _assert_books_agree(books)["cost_pico_usd"] == 210_000_000
    (model,) = books.rows("SELECT model FROM current_calls JOIN series USING (tenant, series_id)")
    assert model == {"model": "house-gpt"}


def test_a_copy_of_a_call_that_was_priced_later_joins_it(
    database: Database, reader: Reader, books: Books
) -> None:
    """Whoever joins them here knows no aliases, so that what they become waits once more."""
    teller = Teller(database)
    first = a_call(id="one", model="house-gpt", scope="a")
    teller.tell([first])
    _alias(reader, "house-gpt")
    late_pricer = _late_pricer(database)
    assert sum(late_pricer.price_waiting()) == 1
    later = {"scope": "b", "started_at": START + timedelta(milliseconds=5)}
    told = teller.tell([a_call(id="one", model="house-gpt", feature="search", **later)])
    assert told.duplicate == 1
    assert sum(late_pricer.price_waiting()) == 1
    calls = _assert_books_agree(books)
    assert (calls["calls"], calls["cost_pico_usd"]) == (1, 210_000_000)


def _alias(reader: Reader, name: str) -> None:
    alias = Alias(
        tenant="acme",
        provider="",
        alias=name,
        valid_from=ALWAYS,
        target_provider="",
        target_model="gpt-4o-mini",
    )
    set_alias(reader, alias)


def test_a_rate_gives_calls_in_its_currency_a_price(
    database: Database, reader: Reader, books: Books
) -> None:
    _add(reader, currency="EUR")
    Teller(database).tell([a_call(**_HOUSE)])
    (waiting,) = books.rows("SELECT cost_reason FROM calls")
    assert waiting == {"cost_reason": "no_exchange_rate_for_EUR"}
    add_exchange_rate(
        reader, currency="EUR", valid_on=date(2026, 10, 30), usd_per_unit=Decimal("1.5")
    )
    assert sum(_late_pricer(database).price_waiting()) == 1
    assert _assert_books_agree(books)["cost_pico_usd"] == 1_800_000_000


def test_a_tier_that_gets_a_price_prices_its_calls(
    database: Database, reader: Reader, books: Books
) -> None:
    Teller(database).tell([a_call(service_tier="scale")])
    _add(reader, provider="openai", model="*", rates=None, factor=Decimal(2),
         context={"service_tier": "scale"})  # fmt: skip
    assert sum(_late_pricer(database).price_waiting()) == 1
    assert _assert_books_agree(books)["cost_pico_usd"] == 420_000_000


def test_what_lacks_usage_stays_unpriced(database: Database, reader: Reader, books: Books) -> None:
    Teller(database).tell([a_call(usage=NO_USAGE), a_call(usage=NO_USAGE, **_HOUSE)])
    _add(reader)
    assert sum(_late_pricer(database).price_waiting()) == 0
    assert _assert_books_agree(books)["unpriced_calls"] == 2


def test_a_price_that_begins_after_a_call_does_not_concern_it(
    database: Database, reader: Reader, books: Books
) -> None:
    Teller(database).tell([a_call(**_HOUSE), a_call(started_at=START - timedelta(1), **_HOUSE)])
    _add(reader, valid_from=START)
    assert sum(_late_pricer(database).price_waiting()) == 1
    assert _assert_books_agree(books)["unpriced_calls"] == 1


def test_metrics_show_it_and_no_counter_falls(
    client: InProcessClient, database: Database, reader: Reader
) -> None:
    Teller(database).tell([a_call(**_HOUSE) for _ in range(3)])
    before = client.get("/metrics").text
    _add(reader)
    assert sum(_late_pricer(database).price_waiting()) == 3
    after = client.get("/metrics").text
    assert _sum(before, "tollbook_llm_unpriced_calls") == 3
    assert _sum(after, "tollbook_llm_unpriced_calls") == 0
    assert _sum(after, "tollbook_llm_cost_usd_total") == Decimal("0.0036")
    assert _sum(after, "tollbook_llm_calls_total") == 3
    assert _sum(after, "tollbook_llm_credits_usd_total") == 0
    assert _sum(after, "tollbook_ingest_priced_later_calls_total") == 3
    assert _sum(after, "tollbook_ingest_unaccounted_records") == 0


def _sum(text: str, name: str) -> Decimal:
    return sum((sample.value for sample in samples(text, name)), Decimal(0))


def test_the_job_waits_for_a_change_and_then_until_every_process_knows_it(
    database: Database, reader: Reader, books: Books, settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    today = datetime.now(UTC)
    Teller(database).tell([a_call(started_at=today, **_HOUSE)])
    late_pricer = late_pricer_for(database, settings)
    price_waiting_calls(database, late_pricer=late_pricer)
    _add(reader)
    price_waiting_calls(database, late_pricer=late_pricer)
    assert books.counted("calls")["unpriced_calls"] == 1
    deadline = time.monotonic() + 20
    while books.counted("calls")["unpriced_calls"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
        price_waiting_calls(database, late_pricer=late_pricer)
    check_books(database)
    assert "do not agree" not in caplog.text
    (mark,) = books.rows("SELECT place FROM ingest_marks WHERE source = 'late_pricing'")
    assert mark == {"place": 1}


def test_calls_that_are_priced_later_count_under_their_budgets(
    database: Database, reader: Reader
) -> None:
    budgets = [
        set_budget(database, a_budget(scope=scope))
        for scope in ({"tenant": "acme"}, {"tenant": "*", "user": "*"}, {"tags.team": "search"})
    ]
    teller = Teller(database)
    teller.tell([a_call(user=f"u-{n % 2}", tags={"team": "search"}, **_HOUSE) for n in range(5)])
    _add(reader)

    assert sum(_late_pricer(database).price_waiting()) == 5

    assert_exact(database, *budgets)
    assert sum(figures[0] for figures in sums_of(database, budgets[0]).values()) == 6_000_000_000


def test_one_process_at_a_time_goes_through_them_until_it_is_taken_for_dead(
    database: Database, reader: Reader, books: Books, settings: Settings
) -> None:
    Teller(database).tell([a_call(**_HOUSE)])
    _add(reader)
    late_pricer = late_pricer_for(database, settings)
    price_waiting_calls(database, late_pricer=late_pricer)
    past = 'detail || \'{"noticed_at": "2026-01-01T00:00:00Z"}\''
    another = "jsonb_build_object('busy_until', now() + interval '50 seconds')"
    books.write(f"UPDATE ingest_marks SET detail = {past} || {another}")
    price_waiting_calls(database, late_pricer=late_pricer)
    assert books.counted("calls")["unpriced_calls"] == 1
    books.write(
        "UPDATE ingest_marks SET detail = detail || jsonb_build_object('busy_until', now())"
    )
    price_waiting_calls(database, late_pricer=late_pricer)
    assert books.counted("calls")["unpriced_calls"] == 0


def test_the_jobs_of_a_real_process_price_them(
    database: Database, database_url: str, reader: Reader, books: Books
) -> None:
    Teller(database).tell([a_call(**_HOUSE) for _ in range(3)])
    with running("work", database_url=database_url):
        _add(reader)
        deadline = time.monotonic() + 40
        while books.counted("calls")["unpriced_calls"]:
            assert time.monotonic() < deadline
            time.sleep(0.3)
    assert _assert_books_agree(books)["cost_pico_usd"] == 3 * 1_200_000_000
