"""Strategies for usage, records and requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from ledger.domain.usage import MAX_TOKENS, TOKEN_FIELDS, Usage

few_tokens = st.integers(0, 3_000_000)
any_tokens = st.one_of(few_tokens, st.integers(0, MAX_TOKENS))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Any usage, each type known or not."""
    return Usage(**{name: draw(st.none() | any_tokens) for name in TOKEN_FIELDS})


moments = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone itself
    max_value=datetime(2026, 12, 31),  # noqa: DTZ001 - see above
    timezones=st.just(UTC),
)

models = st.sampled_from(
    [
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-5"),
        ("openai", "gpt-5.4"),
        ("anthropic", "claude-opus-4-6"),
        ("anthropic", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-pro"),
        ("deepseek", "deepseek-chat"),
        ("openai", "text-embedding-3-small"),
    ]
)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)
