"""Verdicts on records that were joined stand with the call they became, whatever came first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from ledger.access.principals import Principal
from ledger.commands.outcomes import record_outcome
from ledger.domain.calls import Call
from ledger.domain.joining import MOST_TELLINGS
from ledger.domain.outcomes import Outcome, Recorded, Verdict
from ledger.queries.reader import Reader
from ledger.queries.records.calls import list_calls
from ledger.queries.records.outcomes import outcome_history
from ledger.storage.database import Database
from tests.factories.calls import START, a_call
from tests.factories.spans import a_span
from tests.integration.bookings import Teller
from tests.servers.in_process import InProcessClient

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@pytest.fixture
def teller(database: Database) -> Teller:
    return Teller(database)


def _of_one_response(tenant: str) -> list[Call]:
    return [
        a_span("1", tenant=tenant, scope=scope, trace=trace * 32, response_id="r")
        for scope, trace in (("first", "a"), ("second", "b"), ("third", "c"))
    ]


def _spans_below_each_other(tenant: str) -> list[Call]:
    return [
        a_span(span, tenant=tenant, parent=parent, scope=span, started_at=START + after * _HOUR)
        for span, parent, after in (("g", None, 0), ("p", "g", 1), ("c", "p", 2))
    ]


def _of_one_id(tenant: str) -> list[Call]:
    return [a_call(tenant=tenant, id="x", started_at=START + n * _HOUR) for n in (1, 0, 2)]


_RELATIONS = (_of_one_response, _spans_below_each_other, _of_one_id)
_related = pytest.mark.parametrize("related", _RELATIONS)


def _judge(
    reader: Reader,
    record: Call,
    verdict: Verdict = "accepted",
    *,
    starts: bool = True,
    hour: int = 0,
) -> Recorded:
    outcome = Outcome(
        tenant=record.tenant,
        call_id=record.id,
        verdict=verdict,
        started_at=record.started_at if starts else None,
        at=NOON + hour * _HOUR,
    )
    return record_outcome(reader, outcome, NOON)


def _verdicts(reader: Reader, tenant: str = "acme") -> dict[str, Any]:
    """The verdict that stands by call, those without one left out."""
    rows = list_calls(reader, tenant=tenant)
    return {row["id"]: row["outcome_verdict"] for row in rows if row["outcome_verdict"]}


@pytest.mark.parametrize("starts", [True, False])
@_related
def test_in_whichever_order_records_and_verdicts_come_the_latest_stands_with_the_call(
    teller: Teller, reader: Reader, related: Callable[[str], list[Call]], starts: bool
) -> None:
    orders = list(permutations(("tell 0", "tell 1", "judge 0", "judge 1")))
    tenants = [f"tenant-{number}" for number in range(len(orders))]
    teller.tell([a_call(tenant=tenant) for tenant in tenants])
    for number, (tenant, order) in enumerate(zip(tenants, orders, strict=True)):
        records = related(tenant)
        for step in order:
            place = int(step[-1])
            if step.startswith("tell"):
                teller.tell([records[place]])
            else:
                later = (number + place) % 2
                verdict: Verdict = "edited" if later else "rejected"
                _judge(reader, records[place], verdict, starts=starts, hour=later)
        assert len(list_calls(reader, tenant=tenant)) == 2
        assert list(_verdicts(reader, tenant).values()) == ["edited"], order
        for record in records[:2]:
            history = outcome_history(reader, tenant=tenant, call_id=record.id)
            assert [row["verdict"] for row in history] == ["edited", "rejected"]


@_related
def test_a_verdict_goes_along_each_time_its_call_is_replaced(
    teller: Teller, reader: Reader, related: Callable[[str], list[Call]]
) -> None:
    for number, order in enumerate(permutations(range(3))):
        records = related(f"tenant-{number}")
        for place, step in enumerate(order):
            teller.tell([records[step]])
            if place == 0:
                _judge(reader, records[step], "edited")
            assert list(_verdicts(reader, f"tenant-{number}").values()) == ["edited"]
        assert len(list_calls(reader, tenant=f"tenant-{number}")) == 1


@_related
def test_the_answer_says_which_call_it_is(
    teller: Teller, reader: Reader, related: Callable[[str], list[Call]]
) -> None:
    records = related("acme")
    teller.tell(records)
    (call,) = list_calls(reader, tenant="acme")
    for starts in (True, False):
        for record in records:
            answer = _judge(reader, record, starts=starts)
            assert (answer.started_at, answer.call_id) == (call["started_at"], call["id"])
            assert not answer.waiting


def test_a_verdict_posted_for_a_call_that_others_bridge_later_is_shown_with_what_they_become(
    teller: Teller, reader: Reader
) -> None:
    grandparent, parent, child = _spans_below_each_other("acme")
    teller.tell([grandparent, child])
    _judge(reader, grandparent, "edited", hour=1)
    _judge(reader, child, "rejected")
    assert _verdicts(reader) == {grandparent.id: "edited", child.id: "rejected"}
    teller.tell([parent])
    assert _verdicts(reader) == {child.id: "edited"}


def test_a_verdict_follows_its_record_to_a_call_that_stays_as_it_was(
    teller: Teller, reader: Reader
) -> None:
    """The first record of one source goes with the first of the other: one more shifts all."""
    of_a, of_b = (
        [
            a_call(id=f"{scope}{n}", scope=scope, response_id="r", started_at=START + n * _HOUR)
            for n in range(3)
        ]
        for scope in ("a", "b")
    )
    teller.tell([*of_a[1:], *of_b[1:]])
    _judge(reader, of_b[2], "edited")
    assert _verdicts(reader) == {"a2": "edited"}
    teller.tell(of_a[:1])
    assert _verdicts(reader) == {"a1": "edited"}


def test_when_calls_are_parted_again_each_keeps_its_own_verdict(
    teller: Teller, reader: Reader
) -> None:
    one, other = _of_one_response("acme")[:2]
    teller.tell([one, other])
    _judge(reader, one, "edited", hour=1)
    _judge(reader, other, "rejected")
    assert list(_verdicts(reader).values()) == ["edited"]
    teller.tell([a_call(response_id="r", scope="worn") for _ in range(MOST_TELLINGS)])
    assert _verdicts(reader) == {one.id: "edited", other.id: "rejected"}


@_related
def test_verdicts_stay_with_their_tenant(
    teller: Teller, database: Database, reader: Reader, related: Callable[[str], list[Call]]
) -> None:
    for tenant in ("acme", "globex"):
        teller.tell(related(tenant))
    (one,) = list_calls(reader, tenant="globex")
    for record in related("acme"):
        _judge(reader, record, "edited")
        _judge(reader, record, "edited", starts=False)
    assert list(_verdicts(reader).values()) == ["edited"]
    assert _verdicts(reader, "globex") == {}
    assert outcome_history(reader, tenant="globex", call_id=one["id"]) == []
    theirs = Reader(database, Principal("globex's viewer", ("globex",)))
    assert outcome_history(theirs, tenant="acme", call_id=one["id"]) == []
    assert list_calls(theirs, tenant="acme") == []


def test_verdicts_that_come_while_calls_are_joined_are_all_there(
    database: Database, teller: Teller, reader: Reader
) -> None:
    pairs = [
        [
            a_span(f"{number}", scope=scope, trace=trace * 32, response_id=f"r{number}")
            for scope, trace in (("first", "a"), ("second", "b"))
        ]
        for number in range(60)
    ]
    teller.tell([pair[0] for pair in pairs])

    def join(part: list[list[Call]]) -> None:
        own = Teller(database)
        for pair in part:
            own.tell([pair[1]])

    def judge(part: list[list[Call]]) -> None:
        for pair in part:
            _judge(reader, pair[0], "edited")
            _judge(reader, pair[1], "rejected", starts=False, hour=1)

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(join, pairs[n::2]) for n in (0, 1)]
        done += [pool.submit(judge, pairs[n::2]) for n in (0, 1)]
        for one in done:
            one.result()
    assert len(list_calls(reader, tenant="acme")) == 60
    assert list(_verdicts(reader).values()) == ["rejected"] * 60


def test_the_id_of_a_merged_record_finds_its_call_over_http(
    client: InProcessClient, teller: Teller
) -> None:
    one, other = _of_one_response("acme")[:2]
    teller.tell([one, other])
    verdict = {"tenant": "acme", "verdict": "edited"}
    answer = client.post(f"/v1/calls/{other.id}/outcome", json=verdict)
    assert answer.status_code == 200
    assert (answer.get_json()["id"], answer.get_json()["call_id"]) == (other.id, one.id)
    (call,) = client.get("/v1/calls?tenant=acme").get_json()["calls"]
    assert (call["id"], call["verdict"]) == (one.id, "edited")
    (row,) = client.get(f"/v1/calls/{one.id}/outcome?tenant=acme").get_json()["outcomes"]
    assert (row["id"], row["verdict"]) == (other.id, "edited")
