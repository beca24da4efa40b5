"""Several processes meet a customer for the first time at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.servers.collectors import collecting
from tests.servers.tills import Till, Told

CALLS = 8


@pytest.fixture
def tills(database_url: str, tmp_path: Path) -> Iterator[list[Till]]:
    """Clients with a connection each, on a collector of two processes."""
    with collecting(database_url, home=str(tmp_path)) as collector:
        tills = [Till(collector.url) for _ in range(CALLS)]
        yield tills
        for till in tills:
            till.close()


def test_of_eight_first_calls_of_a_customer_exactly_the_one_that_fits_is_admitted(
    tills: list[Till],
) -> None:
    tills[0].budget(name="each", scope={"tenant": "*"}, amount_usd="1", fail="closed")
    for round_ in range(5):
        told = _all_at_once(tills, f"customer {round_}")

        assert [one.status for one in told] == [200] * CALLS
        assert sum(one.body["allowed"] for one in told) == 1


def test_a_name_that_is_used_by_eight_at_once_is_held_once(tills: list[Till]) -> None:
    tills[0].budget(name="named", scope={"tenant": "named"}, amount_usd="10", fail="closed")
    for _ in range(5):
        name = str(uuid4())
        told = _all_at_once(tills, "named", reservation_id=name)

        assert [one.status for one in told] == [200] * CALLS
        assert {one.body["reservation_id"] for one in told} == {name}
    assert tills[0].reserve("100", tenant="named").body["remaining_usd"] == "7"


def _all_at_once(tills: list[Till], customer: str, **fields: Any) -> list[Told]:
    barrier = threading.Barrier(CALLS)
    told: list[Told] = []

    def ask(till: Till) -> None:
        barrier.wait()
        told.append(till.reserve("0.6", tenant=customer, **fields))

    threads = [threading.Thread(target=ask, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told
