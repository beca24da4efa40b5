from __future__ import annotations

import json

import pytest

from ledger.domain.errors import UnreadableBody
from ledger.domain.usage import Usage
from tests.decoders.litellm import decode
from tests.unit.receivers.litellm.payloads import GOLDEN, a_payload, the_refusal

ONE, OTHER = (json.dumps(a_payload(litellm_call_id=name)).encode() for name in ("one", "other"))


def test_what_litellm_posts_becomes_calls_with_disjoint_tokens() -> None:
    received = decode(GOLDEN.read_bytes())
    assert not received.refusals
    openai = Usage(input_tokens=176, cache_read_tokens=1024, output_tokens=26, reasoning_tokens=64)
    with_audio = Usage(
        input_tokens=176,
        cache_read_tokens=1024,
        output_tokens=26,
        reasoning_tokens=64,
        input_audio_tokens=0,
    )
    anthropic = Usage(
        input_tokens=10,
        cache_read_tokens=300,
        cache_write_5m_tokens=150,
        cache_write_1h_tokens=50,
        output_tokens=20,
        reasoning_tokens=0,
    )
    azure = "azure.ai.openai"
    assert [(c.provider, c.model, c.operation, c.error_type, c.usage) for c in received.calls] == [
        ("openai", "gpt-4o-mini", "chat", None, with_audio),
        ("openai", "gpt-4o-mini", "chat", None, openai),
        ("anthropic", "claude-sonnet-4-5", "chat", None, anthropic),
        (
            "openai", "text-embedding-3-small", "embeddings", None,
            Usage(input_tokens=8, output_tokens=0),
        ),
        ("openai", "gpt-4o-mini", "chat", "429", Usage()),
        (azure, "gpt-4o-mini", "chat", None, with_audio),
        (azure, "gpt-4o-mini", "chat", "429", Usage()),
        (azure, "gpt-4o-mini", "chat", "429", Usage()),
    ]  # fmt: skip
    assert {call.tenant for call in received.calls} == {"globex"}
    assert len({call.id for call in received.calls}) == 8


def test_both_attempts_of_a_request_belong_to_one_operation() -> None:
    *_, first, second = decode(GOLDEN.read_bytes()).calls
    assert first.operation_id == second.operation_id
    assert first.request_model == "fast"


def test_posting_the_same_again_gives_the_same_calls() -> None:
    body = GOLDEN.read_bytes()
    assert decode(body).calls == decode(body).calls


@pytest.mark.parametrize(
    "body",
    [
        b"[" + ONE + b", " + OTHER + b"]",
        ONE + b"\n" + OTHER,
        b"\n" + ONE + b"\r\n\n" + OTHER + b"\n",
    ],
    ids=["json_array", "ndjson", "ndjson with empty lines"],
)
def test_the_body_itself_tells_its_format(body: bytes) -> None:
    assert [call.id for call in decode(body).calls] == ["one", "other"]


def test_a_single_object_may_span_lines() -> None:
    body = json.dumps(a_payload(), indent=2).encode()
    assert len(decode(body).calls) == 1


@pytest.mark.parametrize("separator", [b",", b"\n"])
def test_a_damaged_payload_hurts_only_itself(separator: bytes) -> None:
    body = separator.join([ONE, b'{"startTime": }', OTHER])
    received = decode(b"[" + body + b"]" if separator == b"," else body)
    assert (received.positions, [refusal.index for refusal in received.refusals]) == ([0, 2], [1])


def test_a_payload_that_litellm_could_not_make_is_ignored() -> None:
    received = decode(b"[null, " + ONE + b"]")
    assert (received.ignored, received.positions) == (1, [1])


@pytest.mark.parametrize("body", [b"", b"  ", b"null", b"7", b'"text"', b"\xff", b"[" + ONE])
def test_a_body_in_none_of_the_formats_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decode(body)


def test_content_is_neither_part_of_a_call_nor_kept_as_evidence() -> None:
    received = decode(GOLDEN.read_bytes())
    assert "SECRET" not in repr(received)
    refusal = the_refusal(startTime="yesterday")
    assert refusal.tenant == "acme"
    assert "SECRET" not in (refusal.payload or "")
    assert json.loads(refusal.payload or "")["startTime"] == "yesterday"
