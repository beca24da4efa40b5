from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.usage import MAX_TOKENS, token_count, usage_from_inclusive
from tests.properties.strategies import any_tokens, few_tokens

maybe = st.none() | any_tokens
PARTS = (
    "cache_read", "cache_write", "cache_write_1h", "reasoning",
    "input_audio", "output_audio", "input_image", "output_image",
)  # fmt: skip


@given(maybe, maybe, st.fixed_dictionaries(dict.fromkeys(PARTS, maybe)))
def test_disjoint_counts_are_never_negative(
    input_tokens: int | None, output_tokens: int | None, parts: dict[str, int | None]
) -> None:
    usage = usage_from_inclusive(input_tokens=input_tokens, output_tokens=output_tokens, **parts)
    assert all(tokens >= 0 for _, tokens in usage.reported())


@given(few_tokens, few_tokens, st.fixed_dictionaries(dict.fromkeys(PARTS, few_tokens)))
def test_types_sum_to_input_and_output_when_the_parts_fit(
    fresh: int, said: int, parts: dict[str, int]
) -> None:
    parts = {**parts, "cache_write": parts["cache_write"] + parts["cache_write_1h"]}
    whole_input = fresh + sum(
        parts[name] for name in ("cache_read", "cache_write", "input_audio", "input_image")
    )
    whole_output = said + sum(parts[name] for name in ("reasoning", "output_audio", "output_image"))
    usage = usage_from_inclusive(input_tokens=whole_input, output_tokens=whole_output, **parts)
    assert sum(tokens for _, tokens in usage.reported()) == whole_input + whole_output
    assert (usage.input_tokens, usage.output_tokens) == (fresh, said)


@given(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("0123456789 -+._e")
    | st.lists(st.integers())
)
def test_a_token_count_is_believable_or_refused_by_name(value: Any) -> None:
    try:
        count = token_count(value, "here")
    except ValueError as error:
        count, reason = None, str(error)
    else:
        reason = "here: read"
    assert reason.startswith("here: ")
    assert count is None or 0 <= count <= MAX_TOKENS


@given(st.integers(0, MAX_TOKENS))
def test_a_token_count_reads_the_same_as_number_text_and_float(count: int) -> None:
    assert token_count(count, "") == token_count(str(count), "") == count
    assert token_count(float(count), "") == count
