from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.receivers.log_lines import call_in

START = {"started_at": "2026-11-02T09:30:00Z"}


def _line(fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {**START, "model": "gpt-4o-mini"},
        {**START, "provider": "openai", "error_type": "timeout"},
        {**START, "usage": {"other": 1}},
        {**START, "model": 7},
        {"model": "gpt-4o-mini", "raw_usage": {"prompt_tokens": 5}},
        {**START, "raw_usage": {}},
        {"model": "gpt-4o-mini", "usage": {"prompt": 5}},
        {"usage": {"input_tokens": 5}},
        {"usage": {"gen_ai.usage.input_tokens": 5}},
    ],
)
def test_a_line_with_the_marks_of_a_call_is_one_sound_or_not(fields: dict[str, Any]) -> None:
    line = _line({"message": "m", **fields})
    assert call_in(line) == line


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "started_at usage llm_call"},
        {"tenant": "acme", "model": "gpt-4o-mini", "status": "ok"},
        {**START, "tenant": "acme", "error_type": "ValueError"},
        {**START, "model": None, "usage": None},
        {"model": "m", "usage": 3},
        {"model": "m", "raw_usage": "much"},
        {"raw_usage": {"prompt_tokens": 5}},
        {"usage": {"cpu": {"input": 1}}},
        {"llm_call": "begins"},
        [{**START, "model": "m"}],
        "usage",
    ],
)
def test_an_ordinary_line_is_none(fields: Any) -> None:
    assert call_in(_line(fields)) is None


def test_a_nested_call_is_taken_out_of_its_line() -> None:
    inside = {"tenant": "acme"}
    assert json.loads(call_in(_line({"model": "m", **START, "llm_call": inside})) or b"") == inside


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_damaged_line_that_was_a_call_is_kept_for_evidence(cut: int) -> None:
    damaged = _line({**START, "model": "m", "tenant": "acme", "x": "a long text at the end"})[:-cut]
    assert call_in(damaged) == damaged
    assert call_in(b"ERROR " + damaged) is None


@given(st.binary(max_size=200))
def test_garbage_never_raises(garbage: bytes) -> None:
    call_in(garbage)
    call_in(b'{"started_at": ' + garbage)
    call_in(b"[" * 5000 + b'"usage"' + garbage)
