"""What waits in the processes of a collector is shown, by whichever of them is asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg

from ledger.storage.turns import TURN
from tests.factories.calls import a_record
from tests.servers.api import Api
from tests.servers.exposition import total
from tests.servers.homes import wait_until

_SENDERS = 6


def _waiting(url: str, name: str) -> int:
    api = Api(url)
    try:
        return int(total(api.metrics(), f"tollbook_ingest_waiting_{name}"))
    finally:
        api.close()


def _send(url: str) -> int:
    api = Api(url)
    try:
        return int(api.book([a_record() for _ in range(10)])["booked"])
    finally:
        api.close()


def test_calls_that_wait_for_their_turn_are_shown_by_every_process(
    database_url: str, collector_url: str
) -> None:
    # The first booking makes what bookings need, beside their turn.
    _send(collector_url)
    with ThreadPoolExecutor(_SENDERS) as senders:
        with psycopg.connect(database_url) as connection:
            connection.execute(f"SELECT {TURN}".encode())
            sent = [senders.submit(_send, collector_url) for _ in range(_SENDERS)]
            wait_until(lambda: _waiting(collector_url, "calls") == 10 * _SENDERS, "all wait")
            # Over connections of their own, so that both processes are asked.
            assert {_waiting(collector_url, "calls") for _ in range(20)} == {10 * _SENDERS}
            assert not any(one.done() for one in sent)
        assert [one.result() for one in sent] == [10] * _SENDERS
    assert {_waiting(collector_url, "calls") for _ in range(20)} == {0}
    assert {_waiting(collector_url, "bytes") for _ in range(20)} == {0}
