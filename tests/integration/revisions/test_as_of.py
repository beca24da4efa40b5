"""What the books said before stays there to be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.domain.errors import InvalidQuestion
from ledger.domain.usage import Usage
from ledger.queries.records.calls import list_calls
from ledger.queries.spend import SpendQuestion, SpendRow, spend
from ledger.storage.database import Database
from tests.factories.calls import START, a_call
from tests.integration.api.problems import problem_of
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.integration.revisions.repricing import END, Rounds, dearer
from tests.integration.revisions.repricing import START as NOVEMBER
from tests.servers.in_process import InProcessClient


def _question(as_of: datetime | None, **changes: Any) -> SpendQuestion:
    fields: dict[str, Any] = {
        "start": NOVEMBER,
        "end": END,
        "filters": {"tenant": ("acme",)},
        "group_by": ("model", "status"),
        "interval": "day",
    }
    return SpendQuestion(**{**fields, **changes}, as_of=as_of)


def _now(books: Books) -> datetime:
    moment: datetime = books.rows("SELECT clock_timestamp() AS now")[0]["now"]
    return moment.astimezone(UTC)


def test_each_state_of_the_books_can_be_asked_for_as_it_was(
    database: Database, books: Books
) -> None:
    teller, rounds = Teller(database), Rounds(database, dearer(database, 3))
    moments: list[datetime] = []
    answers: list[list[SpendRow]] = []
    pages: list[list[dict[str, Any]]] = []

    def note() -> None:
        moments.append(_now(books))
        answers.append(spend(rounds.reader, _question(None)))
        pages.append(list_calls(rounds.reader, tenant="acme"))

    note()
    span = a_call(id="span", response_id="r", dialect="otel_genai", scope="one", receiver="traces")
    teller.tell([span, a_call(model="gpt-4o"), a_call(tenant="bolt")])
    note()
    nearer = a_call(
        id="sdk", response_id="r", dialect="anthropic_sdk", scope="two", receiver="traces",
        started_at=START + timedelta(days=1), usage=Usage(input_tokens=7, output_tokens=1),
    )  # fmt: skip
    teller.tell([nearer, a_call(status="error", error_type="timeout")])
    note()
    rounds.reprice(filter={"model": ("gpt-4o",)})
    note()
    teller.tell([a_call()])
    rounds.reprice()
    note()

    for moment, answer, page in zip(moments, answers, pages, strict=True):
        assert spend(rounds.reader, _question(moment)) == answer
        then = list_calls(rounds.reader, tenant="acme", as_of=moment, start=NOVEMBER, end=END)
        assert then == page


def test_a_question_that_is_too_large_is_refused_with_what_is_needed(database: Database) -> None:
    reader = Rounds(database, dearer(database)).reader
    now = datetime.now(UTC)
    for changes, reason in (
        ({"filters": {}}, "tenant"),
        ({"filters": {"tenant": ("acme", "bolt")}}, "tenant"),
        ({"start": None}, "from and to"),
        ({"end": END + timedelta(days=2)}, "31 days"),
    ):
        with pytest.raises(InvalidQuestion, match=reason):
            spend(reader, _question(now, **changes))


def test_a_month_of_31_days_and_an_hour_is_answered(database: Database) -> None:
    reader = Rounds(database, dearer(database)).reader
    october = {
        "start": datetime(2026, 9, 30, 22, tzinfo=UTC),
        "end": datetime(2026, 10, 31, 23, tzinfo=UTC),
        "time_zone": "Europe/Berlin",
    }
    assert spend(reader, _question(datetime.now(UTC), **october)) == []


def test_the_api_takes_as_of(client: InProcessClient) -> None:
    body = {
        "tenant": "acme", "id": "one", "started_at": START.isoformat(), "provider": "openai",
        "model": "gpt-4o-mini", "usage": {"input_tokens": 1000, "output_tokens": 100},
    }  # fmt: skip
    before = datetime.now(UTC).isoformat()
    assert client.post("/v1/calls", json=body).status_code == 200
    asked = {"tenant": "acme", "from": "2026-11-01", "to": "2026-12-01"}

    for path, name in (("/v1/spend", "rows"), ("/v1/calls", "calls")):
        then = client.get(path, query_string={**asked, "as_of": before}).get_json()[name]
        now = datetime.now(UTC).isoformat()
        assert then == [] or then[0]["calls"] == 0
        (found,) = client.get(path, query_string={**asked, "as_of": now}).get_json()[name]
        assert found.get("calls", 1) == 1
        problem = problem_of(client.get(path, query_string={**asked, "as_of": "yesterday"}), 400)
        assert problem["parameter"] == "as_of"
        problem_of(client.get(path, query_string={"tenant": "acme", "as_of": now}), 400)
