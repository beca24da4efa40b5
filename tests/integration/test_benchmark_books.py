"""The benchmark's own check of the books finds a lost, a doubled and an uncounted call."""

from __future__ import annotations

import psycopg
import pytest
from flask.testing import FlaskClient

from benchmarks.measuring.books import check_books
from tests.factories.calls import a_record


@pytest.fixture
def booked(client: FlaskClient) -> int:
    """Three calls in the books."""
    answer = client.post("/v1/calls", json=[a_record() for _ in range(3)])
    assert answer.json == {"booked": 3, "duplicate": 0, "rejected": []}
    return 3


def test_books_that_hold_what_was_sent_are_accepted(database_url: str, booked: int) -> None:
    assert check_books(database_url, booked) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "DELETE FROM calls WHERE ctid = (SELECT min(ctid) FROM calls)",
        "UPDATE rollups SET calls = calls + 1",
        "UPDATE totals SET cost_pico_usd = cost_pico_usd + 1",
        "UPDATE rollups SET input_tokens = input_tokens - 1",
    ],
)
def test_books_that_disagree_are_refused(database_url: str, booked: int, fault: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(fault.encode())
    with pytest.raises(RuntimeError, match="the books hold"):
        check_books(database_url, booked)


@pytest.mark.parametrize("sent", [2, 4])
def test_books_of_another_number_of_calls_are_refused(
    database_url: str, booked: int, sent: int
) -> None:
    with pytest.raises(RuntimeError, match=f"sent {sent} different calls"):
        check_books(database_url, sent)
