from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.pipeline.validation import LONGEST_TEXT, MOST_TAGS, validated
from ledger.domain.errors import InvalidRecord
from tests.factories.calls import START, a_call

texts = st.text(max_size=12) | st.text("\x00\n a", max_size=4) | st.just("x" * 300)
zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(timezones=zones) | st.datetimes(
    datetime(2015, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone itself
    datetime(2026, 11, 4),  # noqa: DTZ001 - see above
    timezones=zones,
)
key_texts = dict.fromkeys(("tenant", "id", "provider", "model", "operation"), texts)
plain_texts = dict.fromkeys(("user", "session", "trace_id", "verdict"), st.none() | texts)
series_texts = dict.fromkeys(("feature", "service", "region", "prompt_version"), texts)
seconds = dict.fromkeys(
    ("duration_seconds", "time_to_first_token_seconds"), st.none() | st.floats()
)
tags = st.none() | st.dictionaries(
    texts, st.none() | st.booleans() | st.integers() | st.floats() | texts | st.lists(texts)
)


@given(
    st.fixed_dictionaries(
        {}, optional={**key_texts, **plain_texts, **series_texts, **seconds, "started_at": times}
    ),
    tags,
)
def test_any_call_is_made_bookable_or_refused(changes: dict[str, Any], some_tags: Any) -> None:
    call = a_call(**changes, tags=some_tags)
    blamed: str | None = None
    try:
        valid = validated(call, START)
    except InvalidRecord as refused:
        blamed = refused.path
    if blamed is not None:
        assert blamed in changes
        return
    assert valid.started_at == call.started_at
    assert valid.started_at.tzinfo is UTC
    for name in changes.keys() & (key_texts.keys() | plain_texts.keys() | series_texts.keys()):
        value = getattr(valid, name)
        assert value is None or (len(value) <= LONGEST_TEXT and "\x00" not in value)
    for name in seconds:
        value = getattr(valid, name)
        assert value is None or (math.isfinite(value) and value >= 0)
    assert len(valid.tags or {}) <= MOST_TAGS
    assert "\\u0000" not in json.dumps(valid.tags, allow_nan=False)


@given(times)
def test_a_valid_call_stays_as_it_is(started_at: datetime) -> None:
    try:
        once = validated(a_call(started_at=started_at, feature="a\x00" * 300), START)
    except InvalidRecord:
        return
    assert validated(once, START) == once
