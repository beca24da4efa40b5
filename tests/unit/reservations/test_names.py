"""Names of reservations."""

from __future__ import annotations

import time

from ledger.domain.reservations.names import name_for, new_name


def test_new_names_are_uuids_that_sort_by_time() -> None:
    first = new_name()
    time.sleep(0.002)
    second = new_name()

    assert first.version == second.version == 7
    assert first.variant == second.variant
    assert first < second
    assert abs((first.int >> 80) / 1000 - time.time()) < 5


def test_new_names_differ() -> None:
    assert len({new_name() for _ in range(10_000)}) == 10_000


def test_a_key_stands_for_one_name_within_its_tenant() -> None:
    assert name_for("acme", "order 17") == name_for("acme", "order 17")
    assert name_for("acme", "order 17") != name_for("acme", "order 18")
    assert name_for("acme", "order 17") != name_for("globex", "order 17")
