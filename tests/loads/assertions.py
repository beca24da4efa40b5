"""What must hold of the books after any load, however it went."""

from __future__ import annotations

from collections.abc import Sequence

from tests.loads.books import Books
from tests.loads.kill_run import Survived
from tests.loads.retrying import Told
from tests.loads.shuffled import Loaded

_RECEIVERS = {"otlp": "traces", "ndjson": "calls"}
_TERMS = ("booked", "duplicate", "ignored", "rejected", "dead_lettered")


def assert_everywhere_the_same(books: Books, calls: int) -> None:
    """Calls, rollups, totals and /metrics hold the same sums, of exactly so many calls."""
    assert books.ledger.calls == calls
    assert books.everywhere == dict.fromkeys(books.everywhere, books.ledger)


def assert_all_is_accounted_for(books: Books, told: Sequence[Told], calls: int) -> None:
    """What came in is booked or a duplicate, nothing else, and is counted where it came in.

    A body whose answer was lost may or may not have been counted; one that was acknowledged was.
    """
    counted = {key: records for key, records in books.counted.items() if key[1] in _TERMS}
    assert {key: books.counted_in_metrics.get(key) for key in counted} == counted
    assert sum(counted.get((name, "booked"), 0) for name in _RECEIVERS.values()) == calls
    assert {result for _, result in counted} <= {"booked", "duplicate"}, counted
    for form, receiver in _RECEIVERS.items():
        taken = _taken(books, receiver)
        own = [said for said in told if said.form == form]
        acknowledged = sum(said.acknowledged_calls for said in own)
        assert acknowledged <= taken <= sum(said.attempted_calls for said in own)
        assert books.counted.get((receiver, "received"), taken) == taken


def assert_nothing_lost_or_doubled(survived: Survived, calls: int) -> None:
    """Every acknowledged call is there once, and nothing that was not sent."""
    assert [said.not_taken for said in survived.told] == [0] * len(survived.told)
    assert sum(said.acknowledged_calls for said in survived.told) == calls
    assert len(survived.booked_ids) == len(set(survived.booked_ids))
    assert survived.sent_ids - set(survived.booked_ids) == set()
    assert set(survived.booked_ids) - survived.sent_ids == set()
    assert_everywhere_the_same(survived.books, calls)
    assert_all_is_accounted_for(survived.books, survived.told, calls)


def assert_same_as_in_peace(shuffled: Loaded, quiet: Loaded, calls: int) -> None:
    """Every row of every table is that of the quiet load, and what came in is counted exactly."""
    assert shuffled.digests == quiet.digests
    assert shuffled.digests["calls"].rows == calls
    for loaded, times in ((quiet, 1), (shuffled, 3)):
        assert_everywhere_the_same(loaded.books, calls)
        assert_all_is_accounted_for(loaded.books, loaded.told, calls)
        taken = {receiver: _taken(loaded.books, receiver) for receiver in _RECEIVERS.values()}
        assert taken == {
            receiver: sum(said.acknowledged_calls for said in loaded.told if said.form == form)
            for form, receiver in _RECEIVERS.items()
        }
        assert sum(taken.values()) == times * calls


def _taken(books: Books, receiver: str) -> int:
    return sum(books.counted.get((receiver, result), 0) for result in ("booked", "duplicate"))
