"""A request is read in parts and answered once all of them are durable."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from collector.pipeline.outcome import Outcome
from collector.pipeline.request import RECORDS_A_PART, Read, Request
from collector.receivers.received import Reading, Received, Refused
from ledger.domain.errors import LedgerUnavailable, UnreadableBody
from tests.factories.calls import a_call

CALL = a_call()


def a_request(read: Read) -> Request:
    return Request("calls", "acme", read, 1)


def _of(*readings: Reading) -> Read:
    return lambda: iter(readings)


def _ends_with(error: Exception, *readings: Reading) -> Read:
    def read() -> Iterator[Reading]:
        yield from readings
        raise error

    return read


def _durable(part: Received) -> Future[Outcome]:
    durable: Future[Outcome] = Future()
    durable.set_result(_outcome(part))
    return durable


def _outcome(part: Received) -> Outcome:
    return Outcome(
        booked=len(part.calls),
        ignored=part.ignored,
        rejected=part.rejected,
        refusals=part.refusals,
    )


def test_the_outcome_counts_every_part_and_tells_refusals_by_their_place_in_the_request() -> None:
    readings = [CALL, None, Refused("tenant", "missing")] * RECORDS_A_PART
    request = a_request(_of(*readings))
    waiting = []
    while not request.is_read:
        part = request.next_part()
        durable: Future[Outcome] = Future()
        request.begin(part, durable)
        waiting.append((part, durable))
    request.end()
    for part, durable in reversed(waiting):
        assert not request.outcome.done()
        durable.set_result(_outcome(part))

    outcome = request.outcome.result(0)
    assert len(waiting) > 3
    assert (outcome.booked, outcome.ignored, outcome.rejected) == (RECORDS_A_PART,) * 3
    assert [refusal.index for refusal in outcome.refusals] == list(range(2, len(readings), 3))


def test_an_empty_request_has_an_outcome() -> None:
    request = a_request(_of())
    request.begin(part := request.next_part(), _durable(part))
    assert request.is_read
    request.end()
    assert request.outcome.result(0).records == 0


def test_a_part_that_fails_ends_the_request_once_the_others_are_there() -> None:
    request = a_request(_of(*[CALL] * (3 * RECORDS_A_PART)))
    first, second = Future[Outcome](), Future[Outcome]()
    for durable in (first, second):
        request.next_part()
        request.begin(Received("calls"), durable)
    first.set_exception(LedgerUnavailable("gone"))
    assert request.is_read
    request.end()
    assert not request.outcome.done()

    second.set_result(Outcome(booked=1))
    with pytest.raises(LedgerUnavailable, match="gone"):
        request.outcome.result(0)


def test_with_many_parts_under_way_it_waits_and_resumes_when_one_of_them_is_there() -> None:
    request = a_request(_of(*[CALL] * (3 * RECORDS_A_PART)))
    resumed: list[bool] = []
    under_way = Future[Outcome]()
    request.begin(request.next_part(), under_way)

    assert not request.has_to_wait(lambda: resumed.append(True), most=2)
    assert request.has_to_wait(lambda: resumed.append(True), most=1)
    assert not resumed
    under_way.set_result(Outcome())
    assert resumed == [True]


def test_a_body_that_is_unreadable_from_the_start_is_refused_as_a_whole() -> None:
    with pytest.raises(UnreadableBody, match="no JSON"):
        a_request(_ends_with(UnreadableBody("no JSON"))).next_part()


@pytest.mark.parametrize("before", [1, RECORDS_A_PART, RECORDS_A_PART + 1])
def test_what_came_before_the_damage_of_a_body_is_kept(before: int) -> None:
    request = a_request(_ends_with(UnreadableBody("cut off"), *[CALL] * before))
    while not request.is_read:
        request.begin(part := request.next_part(), _durable(part))
    request.end()

    outcome = request.outcome.result(0)
    assert (outcome.booked, outcome.rejected) == (before, 1)
    assert [(one.index, one.reason) for one in outcome.refusals] == [(before, "cut off")]


def test_evidence_is_bounded_for_the_request_and_not_for_each_part() -> None:
    request = a_request(_of(*[Refused("tenant", "missing")] * (2 * RECORDS_A_PART)))
    kept = 0
    while not request.is_read:
        part = request.next_part()
        kept += len(part.evidence)
        request.begin(part, _durable(part))
    request.end()
    assert kept == 100
    assert request.outcome.result(0).rejected == 2 * RECORDS_A_PART
