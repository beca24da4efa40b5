"""Re-pricing keeps every place of the books in step, and what stood before in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledger.domain.calls import Call, Cost
from ledger.domain.usage import TOKEN_FIELDS, Usage
from ledger.queries.revisions.repricings import differences_of
from ledger.storage.database import Database
from ledger.storage.self_check import check_day, check_totals
from tests.factories.budgets import a_budget
from tests.factories.calls import START as CALLS_START
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.integration.budgets.books import assert_exact, set_budget, sums_of
from tests.integration.revisions.repricing import START, Rounds, dearer

_HOUR = timedelta(hours=1)


def _assert_in_step(books: Books) -> None:
    """Calls, rollups and totals less credits say the same."""
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")
    assert books.histogram("calls") == books.histogram("rollups") == books.histogram("totals")


def _some_calls(number: int, **changes: Any) -> list[Any]:
    return [a_call(started_at=CALLS_START + _HOUR * n, **changes) for n in range(number)]


def test_every_changed_call_gets_one_pair_of_entries_and_all_sums_follow(
    database: Database, books: Books
) -> None:
    Teller(database).tell([*_some_calls(20), *_some_calls(20, tenant="bolt", model="gpt-4o")])
    before = books.counted("calls")["cost_pico_usd"]

    done = Rounds(database, dearer(database)).reprice()

    after = books.counted("calls")["cost_pico_usd"]
    assert after == 2 * before
    assert (done.state, done.calls_seen, done.calls_changed) == ("done", 40, 40)
    assert (done.before_pico_usd, done.after_pico_usd) == (before, after)
    entries = books.rows(
        "SELECT sign, revision, correction_reason, repricing_id, count(*) AS n FROM corrections"
        " GROUP BY 1, 2, 3, 4 ORDER BY 1"
    )
    number = done.repricing_id
    assert [tuple(row.values()) for row in entries] == [
        (-1, 1, "repriced", number, 40),
        (1, 1, "repriced", number, 40),
    ]
    _assert_in_step(books)
    with database.transaction("tollbook_ingest") as connection:
        assert check_totals(connection) == (0, 0)
        assert check_day(connection, "a day", CALLS_START.date()) == (0, 0)


def test_a_call_is_priced_with_all_that_its_price_and_its_budgets_hang_on(
    database: Database,
) -> None:
    told = a_call(
        model="gpt-4o", request_model="gpt-4o-2024-11-20", operation="embeddings", region="eu",
        status="error", error_type="timeout", service_tier="batch", cache_hit=False, user="ann",
        tags={"team": "a", "n": 1}, feature="search", service="web", environment="test",
        prompt_version="3", usage=Usage(**{name: n for n, name in enumerate(TOKEN_FIELDS, 1)}),
        reservation_id="7c5b3c1e-0000-4000-8000-000000000000", duration_seconds=None,
    )  # fmt: skip
    Teller(database).tell([told], "calls")
    seen: list[Call] = []

    def price_all(calls: list[Call]) -> list[Cost]:
        seen.extend(calls)
        return dearer(database)(calls)

    Rounds(database, price_all).reprice(dry_run=True)
    assert seen == [told]


def test_unchanged_calls_get_nothing(database: Database, books: Books) -> None:
    Teller(database).tell(_some_calls(10))
    done = Rounds(database, dearer(database, 1)).reprice()
    assert (done.calls_seen, done.calls_changed) == (10, 0)
    assert books.rows("SELECT * FROM corrections") == []


def test_a_second_repricing_starts_from_the_first(database: Database, books: Books) -> None:
    Teller(database).tell(_some_calls(10))
    before = books.everything()
    Rounds(database, dearer(database, 3)).reprice()
    Rounds(database, dearer(database, 5)).reprice()
    back = Rounds(database, dearer(database, 1)).reprice()
    assert back.calls_changed == 10
    assert books.everything() == before
    _assert_in_step(books)


def test_a_dry_run_says_the_same_and_writes_no_entry(database: Database, books: Books) -> None:
    Teller(database).tell([*_some_calls(10), *_some_calls(3, model="no-such-model")])
    before = books.everything()
    rounds = Rounds(database, dearer(database))

    dry = rounds.reprice(dry_run=True)
    assert books.everything() == before
    real = rounds.reprice()

    assert (dry.calls_seen, dry.calls_changed, dry.after_pico_usd) == (
        real.calls_seen,
        real.calls_changed,
        real.after_pico_usd,
    )
    assert differences_of(rounds.reader, dry.repricing_id) == differences_of(
        rounds.reader, real.repricing_id
    )


def test_only_chosen_calls_of_the_period_and_the_tenant_are_repriced(
    database: Database, books: Books
) -> None:
    wanted = a_call(model="gpt-4o", feature="search", started_at=START)
    Teller(database).tell(
        [
            wanted,
            a_call(model="gpt-4o", feature="chat", started_at=START),
            a_call(feature="search", started_at=START),
            a_call(model="gpt-4o", feature="search", started_at=START, tenant="bolt"),
            a_call(model="gpt-4o", feature="search", started_at=START - timedelta(microseconds=1)),
            a_call(model="gpt-4o", feature="search", started_at=START + _HOUR),
        ]
    )
    done = Rounds(database, dearer(database)).reprice(
        tenant="acme",
        end=START + _HOUR,
        filter={"model": ("gpt-4o",), "feature": ("search", "other"), "cost_status": ("priced",)},
    )
    assert (done.calls_seen, done.calls_changed) == (1, 1)
    (row,) = books.rows("SELECT id FROM corrections WHERE sign = 1")
    assert row["id"] == wanted.id


def test_calls_of_one_moment_are_not_skipped_between_pages(
    database: Database, books: Books
) -> None:
    Teller(database).tell([a_call() for _ in range(25)])
    done = Rounds(database, dearer(database), calls_a_page=4).reprice()
    assert done.calls_changed == 25
    _assert_in_step(books)


def test_joined_calls_are_repriced_as_they_stand(database: Database, books: Books) -> None:
    teller = Teller(database)
    span = a_call(
        id="span", response_id="r", dialect="otel_genai", receiver="traces", scope="one",
        usage=Usage(input_tokens=10, output_tokens=10),
    )  # fmt: skip
    nearer = a_call(
        id="sdk", response_id="r", dialect="anthropic_sdk", receiver="traces", scope="two",
        started_at=CALLS_START + _HOUR, usage=Usage(input_tokens=30, output_tokens=10),
    )  # fmt: skip
    teller.tell([span])
    teller.tell([nearer])
    (standing,) = books.rows("SELECT id, cost_pico_usd FROM current_calls")

    done = Rounds(database, dearer(database), calls_a_page=1).reprice()

    assert (done.calls_seen, done.calls_changed) == (1, 1)
    (now,) = books.rows("SELECT id, cost_pico_usd FROM current_calls")
    assert now == {"id": standing["id"], "cost_pico_usd": 2 * standing["cost_pico_usd"]}
    _assert_in_step(books)


def test_what_calls_cost_now_counts_under_their_budgets(database: Database) -> None:
    scopes = ({"tenant": "acme"}, {"tenant": "*", "user": "*"}, {"tags.team": "search"})
    budgets = [set_budget(database, a_budget(scope=scope)) for scope in scopes]
    Teller(database).tell(_some_calls(12, user="ada", tags={"team": "search"}))
    before = sums_of(database, budgets[0])

    Rounds(database, dearer(database)).reprice()

    assert_exact(database, *budgets)
    after = sums_of(database, budgets[0])
    assert sum(one[0] for one in after.values()) == 2 * sum(one[0] for one in before.values()) > 0
