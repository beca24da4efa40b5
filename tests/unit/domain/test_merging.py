"""What the records of one call add up to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.calls import Call
from ledger.domain.merging import in_rank, merged
from ledger.domain.usage import NO_USAGE, Usage
from tests.factories.calls import START, a_call
from tests.factories.spans import a_span, an_event


def _merged(*calls: Call) -> Call:
    return merged(in_rank(calls))


def test_the_providers_own_sdk_speaks_before_others_and_logs_come_last() -> None:
    dialects = ["anthropic_sdk", "openinference", "litellm", "otel_genai_event"]
    calls = [a_call(dialect=dialect) for dialect in dialects]
    assert [call.dialect for call in in_rank(calls[::-1])] == dialects


def test_a_record_out_of_a_log_comes_last_whatever_it_is_written_in() -> None:
    calls = [a_call(dialect="tollbook", receiver="tail"), a_call(dialect="litellm", receiver="x")]
    assert in_rank(calls)[0].dialect == "litellm"


def test_of_one_rank_the_deepest_span_speaks_first() -> None:
    spans = [a_span("p", scope="a"), a_span("c", parent="p", scope="b")]
    assert [call.scope for call in in_rank(spans)] == ["b", "a"]


def test_of_one_rank_and_depth_the_scopes_name_decides() -> None:
    calls = [a_call(scope="b"), a_call(scope="a", started_at=START + timedelta(hours=1))]
    assert in_rank(calls)[0].scope == "a"


def test_the_first_record_names_the_call_and_others_fill_in_what_it_does_not_say() -> None:
    first = a_span("1", dialect="anthropic_sdk", provider="anthropic", model="claude", feature="")
    other = a_span(
        "2", parent="1", provider="unknown", model="other", feature="search", user="u",
        service="api", response_id="r", duration_seconds=9.0, time_to_first_token_seconds=0.5,
    )  # fmt: skip
    call = _merged(other, first)
    assert (call.id, call.started_at, call.scope) == (first.id, first.started_at, first.scope)
    assert (call.provider, call.model, call.duration_seconds) == ("anthropic", "claude", 1.5)
    assert (call.feature, call.user, call.service) == ("search", "u", "api")
    assert (call.response_id, call.time_to_first_token_seconds) == ("r", 0.5)


@pytest.mark.parametrize("name", ["provider", "model"])
def test_an_unknown_name_gives_way_to_a_known_one(name: str) -> None:
    first, other = a_span("1", dialect="anthropic_sdk", **{name: "unknown"}), a_span("2")
    assert getattr(_merged(first, other), name) == getattr(other, name)


def test_usage_is_taken_whole_from_the_first_record_that_knows_all_of_it() -> None:
    own = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 2}
    both = Usage(input_tokens=7, output_tokens=2)
    records = [
        a_span("1", dialect="anthropic_sdk", usage=Usage(input_tokens=8)),
        a_span("2", usage=both, raw_usage=own),
        an_event("1", usage=Usage(input_tokens=9, output_tokens=1)),
    ]
    call = _merged(*records)
    assert (call.usage, call.raw_usage) == (both, own)


def test_half_of_the_usage_is_better_than_none() -> None:
    half = Usage(input_tokens=7)
    records = [
        a_span("1", dialect="anthropic_sdk", usage=NO_USAGE),
        a_span("2", usage=half),
        an_event("1", usage=Usage(input_tokens=9)),
    ]
    assert _merged(*records).usage == half


def test_what_a_call_used_until_it_was_broken_off_gives_way_to_all_that_it_used() -> None:
    aborted = a_span(
        "1", status="error", error_type="aborted", usage=Usage(input_tokens=7, output_tokens=1)
    )
    done = a_span("2", dialect="litellm", usage=Usage(input_tokens=7, output_tokens=90))
    call = _merged(aborted, done)
    assert (call.id, call.status, call.usage) == (aborted.id, "error", done.usage)


def test_of_one_source_the_try_that_worked_names_the_call() -> None:
    refused = a_call(id="1", status="error", error_type="429", usage=NO_USAGE)
    worked = a_call(id="1", started_at=START + timedelta(seconds=2))
    call = _merged(refused, worked)
    assert (call.started_at, call.status, call.error_type) == (worked.started_at, "ok", None)
    assert call.usage == worked.usage


def test_tags_are_united_and_the_first_record_has_the_last_word() -> None:
    first = a_span("1", dialect="anthropic_sdk", tags={"team": "a", "x": 1})
    assert _merged(a_span("2", tags={"team": "b", "y": 2}), first).tags == {
        "team": "a",
        "x": 1,
        "y": 2,
    }


def test_a_call_that_worked_takes_over_nobodys_error() -> None:
    worked = a_span("1", dialect="anthropic_sdk")
    failed = a_span("2", status="error", error_type="timeout")
    assert (_merged(worked, failed).status, _merged(worked, failed).error_type) == ("ok", None)


def test_an_error_without_a_name_takes_over_anothers() -> None:
    nameless = a_span("1", dialect="anthropic_sdk", status="error")
    named = a_span("2", status="error", error_type="timeout")
    assert _merged(nameless, named).error_type == "timeout"
