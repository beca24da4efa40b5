"""Which records tell of one call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from time import perf_counter
from typing import Any

from ledger.domain.calls import Call
from ledger.domain.joining import MOST_TELLINGS, Worn, join
from ledger.domain.usage import NO_USAGE
from tests.factories.calls import START, a_call
from tests.factories.spans import LANGCHAIN_SCOPE, OPENAI_SCOPE, TRACE, a_span, an_event

_SECOND = timedelta(seconds=1)


def _groups(records: Iterable[Call], worn: Worn = Worn()) -> set[frozenset[str]]:  # noqa: B008
    """The names of the records of each call: id, and its second after START."""
    return {
        frozenset(
            f"{r.id.removeprefix(TRACE).lstrip('0')}@{(r.started_at - START).total_seconds():.0f}"
            for r in one.records
        )
        for one in join(records, worn)
    }


def _apart(*names: str) -> set[frozenset[str]]:
    return {frozenset([name]) for name in names}


def test_calls_that_share_nothing_stay_apart() -> None:
    records = [a_call(id="a"), a_call(id="b"), a_call(id="c")]
    assert [one.records for one in join(records)] == [(r,) for r in records]
    assert [one.call for one in join(records)] == records


def test_one_id_under_several_starts_is_one_call() -> None:
    records = [a_call(id="a", started_at=START + place * _SECOND) for place in range(3)]
    assert _groups(records) == {frozenset({"a@0", "a@1", "a@2"})}


def test_one_response_told_by_two_instrumentations_is_one_call() -> None:
    records = [
        a_span("1", scope=OPENAI_SCOPE, response_id="r"),
        a_span("2", scope=LANGCHAIN_SCOPE, response_id="r", trace="b" * 32, id="2"),
    ]
    assert len(join(records)) == 1


def test_one_response_told_by_a_span_and_a_log_of_the_same_scope_is_one_call() -> None:
    records = [
        a_call(id="span", receiver="traces", scope="s", response_id="r"),
        a_call(id="log", receiver="logs", scope="s", response_id="r"),
    ]
    assert _groups(records) == {frozenset({"span@0", "log@0"})}


def test_one_source_that_repeats_a_response_id_tells_of_as_many_calls() -> None:
    records = [a_call(id=name, response_id="r") for name in "abc"]
    assert _groups(records) == _apart("a@0", "b@0", "c@0")


def test_a_repeated_response_joins_the_nth_of_one_source_with_the_nth_of_another() -> None:
    first = [
        a_call(id=f"f{n}", scope="first", response_id="r", started_at=START + n * _SECOND)
        for n in range(3)
    ]
    second = [
        a_call(id=f"s{n}", scope="second", response_id="r", started_at=START + (n + 9) * _SECOND)
        for n in range(2)
    ]
    assert _groups([*second, *first]) == {
        frozenset({"f0@0", "s0@9"}),
        frozenset({"f1@1", "s1@10"}),
        frozenset({"f2@2"}),
    }


def test_calls_without_a_response_id_are_not_joined_by_it() -> None:
    records = [
        a_call(id=f"{value!r} {scope}", response_id=value, scope=scope)
        for value in (None, "")
        for scope in ("first", "second")
    ]
    assert len(join(records)) == 4


def test_a_response_id_that_every_call_has_joins_nothing() -> None:
    half = MOST_TELLINGS // 2
    records = [
        a_call(id=f"{scope}{n}", scope=scope, response_id="same")
        for n in range(half)
        for scope in ("first", "second")
    ]
    assert len(join(records)) == half
    one_more = a_call(id="more", scope="first", response_id="same")
    assert len(join([*records, one_more])) == MOST_TELLINGS + 1


def test_an_id_that_every_call_has_joins_nothing() -> None:
    records = [a_call(id="0", started_at=START + n * _SECOND) for n in range(MOST_TELLINGS)]
    assert len(join(records)) == 1
    one_more = a_call(id="0", started_at=START + 999 * _SECOND)
    assert len(join([*records, one_more])) == MOST_TELLINGS + 1


def test_a_span_with_very_many_requests_below_it_is_none_itself() -> None:
    parent = a_span("p")
    children = [a_span(f"{n}", parent="p") for n in range(MOST_TELLINGS)]
    assert len(join([parent, *children])) == MOST_TELLINGS
    assert len(join([parent, *children, a_span("more", parent="p")])) == MOST_TELLINGS + 2


def test_names_that_are_known_to_be_worn_join_nothing() -> None:
    same_id = [a_call(id="a"), a_call(id="a", started_at=START + _SECOND)]
    assert len(join(same_id, Worn(ids=frozenset("a")))) == 2
    response = [a_call(scope=scope, response_id="r") for scope in "xy"]
    assert len(join(response, Worn(responses=frozenset("r")))) == 2
    spans = [a_span("p"), a_span("c", parent="p")]
    assert len(join(spans, Worn(parents=frozenset([spans[0].id])))) == 2


def test_a_request_below_a_request_is_the_same_one() -> None:
    assert _groups([a_span("p"), a_span("c", parent="p")]) == {frozenset({"p@0", "c@0"})}


def test_instrumentations_name_one_operation_differently() -> None:
    spans = [a_span("p", operation="completion"), a_span("c", parent="p", operation="chat")]
    assert len(join(spans)) == 1


def test_an_embedding_below_a_chat_is_a_call_of_its_own() -> None:
    spans = [a_span("p"), a_span("c", parent="p", operation="embeddings")]
    assert _groups(spans) == _apart("p@0", "c@0")


def test_of_several_tries_the_one_that_worked_is_its_parents() -> None:
    failed: dict[str, Any] = {"status": "error", "error_type": "429", "usage": NO_USAGE}
    spans = [
        a_span("p"),
        a_span("1", parent="p", **failed),
        a_span("2", parent="p", started_at=START + 5 * _SECOND),
        a_span("3", parent="p", started_at=START + 9 * _SECOND, **failed),
    ]
    assert _groups(spans) == {frozenset({"p@0", "2@5"}), *_apart("1@0", "3@9")}


def test_a_parent_that_failed_failed_with_its_last_try() -> None:
    failed: dict[str, Any] = {"status": "error", "error_type": "500", "usage": NO_USAGE}
    spans = [
        a_span("p", **failed),
        a_span("1", parent="p", **failed),
        a_span("2", parent="p", started_at=START + 5 * _SECOND, **failed),
    ]
    assert _groups(spans) == {frozenset({"p@0", "2@5"}), *_apart("1@0")}


def test_a_parent_that_worked_is_not_a_try_that_failed() -> None:
    spans = [a_span("p"), a_span("1", parent="p", status="error", usage=NO_USAGE)]
    assert _groups(spans) == _apart("p@0", "1@0")


def test_a_chain_of_requests_is_one_call() -> None:
    spans = [a_span("p"), a_span("c", parent="p"), a_span("g", parent="c")]
    assert _groups(spans) == {frozenset({"p@0", "c@0", "g@0"})}


def test_a_parent_stays_with_the_child_that_told_its_response() -> None:
    spans = [
        a_span("p", scope=LANGCHAIN_SCOPE, response_id="r1"),
        a_span("1", parent="p", scope=OPENAI_SCOPE, response_id="r1"),
        a_span("2", parent="p", scope=OPENAI_SCOPE, started_at=START + 5 * _SECOND),
    ]
    assert _groups(spans) == {frozenset({"p@0", "1@0"}), *_apart("2@5")}


def test_an_event_and_a_span_below_a_span_are_both_of_its_request() -> None:
    event = an_event("p", id="event", started_at=START + 9 * _SECOND)
    spans = [a_span("p"), a_span("c", parent="p")]
    assert _groups([event, *spans]) == {frozenset({"p@0", "c@0", "event@9"})}


def test_spans_in_a_circle_are_joined_and_not_walked_for_ever() -> None:
    circle = [a_span("1", parent="3"), a_span("2", parent="1"), a_span("3", parent="2")]
    tail = a_span("t", parent="1")
    assert len(join(circle)) == 1
    assert sum(len(one.records) for one in join([*circle, tail])) == 4


def test_a_span_that_names_itself_as_its_parent_is_one_call() -> None:
    assert _groups([a_span("s", parent="s")]) == _apart("s@0")


def test_spans_of_different_traces_are_not_parent_and_child() -> None:
    assert len(join([a_span("p"), a_span("c", parent="p", trace="b" * 32)])) == 2


def test_a_chain_of_thousands_takes_no_longer_than_as_many_calls() -> None:
    chain = [a_span(f"{n + 1:x}", parent=f"{n:x}") for n in range(5000)]
    started = perf_counter()
    assert len(join(chain)) == 1
    assert perf_counter() - started < 2
