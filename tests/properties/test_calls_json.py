from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from collector.receivers.records import RECORD_FIELDS
from ledger.domain.errors import UnreadableBody
from tests.decoders.calls_json import decode_json, decode_ndjson
from tests.factories.calls import a_record
from tests.properties.strategies import json_values

mutations = st.dictionaries(
    st.sampled_from(sorted(RECORD_FIELDS)) | st.text(max_size=5), json_values, max_size=4
)
records = mutations.map(lambda changes: {**a_record(id="a-record"), **changes})
lines = records.map(lambda record: json.dumps(record).encode()) | st.sampled_from(
    [b"{", b"null", b"\xff", b'{"a": NaN}']
)


@given(st.binary())
@example(b'["\xed\xa0\x80"]')
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_decoded_or_unreadable(body: bytes) -> None:
    with contextlib.suppress(UnreadableBody):
        decode_json(body)
    with contextlib.suppress(UnreadableBody):
        decode_ndjson(body)


@given(st.lists(st.sampled_from([b"[", b"{", b'"', b":", b",", b"]", b"}", b"1", b"\\u", b"d800"])))
def test_any_mixture_of_json_tokens_is_decoded_or_unreadable(tokens: list[bytes]) -> None:
    with contextlib.suppress(UnreadableBody):
        decode_json(b"".join(tokens))
    with contextlib.suppress(UnreadableBody):
        decode_ndjson(b"".join(tokens))


@given(records)
def test_any_record_becomes_one_call_or_one_refusal(record: dict[str, Any]) -> None:
    received = decode_json(json.dumps(record).encode())
    assert len(received.calls) + len(received.refusals) == 1


@given(st.lists(lines, max_size=8), st.data())
def test_splitting_ndjson_does_not_change_what_is_decoded(
    sent: list[bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(sent)))
    whole = decode_ndjson(b"\n".join(sent))
    parts = [decode_ndjson(b"\n".join(part)) for part in (sent[:cut], sent[cut:])]
    assert [call for part in parts for call in part.calls] == whole.calls
    assert [r.reason for part in parts for r in part.refusals] == [
        refusal.reason for refusal in whole.refusals
    ]


@given(st.lists(records, max_size=5))
def test_an_array_and_lines_hold_the_same_calls(sent: list[dict[str, Any]]) -> None:
    encoded = [json.dumps(record).encode() for record in sent]
    array = decode_json(b"[" + b",".join(encoded) + b"]")
    ndjson = decode_ndjson(b"\n".join(encoded))
    assert (array.calls, array.positions) == (ndjson.calls, ndjson.positions)
