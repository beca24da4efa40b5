"""Strategies for records that may tell of the same calls."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from ledger.domain.calls import Call
from ledger.domain.usage import NO_USAGE, Usage
from tests.factories.calls import START
from tests.factories.spans import a_span, an_event

_SPANS = ["1", "2", "3", "4"]
_TRACES = ["a" * 32, "b" * 32]
_MODELS = ["gpt-4o-mini", "gpt-4o", "unknown"]

usages = st.sampled_from(
    [NO_USAGE, Usage(input_tokens=1000, output_tokens=100), Usage(input_tokens=7, output_tokens=3)]
)
starts = st.integers(0, 90).map(lambda minutes: START + timedelta(minutes=minutes))


@st.composite
def spans(draw: st.DrawFn) -> Call:
    """A span out of a few, below another one or not, perhaps with a response id others have."""
    failed = draw(st.sampled_from([False, False, False, True]))
    return a_span(
        draw(st.sampled_from(_SPANS)),
        trace=draw(st.sampled_from(_TRACES)),
        parent=draw(st.sampled_from([None, *_SPANS])),
        scope=draw(st.sampled_from(["first", "second"])),
        dialect=draw(st.sampled_from(["otel_genai", "openinference", "anthropic_sdk"])),
        started_at=draw(starts),
        response_id=draw(st.sampled_from([None, None, "r1", "r2"])),
        operation=draw(st.sampled_from(["chat", "chat", "completion", "embeddings"])),
        model=draw(st.sampled_from(_MODELS)),
        usage=draw(usages),
        status="error" if failed else "ok",
        error_type="timeout" if failed else None,
        user=draw(st.sampled_from([None, "u1", "u2"])),
        tags=draw(st.sampled_from([None, None, {"x": 1}, {"x": 2, "y": 0}])),
        duration_seconds=draw(st.sampled_from([None, 0.5, 2.0])),
    )


@st.composite
def events(draw: st.DrawFn) -> Call:
    """A log event emitted within one of the spans."""
    return an_event(
        draw(st.sampled_from(_SPANS)),
        id=f"event-{draw(st.integers(0, 3))}",
        trace=draw(st.sampled_from(_TRACES)),
        started_at=draw(starts),
        response_id=draw(st.sampled_from([None, "r1", "r2"])),
        usage=draw(usages),
    )


plain_calls = st.builds(
    lambda span, start, usage: a_span(span, trace="c" * 32, started_at=start, usage=usage),
    st.integers(100, 200).map(str), starts, usages,
)  # fmt: skip

records = st.one_of(spans(), spans(), events(), plain_calls)


def distinct(most: int) -> st.SearchStrategy[list[Call]]:
    """Records of which no two have the same id and start."""
    return st.lists(records, max_size=most, unique_by=lambda call: (call.id, call.started_at))
