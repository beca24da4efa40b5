from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.pipeline.validation import LONGEST_CALL_SECONDS, LONGEST_TEXT, MOST_TAGS, validated
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord
from tests.factories.calls import START, a_call

NOW = START + timedelta(hours=1)

TEXTS = [
    "request_model", "error_type", "feature", "service", "environment", "region", "user",
    "session", "prompt_name", "prompt_version", "service_tier", "trace_id", "span_id",
    "operation_id", "response_id", "reservation_id", "verdict",
]  # fmt: skip


def valid(**changes: Any) -> Call:
    return validated(a_call(**changes), NOW)


def test_a_good_call_is_left_as_it_is() -> None:
    call = a_call(feature="search", tags={"team": "red"})
    assert validated(call, NOW) == call


@pytest.mark.parametrize(
    "started_at",
    [
        datetime(2014, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        NOW + timedelta(days=1, microseconds=1),
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))),
    ],
)
def test_a_start_before_2015_or_more_than_a_day_ahead_is_refused(started_at: datetime) -> None:
    with pytest.raises(InvalidRecord) as refused:
        valid(started_at=started_at)
    assert refused.value.path == "started_at"


@pytest.mark.parametrize("started_at", [datetime(2015, 1, 1, tzinfo=UTC), NOW + timedelta(days=1)])
def test_the_ends_of_the_accepted_time_are_accepted(started_at: datetime) -> None:
    assert valid(started_at=started_at).started_at == started_at


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=5.5)), ZoneInfo("America/New_York")])
def test_a_start_in_another_zone_is_turned_into_utc(zone: Any) -> None:
    call = valid(started_at=START.astimezone(zone))
    assert call.started_at == START
    assert call.started_at.tzinfo is UTC


@pytest.mark.parametrize("name", ["tenant", "id", "provider", "model", "operation"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "\t\n",
        "x" * (LONGEST_TEXT + 1),
        "a\x00b",
        "a\nb",
        "a\x1b[31m",
        "a\u202eb",
        "\ud800",
    ],
)
def test_a_key_text_that_is_missing_overlong_or_unprintable_is_refused(
    name: str, value: str
) -> None:
    with pytest.raises(InvalidRecord) as refused:
        valid(**{name: value})
    assert refused.value.path == name


@pytest.mark.parametrize("name", ["tenant", "id", "provider", "model", "operation"])
@pytest.mark.parametrize("value", ["x" * LONGEST_TEXT, "köln 東京 🙂", "a/b:c@d"])
def test_a_key_text_of_any_language_is_kept(name: str, value: str) -> None:
    assert getattr(valid(**{name: value}), name) == value


@pytest.mark.parametrize("name", TEXTS)
def test_other_texts_are_cut(name: str) -> None:
    assert getattr(valid(**{name: "y" * 10_000}), name) == "y" * LONGEST_TEXT


@pytest.mark.parametrize("name", TEXTS)
def test_other_texts_lose_the_character_that_postgres_cannot_hold(name: str) -> None:
    assert getattr(valid(**{name: "a\x00b"}), name) == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("name", ["duration_seconds", "time_to_first_token_seconds"])
@pytest.mark.parametrize(
    "seconds",
    [math.nan, math.inf, -math.inf, -1e-9, -1.0, math.nextafter(LONGEST_CALL_SECONDS, math.inf)],
)
def test_an_impossible_duration_is_refused(name: str, seconds: float) -> None:
    with pytest.raises(InvalidRecord) as refused:
        valid(**{name: seconds})
    assert refused.value.path == name


@pytest.mark.parametrize("seconds", [None, 0.0, LONGEST_CALL_SECONDS])
def test_durations_from_nothing_to_a_week_are_kept(seconds: float | None) -> None:
    assert valid(duration_seconds=seconds).duration_seconds == seconds


def test_tags_keep_plain_values_only() -> None:
    tags = {
        "text": "red",
        "flag": True,
        "count": 3,
        "ratio": 0.5,
        "nan": math.nan,
        "infinite": math.inf,
        "list": ["prompt"],
        "map": {"messages": "prompt"},
        "none": None,
    }
    assert valid(tags=tags).tags == {"text": "red", "flag": True, "count": 3, "ratio": 0.5}


def test_tags_are_cut_and_cleaned() -> None:
    tags = {"a\x00b": "c\x00d", "x" * 1000: "y" * 1000}
    assert valid(tags=tags).tags == {
        "a\N{REPLACEMENT CHARACTER}b": "c\N{REPLACEMENT CHARACTER}d",
        "x" * LONGEST_TEXT: "y" * LONGEST_TEXT,
    }


def test_the_first_tags_are_kept() -> None:
    tags = {f"tag-{number}": number for number in range(MOST_TAGS + 5)}
    assert valid(tags=tags).tags == {f"tag-{number}": number for number in range(MOST_TAGS)}


def test_what_a_span_says_of_its_surroundings_can_be_stored() -> None:
    call = validated(a_call(scope="a\x00b" + "c" * 999, parent_span_id="\x00"), NOW)
    assert call.scope == ("a\N{REPLACEMENT CHARACTER}b" + "c" * 999)[:256]
    assert call.parent_span_id == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("tenant", ["*", " * "])
def test_no_tenant_can_have_the_name_of_all_of_them(tenant: str) -> None:
    valid(model="*")
    with pytest.raises(InvalidRecord, match="every tenant") as refused:
        valid(tenant=tenant)
    assert refused.value.path == "tenant"
