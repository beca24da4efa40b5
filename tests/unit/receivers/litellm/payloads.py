"""Payloads of LiteLLM's generic callback for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ledger.domain.calls import Call, Refusal
from tests.decoders.litellm import decode

GOLDEN = Path(__file__).parents[3] / "golden" / "litellm" / "generic_api.json"
"""What LiteLLM 1.106 posted for eight requests; what is nothing was left out."""

STARTED = 1793611800.25


def a_payload(**changes: Any) -> dict[str, Any]:
    """A chat call of the team acme over the proxy; fields of None are left out."""
    fields: dict[str, Any] = {
        "id": "chatcmpl-1",
        "litellm_call_id": "b980db26-9512-45cc-b1da-c511a363b83f",
        "trace_id": "8341ef89-d4fd-45f4-80bb-391fb37e5239",
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": "openai",
        "model": "openai/gpt-4o-mini",
        "startTime": STARTED,
        "endTime": STARTED + 1.5,
        "completionStartTime": STARTED + 1.5,
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "response_cost": 0.00021,
        "metadata": {"user_api_key_team_id": "team-7", "user_api_key_team_alias": "acme"},
        "messages": [{"role": "user", "content": "SECRET PROMPT"}],
        "response": {"id": "chatcmpl-1", "choices": [{"message": {"content": "SECRET ANSWER"}}]},
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def the_call(**changes: Any) -> Call:
    """The call of one such payload."""
    received = decode(json.dumps(a_payload(**changes)).encode())
    assert not received.refusals
    (call,) = received.calls
    return call


def the_refusal(**changes: Any) -> Refusal:
    """What is wrong with one such payload."""
    (refusal,) = decode(json.dumps(a_payload(**changes)).encode()).refusals
    return refusal
