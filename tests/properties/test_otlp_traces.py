from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.receivers import semconv
from ledger.domain.errors import UnreadableBody
from tests.decoders.traces import decode_json, decode_protobuf
from tests.properties.strategies import json_values
from tests.unit.receivers.otlp import a_span, json_request, protobuf_request, received

GOOD = protobuf_request(a_span(), a_span())

names = st.sampled_from(
    sorted(
        {
            "tollbook.tenant", "tollbook.model", "tollbook.attempt", "tollbook.tags.team",
            "tollbook.reported_cost_usd", "error.type", "openinference.span.kind",
            "gen_ai.operation.name", "gen_ai.response.model", "llm.model_name",
            "gen_ai.response.time_to_first_chunk",
            *(name for names in semconv.GENAI_USAGE.values() for name in names),
        }
    )
)  # fmt: skip
scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=10)
    | st.sampled_from(["LLM", "chat", "invoke_agent"])
)


def spans_with(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Spans with a few attributes of these values and any times."""
    return st.builds(
        a_span,
        st.dictionaries(names, values, max_size=5),
        start_unix_nanos=st.integers(0, 2**64 - 1),
        end_unix_nanos=st.integers(0, 2**64 - 1),
    )


spans = spans_with(scalars | st.floats())
finite_spans = spans_with(scalars | st.floats(allow_nan=False, allow_infinity=False))


@given(st.binary())
def test_any_bytes_are_decoded_or_unreadable(body: bytes) -> None:
    for decode in (decode_protobuf, decode_json):
        with contextlib.suppress(UnreadableBody):
            decode(body)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_request_is_decoded_or_unreadable(at: int, damage: bytes) -> None:
    with contextlib.suppress(UnreadableBody):
        decode_protobuf(GOOD[:at] + damage + GOOD[at + len(damage) :])


@given(st.sampled_from(["resourceSpans", "scopeSpans", "spans", "attributes"]), json_values)
def test_json_of_any_shape_is_decoded_or_unreadable(name: str, value: Any) -> None:
    shapes: dict[str, Any] = {
        "resourceSpans": {"resourceSpans": value},
        "scopeSpans": {"resourceSpans": [{"scopeSpans": value}]},
        "spans": {"resourceSpans": [{"scopeSpans": [{"spans": [value, value]}]}]},
        "attributes": {"resourceSpans": [{"resource": {"attributes": value}}]},
    }
    with contextlib.suppress(UnreadableBody):
        decode_json(json.dumps(shapes[name]).encode())


@given(st.lists(spans, max_size=3))
def test_every_span_becomes_a_call_or_a_refusal_or_is_ignored(sent: list[dict[str, Any]]) -> None:
    result = received("protobuf", *sent)
    assert len(result.calls) + len(result.refusals) + result.ignored == len(sent)


@given(st.lists(finite_spans, max_size=3))
def test_both_encodings_hold_the_same_calls(sent: list[dict[str, Any]]) -> None:
    protobuf = decode_protobuf(protobuf_request(*sent))
    as_json = decode_json(json_request(*sent))
    assert protobuf == as_json
