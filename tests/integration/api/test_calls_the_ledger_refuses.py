"""A call that Postgres itself does not take is refused alone, with where it stood and why."""

from __future__ import annotations

import pytest

from tests.factories.calls import a_record
from tests.integration.books import Books
from tests.integration.refused.letters import cursed
from tests.servers.in_process import InProcessClient


def test_the_others_of_its_request_are_booked(
    client: InProcessClient, database_url: str, books: Books
) -> None:
    bad = a_record(usage={"input_tokens": -1})
    records = [bad, a_record(), a_record(feature="cursed"), a_record(), a_record()]
    with cursed(database_url):
        response = client.post("/v1/calls", json=records)

    assert response.status_code == 200
    answer = response.get_json()
    assert (answer["booked"], answer["duplicate"]) == (3, 0)
    assert [refused["index"] for refused in answer["rejected"]] == [0, 2]
    assert "does not take" in answer["rejected"][1]["reason"]
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")
    assert books.ingest_counts() == {
        ("calls", "received"): 5,
        ("calls", "booked"): 3,
        ("calls", "rejected"): 2,
    }


@pytest.mark.parametrize("records", [1, 3])
def test_where_all_are_refused_the_request_is(
    client: InProcessClient, database_url: str, books: Books, records: int
) -> None:
    with cursed(database_url):
        response = client.post("/v1/calls", json=[a_record(feature="cursed")] * records)

    assert response.status_code == 400
    assert books.counted("calls")["calls"] == 0
    kept = books.rows("SELECT kind, reason FROM refused_records")
    assert {row["kind"] for row in kept} == {"rejected"}


def test_what_was_refused_can_be_sent_again_once_nothing_is_wrong(
    client: InProcessClient, database_url: str, books: Books
) -> None:
    records = [a_record(), a_record(feature="cursed")]
    with cursed(database_url):
        client.post("/v1/calls", json=records)

    answer = client.post("/v1/calls", json=records).get_json()
    assert (answer["booked"], answer["duplicate"], answer["rejected"]) == (1, 1, [])
    assert books.counted("calls")["calls"] == 2
