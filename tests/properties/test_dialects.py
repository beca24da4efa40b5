from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.receivers import semconv
from tests.decoders.traces import decode_json, decode_protobuf
from tests.properties.strategies import json_values
from tests.unit.receivers.otlp import a_span, json_request, protobuf_request

SCOPES = st.sampled_from(
    [
        "com.anthropic.sdk.python",
        "langfuse-sdk",
        "litellm",
        "openinference.instrumentation.anthropic",
        "openlit.instrumentation.anthropic",
        "openlit.instrumentation.openai",
        "opentelemetry.instrumentation.openai.v1",
        "traceloop.tracer",
    ]
)
COUNTS = st.dictionaries(
    st.sampled_from(
        [
            "prompt_tokens", "completion_tokens", "prompt_tokens_details", "input", "output",
            "input_tokens", "cache_read_input_tokens", "cache_creation", "total",
            "cache_creation.ephemeral_1h_input_tokens",
        ]
    ),
    st.integers(-1, 10**10)
    | st.none()
    | st.floats()
    | st.dictionaries(st.sampled_from(["cached_tokens", "reasoning_tokens"]), st.integers(0, 99)),
    max_size=4,
)  # fmt: skip
VALUES = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=10)
    | st.sampled_from(["LLM", "chat", "generation", "ERROR", "Error code: 429 - no", "openai"])
    | st.builds(json.dumps, json_values)
    | st.builds(json.dumps, COUNTS)
    | st.builds(str, COUNTS)
)


def _spans() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        a_span,
        st.dictionaries(st.sampled_from(sorted(semconv.WANTED)), VALUES, max_size=8),
        scope=SCOPES,
        error=st.booleans(),
    )


@given(st.lists(_spans(), max_size=3))
def test_a_span_of_any_sdk_is_booked_refused_or_ignored_alike_in_both_encodings(
    sent: list[dict[str, Any]],
) -> None:
    result = decode_protobuf(protobuf_request(*sent))
    assert len(result.calls) + len(result.refusals) + result.ignored == len(sent)
    assert result == decode_json(json_request(*sent))


@given(_spans())
def test_no_count_that_is_booked_is_negative(sent: dict[str, Any]) -> None:
    for call in decode_protobuf(protobuf_request(sent)).calls:
        assert all(tokens >= 0 for _, tokens in call.usage.reported())
